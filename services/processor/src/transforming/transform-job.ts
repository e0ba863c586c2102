import type { TransformConfig } from '@ackline/shared/config/types';
import type { RoutableEvent } from '@ackline/shared/routing/routable-event';

/** The event of one delivery, and what its route makes of it. */
export interface TransformJob {
  readonly route: string;
  readonly transform: TransformConfig;
  readonly event: RoutableEvent;
}

/**
 * Why there is nothing to send. error: the expression failed at this event; empty: it came to nothing; too-large: the event, or what
 * it came to; timeout, memory: it took too much.
 */
export type TransformFailure = 'error' | 'empty' | 'too-large' | 'timeout' | 'memory';

export type TransformResult =
  | { readonly kind: 'done'; readonly body: Uint8Array }
  | {
      readonly kind: 'failed';
      readonly reason: TransformFailure;
      /** The engine's code and the place in the expression; nothing of the event. */
      readonly detail: string | null;
    }
  /** Nobody could look at it in its time: it says nothing of the expression or the event. */
  | { readonly kind: 'busy' };

/** What the process is sent, and what it answers; one at a time. */
export interface TransformRequest {
  readonly expression: string;
  readonly event: RoutableEvent;
}
export type TransformAnswer = 'ready' | Exclude<TransformResult, { readonly kind: 'busy' }>;
