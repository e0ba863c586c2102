import { AppError } from '@ackline/shared/app-error';
import type { CircuitBreaker, Permit } from '@ackline/shared/breaker/circuit-breaker';
import type { EventEnvelope } from '@ackline/shared/envelope';
import type { Logger } from '@ackline/runtime/logger';
import { createCountedFailures } from './counted-failures.ts';
import type { InboxGate } from './inbox-gate.ts';
import { isLarge } from './large-bodies.ts';
import type { Settle } from './micro-batcher.ts';
import type { InboxAppender, KafkaAppender, KafkaTierState, SpoolAppender } from './tiers.ts';

// One try of one tier: null when the tier has the event; else why it has not, and the next tier is asked (L2, L3), unless it
// is what no tier takes (L5). The invariants are those of composed-log.ts.

/** The line on a full buffer is written this often at most: under overload it would come for every event. */
const FULL_LINE_EVERY_MS = 1_000;

/** Made once: an error with its stack for each event would cost more than the event. */
const KAFKA_NOT_USED = new Error('Kafka is not used just now');
const INBOX_NOT_USED = new Error('PostgreSQL does not answer');
const SPOOL_NOT_USED = new Error('The spool takes no events');

export interface KafkaAttemptOptions {
  readonly breaker: CircuitBreaker;
  readonly log: Pick<Logger, 'warn'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Kafka did not take what it should have, or not in time. */
  readonly onTrouble: () => void;
}

export function createKafkaAttempt(options: KafkaAttemptOptions) {
  const { breaker, log, now, onTrouble } = options;
  const wasCounted = createCountedFailures();
  let fullLineAt = Number.NEGATIVE_INFINITY;

  function sayFull(size: number): void {
    if (now() - fullLineAt < FULL_LINE_EVERY_MS) return;
    fullLineAt = now();
    log.warn({ tier: 'kafka', size }, 'Webhook queue full - processing synchronously');
  }

  function report(error: Error | null, permit: Permit, kafka: KafkaAppender): void {
    if (error === null) return permit.success();
    if (isCode(error, 'ACKLINE_NOT_DURABLE')) sayFull(kafka.size);
    if (saysNothingOfTier(error) || wasCounted(error)) return permit.cancel();
    permit.failure();
    onTrouble();
  }

  /** Every event comes through here: no promise, so that the one of the composed log is the only one. */
  return function tryKafka(event: EventEnvelope, tier: KafkaTierState, settle: Settle): void {
    if (tier.state !== 'ready' || isLarge(event)) return settle(KAFKA_NOT_USED); // (L3)
    const permit = breaker.tryAcquire();
    if (permit === null) return settle(KAFKA_NOT_USED); // (L3)
    tier.log.offer(event, error => {
      report(error, permit, tier.log);
      settle(error);
    });
  };
}

export interface InboxPlace {
  /** The greatest offset known to be acked for the event's key in Kafka. */
  readonly afterOffset: bigint;
  readonly deadlineMs: number;
}

export interface InboxAttemptOptions {
  readonly gate: InboxGate;
  readonly inbox: InboxAppender;
  /** (L7) That an append was not done in time is no failure: PostgreSQL is asked whether it answers. */
  readonly mayBeLate?: boolean;
}

export function createInboxAttempt({ gate, inbox, mayBeLate = false }: InboxAttemptOptions) {
  const wasCounted = createCountedFailures();
  return async function tryInbox(event: EventEnvelope, place: InboxPlace): Promise<Error | null> {
    const large = isLarge(event);
    const permit = large ? gate.tryAcquireLong() : gate.tryAcquire();
    if (permit === null) return INBOX_NOT_USED; // (L3)
    try {
      await inbox.append(event, place.afterOffset, place.deadlineMs);
      permit.success();
      return null;
    } catch (error) {
      if ((mayBeLate || large) && isCode(error, 'ACKLINE_APPEND_TIMEOUT')) {
        permit.cancel(); // (L7, L8)
        gate.check();
      } else if (saysNothingOfTier(error) || wasCounted(error)) permit.cancel();
      else permit.failure();
      return asError(error);
    }
  };
}

export interface SpoolTier {
  readonly spool: SpoolAppender;
  readonly breaker: CircuitBreaker;
  /** What makes it weaker than the ack contract, as declared. */
  readonly weaknesses: readonly string[];
}

/** A disk that hangs fails many appends at once: those that began before the last counted failure are the same one. */
export function createSpoolAttempt({ spool, breaker }: SpoolTier, clock: () => number) {
  let countedAt = Number.NEGATIVE_INFINITY;
  return async function trySpool(event: EventEnvelope, place: InboxPlace): Promise<Error | null> {
    if (spool.snapshot().state !== 'ready') return SPOOL_NOT_USED;
    const permit = breaker.tryAcquire();
    if (permit === null) return SPOOL_NOT_USED; // (L3)
    const beganAt = clock();
    try {
      await spool.append(event, place);
      permit.success();
      return null;
    } catch (error) {
      const lateOnly = isLarge(event) && isCode(error, 'ACKLINE_APPEND_TIMEOUT'); // (L8)
      if (lateOnly || saysNothingOfTier(error) || beganAt <= countedAt) permit.cancel();
      else {
        countedAt = clock();
        permit.failure();
      }
      return asError(error);
    }
  };
}

/** (L5) What is wrong is the event itself: no other tier is asked. */
export function isInvalid(error: Error): boolean {
  return isCode(error, 'ACKLINE_ENVELOPE_INVALID');
}

function isCode(error: unknown, code: AppError['code']): boolean {
  return error instanceof AppError && error.code === code;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('The tier failed without an error');
}

/** The event itself, a full buffer, or this process's own end: the server was not asked, or did answer. */
function saysNothingOfTier(error: unknown): boolean {
  return (
    isCode(error, 'ACKLINE_RECORD_TOO_LARGE') ||
    isCode(error, 'ACKLINE_ENVELOPE_INVALID') ||
    isCode(error, 'ACKLINE_LOG_CLOSED') ||
    isCode(error, 'ACKLINE_NOT_DURABLE')
  );
}
