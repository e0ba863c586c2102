import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import {
  type KeptCertificate,
  readPublishedCertificates,
  writePublishedCertificates,
} from '@ackline/store/published-certificates';
import type { Pool } from 'pg';
import type { FetchedKeys } from './published-keys.ts';

/** A provider whose request was answered 503 comes again later than that. */
const SHARE_EVERY_MS = 5_000;
/** Two clocks tell the age of one certificate: what is younger by less is the same. */
const SAME_AGE_MS = 60_000;

export interface SharedCertificatesDeps {
  readonly keys: Pick<FetchedKeys, 'known' | 'learn'>;
  /** Runs one work on PostgreSQL; rejects while it is away. */
  readonly side: (work: (client: Pick<Pool, 'query'>) => Promise<void>) => Promise<void>;
  readonly log: Pick<Logger, 'debug'>;
  readonly everyMs?: number;
}

/** Gives what this process found good to those that come after it and beside it, and learns what they found: no request waits for it (PK5). */
export function createSharedCertificates(deps: SharedCertificatesDeps): Component {
  const { keys, side, log, everyMs = SHARE_EVERY_MS } = deps;
  async function share(client: Pick<Pool, 'query'>): Promise<void> {
    const kept = await readPublishedCertificates(client);
    keys.learn(kept.filter(one => isYounger(one, keys.known())));
    const own = keys.known().filter(one => isYounger(one, kept));
    if (own.length > 0) await writePublishedCertificates(client, own);
  }
  return {
    name: 'shared-certificates',
    async run(signal) {
      while (!signal.aborted) {
        await side(share).catch((error: unknown) => log.debug({ err: error }, 'certificates.unshared'));
        await delay(everyMs, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

/** Than that of the same URL among the others, or there is none. */
function isYounger({ url, subject, ageMs }: KeptCertificate, others: readonly KeptCertificate[]): boolean {
  const other = others.find(one => one.url === url && one.subject === subject);
  return other === undefined || ageMs + SAME_AGE_MS < other.ageMs;
}
