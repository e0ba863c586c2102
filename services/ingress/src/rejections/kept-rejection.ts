import { hash } from 'node:crypto';
import { type ProofHeaders, proofHeaderNames } from '@ackline/shared/proof-headers';
import { type Examined, MAX_TRIED_BODY_BYTES } from '@ackline/shared/signature-doctor/diagnose';
import { shownUrl } from '@ackline/shared/signature-doctor/diagnosis';
import type { KeptRejection, ShownHeader } from '@ackline/store/rejections';
import type { Rejection } from './rejection.ts';

/** What proxies add, and what tells how a body came. Any other name is a caller's text, and could be anything. */
const COMMON_HEADERS = [
  'host',
  'content-type',
  'content-length',
  'transfer-encoding',
  'user-agent',
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-original-host',
  'x-original-uri',
  'x-original-url',
  'x-envoy-original-path',
  'x-rewrite-url',
];
/** A caller can repeat one; of the others there are not so many. */
const MAX_HEADERS = 40;
const MAX_WORDS = 600;

/** Lower-case names of headers that may be shown: of proofs, of any provider, and of what is on the way. */
export function shownHeaders(providers: Iterable<ProofHeaders>): ReadonlySet<string> {
  return new Set([...COMMON_HEADERS, ...[...providers].flatMap(proofHeaderNames)]);
}

export interface RowFacts {
  readonly examined: Examined;
  /** How many live ones there were. */
  readonly secrets: number;
  readonly shown: ReadonlySet<string>;
}

export function keptRejection(
  { requestId, at, endpoint, request, code, reason }: Rejection,
  { examined, secrets, shown }: RowFacts,
): KeptRejection {
  const { source, provider, path, publicUrl } = endpoint;
  const { body, headers } = request;
  const { diagnosis, tried, secretIndex, skewMs } = examined;
  const known = headers.filter(([name]) => shown.has(name.toLowerCase())).slice(0, MAX_HEADERS);
  return {
    requestId,
    rejectedAt: new Date(at),
    source: source.name,
    provider: provider.name,
    code,
    reason,
    method: request.method,
    // Without a declared one its host is what the caller says; only of one that signs it that is of use.
    url: publicUrl === null && !provider.signsUrl ? path : shownUrl(request.url),
    headers: {
      known: known.map(([name, value]): ShownHeader => [name, value.length]),
      others: headers.length - known.length,
    },
    bodyBytes: body.byteLength,
    bodySha256: hash('sha256', body, 'hex'),
    body: source.keepRejected === 'body' && body.byteLength <= MAX_TRIED_BODY_BYTES ? body : null,
    secrets,
    tried,
    secretIndex,
    skewMs,
    diagnosis: diagnosis.code,
    what: diagnosis.what.slice(0, MAX_WORDS),
    fix: diagnosis.fix.slice(0, MAX_WORDS),
  };
}
