import { consecutiveFailures } from '@ackline/shared/breaker/trip-rules';
import { type BreakerChange, createCircuitBreaker } from '@ackline/shared/breaker/circuit-breaker';
import type { Logger } from '@ackline/runtime/logger';
import type { Pool } from 'pg';
import { type ComposedLog, createComposedLog } from './composed-log.ts';
import type { AppendReceipt } from './event-log.ts';
import { createInboxLog } from './inbox-log.ts';
import { createInboxGate, INBOX_BREAKER_FAILURES, INBOX_BREAKER_RESET_MS } from './inbox-gate.ts';
import { connectKafkaTier } from './kafka-tier.ts';
import type { KafkaDurability } from './kafka-topic.ts';
import type { KafkaTier } from './tiers.ts';

export interface EventLogOptions {
  /** null: no Kafka, the inbox takes everything. */
  readonly kafka: { readonly brokers: readonly string[]; readonly durability: KafkaDurability } | null;
  /** The ingress pool; stays the caller's. */
  readonly pool: Pick<Pool, 'query'>;
  readonly breaker: { readonly failures: number; readonly resetMs: number };
  readonly log: Logger;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/**
 * Kafka behind a breaker, else the inbox. Throws ACKLINE_KAFKA_NOT_DURABLE when a broker answers and its topic is too weak;
 * where none answers it resolves all the same: the inbox serves, and Kafka is connected when it comes.
 */
export async function connectEventLog(options: EventLogOptions): Promise<ComposedLog> {
  const { pool, log, now = Date.now } = options;
  const kafka = options.kafka === null ? NO_KAFKA : await connectKafkaTier({ ...options.kafka, log });
  const makeBreaker = (tier: AppendReceipt['tier'], failures: number, resetMs: number) =>
    createCircuitBreaker({
      rule: consecutiveFailures(failures),
      resetMs,
      now,
      onChange: change => logBreakerChange(tier, change, log),
    });
  const inboxBreaker = makeBreaker('inbox', INBOX_BREAKER_FAILURES, INBOX_BREAKER_RESET_MS);
  return createComposedLog({
    kafka,
    breaker: makeBreaker('kafka', options.breaker.failures, options.breaker.resetMs),
    inbox: createInboxLog({ pool }),
    inboxGate: createInboxGate({ pool, breaker: inboxBreaker, now }),
    spool: null,
    log,
    now,
  });
}

const NO_KAFKA: KafkaTier = { current: { state: 'none' }, close: () => Promise.resolve() };

function logBreakerChange(tier: AppendReceipt['tier'], { from, state }: BreakerChange, log: Logger): void {
  const fields = { tier, from, to: state.status };
  if (state.status === 'OPEN' && from === 'CLOSED') {
    log.error(fields, `Circuit breaker OPEN - ${state.failures} failures`);
  } else {
    log.info(fields, 'breaker.changed');
  }
}
