import type { TransformConfig } from '@ackline/shared/config/types';
import type { RoutableEvent } from '@ackline/shared/routing/routable-event';

/** The event of one delivery, and what its route makes of it. */
export interface TransformJob {
  /** Its id. */
  readonly delivery: string;
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
  | { readonly kind: 'busy' }
  /** The process that had it was ended: by what it took, or by others. Only another try tells. */
  | { readonly kind: 'killed' };

/** What one process made of a job. */
export type ProcessResult =
  | Exclude<TransformResult, { readonly kind: 'killed' }>
  /** `wasFresh`: the job was its first. */
  | { readonly kind: 'killed'; readonly wasFresh: boolean };

/** What the process is sent, and what it answers; one at a time. */
export interface TransformRequest {
  readonly expression: string;
  readonly event: RoutableEvent;
}
export type TransformAnswer = 'ready' | Exclude<TransformResult, { readonly kind: 'busy' | 'killed' }>;
