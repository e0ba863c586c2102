import { redactBearer } from '@ackline/shared/bearer-headers';
import type { EventEnvelope, HeaderPairs } from '@ackline/shared/envelope';
import type { ErrorCode } from '@ackline/shared/error-codes';
import { isNamed } from '@ackline/shared/headers';
import { proofHeaderNames } from '@ackline/shared/proof-headers';
import type { Answer, ReceivedRequest, RejectReason, Secrets } from '@ackline/shared/provider';
import type { Endpoint } from './sources/source-table.ts';

/** The secret that the request was proven with. */
export interface Proven {
  readonly kind: 'proven';
  readonly secret: string;
  readonly secretIndex: number;
}

export interface ProvenEvent {
  readonly kind: 'event';
  readonly event: EventEnvelope;
  readonly secret: string;
  /** Whom a limit by sender counts; null: nobody. */
  readonly sender: string | null;
  /** False: the dedup key is the event's own id, and no other request can have it. */
  readonly hasProviderId: boolean;
}

/** A request that is no event, and is answered at once. */
export interface Challenge {
  readonly kind: 'challenge';
  readonly answer: Answer;
}

export interface Refusal {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  readonly reason: RejectReason | 'empty_body' | 'malformed';
  /** Why a body is malformed, in the provider's words; nothing of the body. */
  readonly detail: string | null;
}

export type Judgement = ProvenEvent | Challenge | Refusal;

/**
 * Proves the sender; `now` is epoch milliseconds. Pure: waits for nothing (A4), and what is not proven is no event: it is answered
 * at once or refused.
 */
export function prove(
  { provider, source }: Endpoint,
  request: ReceivedRequest,
  secrets: Secrets,
  now: number,
): Proven | Challenge | Refusal {
  if (request.body.byteLength === 0) return refused('ACKLINE_EMPTY_BODY', 'empty_body');
  const verdict = provider.verify(request, secrets, now, source.toleranceMs ?? undefined);
  if (!verdict.verified) return unproven(provider, request, verdict.reason);
  const { secretIndex } = verdict;
  const secret = secrets[secretIndex];
  if (secret === undefined) return refused('ACKLINE_BAD_SIGNATURE', 'no_secret');
  return { kind: 'proven', secret, secretIndex };
}

/** What shows a part of a proof, and it does not hold, is refused whatever else it says. */
function unproven(
  provider: Endpoint['provider'],
  request: ReceivedRequest,
  reason: RejectReason,
): Challenge | Refusal {
  // It may be proven all the same, once the certificate is here: the provider tries again.
  if (reason === 'certificate_unknown') return refused('ACKLINE_CERTIFICATE_UNKNOWN', reason);
  const proofs = proofHeaderNames(provider);
  const isProof = ([name]: HeaderPairs[number]) => proofs.some(proof => isNamed(name, proof));
  const isBare = provider.unsigned !== undefined && !request.headers.some(isProof);
  const answer = isBare ? provider.unsigned?.(request) : null;
  return answer == null ? refused('ACKLINE_BAD_SIGNATURE', reason) : { kind: 'challenge', answer };
}

export interface IdentifyOptions {
  readonly endpoint: Endpoint;
  readonly request: ReceivedRequest;
  readonly proven: Proven;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly newEventId: () => string;
  /** null: there are no traces. */
  readonly traceparent: string | null;
}

/** Makes the event of a proven request, unless it is none. Bearer secrets are replaced here, before anything is appended or logged (A3). */
export function identify(options: IdentifyOptions): Judgement {
  const { endpoint, request, proven, now, newEventId, traceparent } = options;
  const { source, provider } = endpoint;
  const answer = provider.challenge?.(request, proven.secret);
  if (answer != null) return { kind: 'challenge', answer };
  const identified = provider.identify(request);
  if (identified.kind === 'malformed') return refused('ACKLINE_MALFORMED', 'malformed', identified.detail);
  const { identity } = identified;
  const id = newEventId();
  const event: EventEnvelope = {
    id,
    source: source.name,
    tenant: source.tenant,
    provider: provider.name,
    type: identity.type,
    dedupKey: identity.dedupKey ?? id,
    orderingKey: identity.orderingKey,
    occurredAt: identity.occurredAt,
    receivedAt: now,
    method: request.method,
    url: request.url,
    headers: redactBearer(request.headers, provider.bearerHeaders, proven),
    body: request.body,
    priority: identity.priority,
    traceparent,
    notBefore: null,
  };
  const { sender = identity.orderingKey } = identified;
  return { kind: 'event', event, secret: proven.secret, sender, hasProviderId: identity.dedupKey !== null };
}

function refused(
  code: ErrorCode,
  reason: RejectReason | 'empty_body' | 'malformed',
  detail: string | null = null,
): Refusal {
  return { kind: 'refused', code, reason, detail };
}
