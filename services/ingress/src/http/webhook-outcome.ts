import type { EventEnvelope } from '@ackline/shared/envelope';
import type { ErrorCode } from '@ackline/shared/error-codes';
import type { Endpoint } from '../source-table.ts';

/** How one webhook request ended: what is answered, counted and logged follows from this alone. */
export type Outcome =
  | {
      readonly kind: 'accepted';
      readonly endpoint: Endpoint;
      readonly event: EventEnvelope;
      readonly tier: string;
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
      readonly detail?: string | null;
      readonly error?: unknown;
    }
  | { readonly kind: 'abandoned'; readonly endpoint: Endpoint };
