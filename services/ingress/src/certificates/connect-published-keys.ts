import type { Logger } from '@ackline/runtime/logger';
import type { MetricFactory } from '@ackline/runtime/metric-factory';
import { createCertificateCheck } from './certificate-check.ts';
import { type CertificateTrust, createCertificateFetch } from './certificate-fetch.ts';
import {
  createPublishedKeys,
  FETCH_OUTCOMES,
  type FetchedKeys,
  type FetchFacts,
  type FetchOutcome,
} from './published-keys.ts';

export interface PublishedKeysParts {
  readonly metrics: MetricFactory;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** With what happens to fetches counted and logged. Nothing is asked before the first request needs it. */
export function connectPublishedKeys(
  trust: CertificateTrust,
  { metrics, log }: PublishedKeysParts,
): FetchedKeys {
  const fetches = metrics.counter('ingressCertificateFetches');
  for (const outcome of FETCH_OUTCOMES) fetches.inc({ outcome }, 0);
  return createPublishedKeys({
    fetch: createCertificateFetch(trust),
    check: createCertificateCheck(trust.roots),
    heard(outcome, facts) {
      fetches.inc({ outcome });
      write(log, outcome, facts);
    },
  });
}

function write(log: PublishedKeysParts['log'], outcome: FetchOutcome, facts: FetchFacts): void {
  const { url, validTo, why, error } = facts;
  switch (outcome) {
    case 'fetched':
      return log.info({ url, validTo: new Date(validTo ?? 0).toISOString() }, 'certificate.fetched');
    case 'bad':
      return log.warn({ url, why }, 'certificate.bad');
    case 'failed':
      return log.warn({ url, err: error }, 'certificate.failed');
    case 'limited':
      return undefined; // a flood would write as many lines
    default: {
      const never: never = outcome;
      return never;
    }
  }
}
