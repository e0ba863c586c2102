import type { EventEnvelope } from '@ackline/shared/envelope';
import type { ErrorCode } from '@ackline/shared/error-codes';
import type { Answer, ReceivedRequest } from '@ackline/shared/provider';
import { RATE_LIMITED } from '../metrics/ingress-metrics.ts';
import type { Endpoint } from '../sources/source-table.ts';
import type { BodyRead } from './read-body.ts';

/** How one webhook request ended: what is answered, counted and logged follows from this alone. */
export type Outcome =
  | {
      readonly kind: 'accepted';
      readonly endpoint: Endpoint;
      readonly event: EventEnvelope;
      readonly tier: string;
    }
  /** Exactly this signed request was accepted before. */
  | { readonly kind: 'duplicate'; readonly endpoint: Endpoint; readonly event: EventEnvelope }
  /** No event: answered, and nothing of it is kept. */
  | {
      readonly kind: 'challenge';
      readonly endpoint: Endpoint;
      readonly answer: Answer;
      readonly bodyUnread: boolean;
    }
  | {
      readonly kind: 'lost';
      readonly endpoint: Endpoint;
      readonly event: EventEnvelope;
      readonly error: unknown;
    }
  | {
      readonly kind: 'rejected';
      readonly endpoint: Endpoint | null;
      readonly code: ErrorCode;
      readonly reason: string;
      readonly bodyUnread: boolean;
      readonly retryAfterS?: number;
      readonly detail?: string | null;
      readonly error?: unknown;
      /** Where it was read and judged; `at`: epoch milliseconds. */
      readonly judged?: { readonly request: ReceivedRequest; readonly at: number };
    }
  | { readonly kind: 'abandoned'; readonly endpoint: Endpoint };

export function abandoned(endpoint: Endpoint): Outcome {
  return { kind: 'abandoned', endpoint };
}

export function overLimit(endpoint: Endpoint, retryAfterS: number, bodyUnread: boolean): Outcome {
  const code = 'ACKLINE_RATE_LIMITED';
  return { kind: 'rejected', endpoint, code, reason: RATE_LIMITED, bodyUnread, retryAfterS };
}

/** Of a GET, by the answer that the provider has for it; null: it has none. */
export function handshake(endpoint: Endpoint, answer: Answer | null): Outcome {
  if (answer !== null) return { kind: 'challenge', endpoint, answer, bodyUnread: true };
  return refusedBody(endpoint, 'ACKLINE_HANDSHAKE_REFUSED', 'handshake_refused');
}

/** Of a body that was not read to its end. */
export function unread(endpoint: Endpoint, kind: Exclude<BodyRead['kind'], 'read'>): Outcome {
  switch (kind) {
    case 'gone':
      return abandoned(endpoint);
    case 'too_large':
      return refusedBody(endpoint, 'ACKLINE_BODY_TOO_LARGE', 'body_too_large');
    case 'too_slow':
      return refusedBody(endpoint, 'ACKLINE_BODY_TOO_SLOW', 'body_too_slow');
    case 'over_budget':
      return refusedBody(endpoint, 'ACKLINE_OVERLOADED', 'overloaded');
    default: {
      const never: never = kind;
      return never;
    }
  }
}

function refusedBody(endpoint: Endpoint, code: ErrorCode, reason: string): Outcome {
  return { kind: 'rejected', endpoint, code, reason, bodyUnread: true };
}
