import type { AppError } from '@ackline/shared/app-error';
import type { EventEnvelope } from '@ackline/shared/envelope';
import type { ErrorCode } from '@ackline/shared/error-codes';
import type { AppendReceipt } from './event-log.ts';
import type { Settle } from './micro-batcher.ts';
import type { SpoolSnapshot } from './spool/spool-gauge.ts';

/** How long a topic that was made weaker in place is taken for what it was; and a PostgreSQL that is given nothing (A1). */
export const READY_EVERY_MS = 60_000;

/** What the composition needs of the Kafka log. */
export interface KafkaAppender {
  /** ACKLINE_NOT_DURABLE when its buffer is full. Never throws. */
  offer(event: EventEnvelope, settle: Settle): void;
  readonly size: number;
  close(): Promise<void>;
}

export type KafkaTierState =
  | { readonly state: 'none' }
  | { readonly state: 'connecting' }
  | { readonly state: 'refused'; readonly error: AppError }
  | { readonly state: 'ready'; readonly log: KafkaAppender; readonly weaknesses: readonly string[] };

export interface KafkaTier {
  readonly current: KafkaTierState;
  /** Why the last look at the topic failed; null: it did not. */
  readonly problem: ErrorCode | null;
  /** The greatest offset known to be acked for the event's ordering key in the topic, also while that is not used; -1n: none. */
  lastOffset(event: EventEnvelope): bigint;
  /** Looks soon whether the topic still is what it was. */
  recheck(): void;
  close(): Promise<void>;
}

export interface InboxAppender {
  append(event: EventEnvelope, afterOffset: bigint, deadlineMs: number): Promise<AppendReceipt>;
  readonly size: number;
  close(): Promise<void>;
}

export interface SpoolAppender {
  /** Fsynced when it resolves. */
  append(
    event: EventEnvelope,
    place: { readonly afterOffset: bigint; readonly deadlineMs: number },
  ): Promise<AppendReceipt>;
  /** Be ready for an event: the logs above begin to fail. */
  warm(): void;
  snapshot(): SpoolSnapshot;
  close(): Promise<void>;
}
