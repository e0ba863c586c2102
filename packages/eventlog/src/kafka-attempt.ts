import { AppError } from '@ackline/shared/app-error';
import type { CircuitBreaker } from '@ackline/shared/breaker/circuit-breaker';
import type { EventEnvelope } from '@ackline/shared/envelope';
import type { Logger } from '@ackline/runtime/logger';
import type { KafkaTierState } from './tiers.ts';

/** Above this a body goes to PostgreSQL, which holds large ones; a Kafka record stays under the topic's limit. */
export const CLAIM_CHECK_BYTES = 512 * 1024;
/** The line on a full buffer is written this often at most: under overload it would come for every event. */
const FULL_LINE_EVERY_MS = 1_000;

export interface KafkaAttemptOptions {
  readonly breaker: CircuitBreaker;
  readonly log: Pick<Logger, 'warn'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/**
 * One try of Kafka: true when it has the event; false when the event has to go to the inbox (L2, L3). Throws only
 * ACKLINE_ENVELOPE_INVALID. The invariants are those of composed-log.ts.
 */
export function createKafkaAttempt(options: KafkaAttemptOptions) {
  const { breaker, log, now } = options;
  const countedFailures = new WeakSet<object>();
  let fullLineAt = Number.NEGATIVE_INFINITY;

  function sayFull(size: number): void {
    if (now() - fullLineAt < FULL_LINE_EVERY_MS) return;
    fullLineAt = now();
    log.warn({ tier: 'kafka', size }, 'Webhook queue full - processing synchronously');
  }

  /** (L4) Members of one batch fail with one error object. */
  function wasCounted(error: unknown): boolean {
    if (typeof error !== 'object' || error === null) return false;
    const counted = countedFailures.has(error);
    countedFailures.add(error);
    return counted;
  }

  return async function tryKafka(event: EventEnvelope, tier: KafkaTierState): Promise<boolean> {
    if (tier.state !== 'ready' || event.body.byteLength > CLAIM_CHECK_BYTES) return false; // (L3)
    if (!tier.log.hasRoom(event)) {
      sayFull(tier.log.size);
      return false;
    }
    const permit = breaker.tryAcquire();
    if (permit === null) return false; // (L3)
    try {
      await tier.log.append(event);
      permit.success();
      return true;
    } catch (error) {
      if (isCode(error, 'ACKLINE_ENVELOPE_INVALID')) {
        permit.cancel(); // (L5)
        throw error;
      }
      if (saysNothingOfKafka(error) || wasCounted(error)) permit.cancel();
      else permit.failure();
      return false; // (L2)
    }
  };
}

export function isCode(error: unknown, code: AppError['code']): boolean {
  return error instanceof AppError && error.code === code;
}

/** Too large for the topic, or this process's own end: the broker was not asked. */
function saysNothingOfKafka(error: unknown): boolean {
  return (
    isCode(error, 'ACKLINE_RECORD_TOO_LARGE') ||
    isCode(error, 'ACKLINE_LOG_CLOSED') ||
    isCode(error, 'ACKLINE_NOT_DURABLE')
  );
}
