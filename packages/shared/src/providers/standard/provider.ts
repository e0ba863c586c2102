import { hash } from 'node:crypto';

import type { HeaderPairs } from '../../envelope.ts';
import { singleHeader } from '../../headers.ts';
import type { Identified, Provider, SampleOptions, SampleRequest } from '../../provider.ts';
import { safeKey } from '../../safe-key.ts';
import { typeKey } from '../event/identity-keys.ts';
import { epochMs, isoMs, readJsonObject, valueAt } from '../body/json-body.ts';
import { received } from '../event/received.ts';
import {
  checkStandardSecret,
  makeStandardKeys,
  signStandard,
  STANDARD_ID_FORM,
  type StandardNames,
  standardPublicKeyOf,
  verifyStandard,
} from './signature.ts';

export interface StandardOptions {
  readonly name: string;
  /** Those of a request, of whoever sends more than one set. */
  readonly namesOf: (headers: HeaderPairs) => StandardNames;
  /** As the headers of samples are written. */
  readonly prefix: string;
}

/** Five minutes, as in the SDKs. */
const TOLERANCE_MS = 300_000;

/** A sender that signs by Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
export function createStandardProvider({ name, namesOf, prefix }: StandardOptions): Provider {
  return {
    name,
    contentTypes: ['application/json', 'application/cloudevents+json'],
    bearerHeaders: [],
    proofHeaders: [`${prefix}-signature`, `${prefix}-id`, `${prefix}-timestamp`],
    signsUrl: false,
    // What is refused comes again after seconds, minutes and hours.
    overLimit: 'reject',
    rules: { waitsMs: 15_000, disables: false, sendsAgain: true },
    toleranceMs: TOLERANCE_MS,
    verify: (request, secrets, now, toleranceMs = TOLERANCE_MS) =>
      verifyStandard(request, secrets, {
        names: namesOf(request.headers),
        now,
        toleranceMs,
      }),
    identify: request => identify(request.body, idOf(request.headers, namesOf(request.headers))),
    answer: received,
    sample: options => sample(prefix, options),
    makeKeys: makeStandardKeys,
    publicKeyOf: standardPublicKeyOf,
    checkSecret: checkStandardSecret,
  };
}

/** The id is signed, and the same for every try of an event: it alone tells events apart. */
function idOf(headers: HeaderPairs, names: StandardNames): string | null {
  const id = singleHeader(headers, names.id);
  return id.found === 'one' && STANDARD_ID_FORM.test(id.value) ? safeKey(id.value) : null;
}

function identify(body: Uint8Array, dedupKey: string | null): Identified {
  const read = readJsonObject(body);
  if (read.kind === 'malformed') return read;
  const timestamp = valueAt(read.value, 'timestamp');
  return {
    kind: 'event',
    identity: {
      type: typeKey(valueAt(read.value, 'type')),
      dedupKey,
      orderingKey: null,
      // The specification has a text; some senders have milliseconds.
      occurredAt: typeof timestamp === 'number' ? epochMs(timestamp, 1) : isoMs(timestamp),
      priority: 'normal',
    },
  };
}

function sample(prefix: string, options: SampleOptions): SampleRequest {
  const { secret, sequence, now, body = sampleBody(options) } = options;
  const id = `msg_${hash('sha256', `${now}/${sequence}`, 'hex').slice(0, SAMPLE_ID_CHARS)}`;
  const seconds = String(Math.floor(now / 1000));
  return {
    headers: [
      ['Content-Type', 'application/json'],
      [`${prefix}-signature`, signStandard(secret, { id, seconds, body })],
      [`${prefix}-id`, id],
      [`${prefix}-timestamp`, seconds],
    ],
    body,
  };
}

const SAMPLE_ID_CHARS = 27;
/** Several, so that routes can be watched. */
const SAMPLE_TYPES = ['contact.created', 'contact.updated', 'contact.deleted'] as const;

function sampleBody({ sequence, now }: SampleOptions): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      type: SAMPLE_TYPES[sequence % SAMPLE_TYPES.length],
      timestamp: new Date(now).toISOString(),
      data: { id: `contact-${sequence}`, name: 'Ada 👋' },
    }),
  );
}
