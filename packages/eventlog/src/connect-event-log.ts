import { consecutiveFailures } from '@ackline/shared/breaker/trip-rules';
import {
  type BreakerChange,
  type CircuitBreaker,
  createCircuitBreaker,
} from '@ackline/shared/breaker/circuit-breaker';
import type { Logger } from '@ackline/runtime/logger';
import type { Pool } from 'pg';
import { type ComposedLog, createComposedLog } from './composed-log.ts';
import type { AppendReceipt } from './event-log.ts';
import { createInboxGate, INBOX_BREAKER_FAILURES, INBOX_BREAKER_RESET_MS } from './inbox-gate.ts';
import { createInboxLog } from './inbox-log.ts';
import { connectKafkaTier } from './kafka-tier.ts';
import type { KafkaDurability } from './kafka-topic.ts';
import type { KafkaTier } from './tiers.ts';

export interface EventLogOptions {
  /** null: no Kafka, the inbox takes everything. */
  readonly kafka: { readonly brokers: readonly string[]; readonly durability: KafkaDurability } | null;
  /** The ingress pool; stays the caller's. */
  readonly pool: Pick<Pool, 'query'>;
  /** Of Kafka. */
  readonly breaker: { readonly failures: number; readonly resetMs: number };
  readonly log: Logger;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/**
 * Kafka behind a breaker, else the inbox, else the spool. Throws ACKLINE_KAFKA_NOT_DURABLE when a broker answers and its
 * topic is too weak, ACKLINE_SPOOL_NOT_DURABLE for a directory that does not last; where no broker answers it resolves all
 * the same: the inbox serves, and Kafka is connected when it comes.
 */
export async function connectEventLog(options: EventLogOptions): Promise<ComposedLog> {
  const { pool, log, now = Date.now } = options;
  const makeBreaker = createBreakers({ log, now });
  const kafka = await connectKafka(options);
  return createComposedLog({
    kafka,
    breaker: makeBreaker('kafka', { ...options.breaker, onClosed: () => kafka.recheck() }),
    inbox: createInboxLog({ pool }),
    inboxGate: createInboxGate({ pool, breaker: makeBreaker('inbox', INBOX_BREAKER), now }),
    spool: null,
    log,
    now,
  });
}

const INBOX_BREAKER = { failures: INBOX_BREAKER_FAILURES, resetMs: INBOX_BREAKER_RESET_MS };

const NO_KAFKA: KafkaTier = {
  current: { state: 'none' },
  recheck: () => undefined,
  close: () => Promise.resolve(),
};

async function connectKafka({ kafka, log }: EventLogOptions): Promise<KafkaTier> {
  return kafka === null ? NO_KAFKA : connectKafkaTier({ ...kafka, log });
}

interface BreakerLimits {
  readonly failures: number;
  readonly resetMs: number;
  readonly onClosed?: () => void;
}

function createBreakers({ log, now }: { log: Logger; now: () => number }) {
  return (tier: AppendReceipt['tier'], { failures, resetMs, onClosed }: BreakerLimits): CircuitBreaker =>
    createCircuitBreaker({
      rule: consecutiveFailures(failures),
      resetMs,
      now,
      onChange(change) {
        logBreakerChange(tier, change, log);
        if (change.state.status === 'CLOSED') onClosed?.(); // a topic that was away may have come back weaker
      },
    });
}

function logBreakerChange(tier: AppendReceipt['tier'], { from, state }: BreakerChange, log: Logger): void {
  const fields = { tier, from, to: state.status };
  if (state.status === 'OPEN' && from === 'CLOSED') {
    log.error(fields, `Circuit breaker OPEN - ${state.failures} failures`);
  } else {
    log.info(fields, 'breaker.changed');
  }
}
