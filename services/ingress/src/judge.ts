import { redactBearer } from '@ackline/shared/bearer-headers';
import type { EventEnvelope } from '@ackline/shared/envelope';
import type { ErrorCode } from '@ackline/shared/error-codes';
import { singleHeader } from '@ackline/shared/headers';
import type { ReceivedRequest, RejectReason, Secrets } from '@ackline/shared/provider';
import type { Endpoint } from './source-table.ts';

const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

export interface JudgeOptions {
  readonly endpoint: Endpoint;
  readonly request: ReceivedRequest;
  readonly secrets: Secrets;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly newEventId: () => string;
}

export type Judgement =
  | { readonly kind: 'event'; readonly event: EventEnvelope }
  | {
      readonly kind: 'refused';
      readonly code: ErrorCode;
      readonly reason: RejectReason | 'empty_body' | 'malformed';
      /** Why a body is malformed, in the provider's words; nothing of the body. */
      readonly detail: string | null;
    };

/**
 * Proves the sender and makes the event of the request. Pure: waits for nothing (A4), and what is not proven is no event.
 * Bearer secrets are replaced here, before anything is appended or logged (A3).
 */
export function judge({ endpoint, request, secrets, now, newEventId }: JudgeOptions): Judgement {
  const { source, provider } = endpoint;
  if (request.body.byteLength === 0) return refused('ACKLINE_EMPTY_BODY', 'empty_body');
  const verdict = provider.verify(request, secrets, now);
  if (!verdict.verified) return refused('ACKLINE_BAD_SIGNATURE', verdict.reason);
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
    headers: redactBearer(request.headers, provider.bearerHeaders, verdict.secretIndex),
    body: request.body,
    priority: identity.priority,
    traceparent: traceparentOf(request),
    notBefore: null,
  };
  return { kind: 'event', event };
}

function traceparentOf({ headers }: ReceivedRequest): string | null {
  const header = singleHeader(headers, 'traceparent');
  return header.found === 'one' && TRACEPARENT.test(header.value) ? header.value : null;
}

function refused(
  code: ErrorCode,
  reason: RejectReason | 'empty_body' | 'malformed',
  detail: string | null = null,
): Judgement {
  return { kind: 'refused', code, reason, detail };
}
