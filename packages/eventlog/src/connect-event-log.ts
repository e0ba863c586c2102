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
import type { KafkaCluster } from './kafka-cluster.ts';
import type { KafkaDurability } from './kafka-topic.ts';
import { guardPool, type PostgresGuard } from './postgres-guard.ts';
import { openSpool, type OpenSpool } from './spool/spool.ts';
import { type SpoolRelayDeps, startSpoolRelay } from './spool/spool-relay.ts';
import type { SpoolTier } from './tier-attempts.ts';
import type { KafkaTier } from './tiers.ts';

export interface EventLogOptions {
  /** null: no Kafka, the inbox takes everything. */
  readonly kafka: (KafkaCluster & { readonly durability: KafkaDurability }) | null;
  /** The ingress pool; stays the caller's. */
  readonly pool: Pick<Pool, 'query'>;
  /** Says whether PostgreSQL may be used, and hears where it may not; then the other tiers serve. null: it may. */
  readonly guard: Pick<PostgresGuard, 'isGood' | 'heard'> | null;
  /** null, or not there: no spool. */
  readonly spool?: SpoolSettings | null;
  /** Of Kafka. */
  readonly breaker: { readonly failures: number; readonly resetMs: number };
  readonly log: Logger;
  /** Told of each event that went from the spool to a tier above it. Never throws. */
  readonly onRelayed?: NonNullable<SpoolRelayDeps['onRelayed']>;
  readonly listener?: EventLogListener;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** Hears what is worth counting. Must not throw. */
export interface EventLogListener {
  /** A batch of so many events is about to be written. */
  batch(tier: AppendReceipt['tier'], events: number): void;
  /** A closed breaker has opened. */
  opened(tier: AppendReceipt['tier']): void;
}

const NOBODY: EventLogListener = { batch: () => undefined, opened: () => undefined };

export interface SpoolSettings {
  readonly directory: string;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** Storage that ends with the pod is meant. */
  readonly allowEphemeral: boolean;
}

/** Appends that time out in a row: the disk hangs. What it refuses costs no time and is not counted. */
const SPOOL_BREAKER_FAILURES = 3;
const SPOOL_BREAKER_RESET_MS = 1_000;
const EPHEMERAL_SPOOL = 'the spool may be on storage that ends with the pod (SPOOL_DURABILITY=ephemeral)';

/**
 * Kafka behind a breaker, else the inbox, else the spool. Throws ACKLINE_KAFKA_NOT_DURABLE when a broker answers and its
 * topic is too weak, ACKLINE_SPOOL_NOT_DURABLE for a directory that does not last; where no broker answers it resolves all
 * the same: the inbox serves, and Kafka is connected when it comes.
 */
export async function connectEventLog(options: EventLogOptions): Promise<ComposedLog> {
  const { guard, log, now = Date.now, spool: settings = null, listener = NOBODY } = options;
  const pool = guard === null ? options.pool : guardPool(options.pool, guard);
  const makeBreaker = createBreakers({ log, now, listener });
  const batchOf = (tier: AppendReceipt['tier']) => (events: number) => listener.batch(tier, events);
  const spool =
    settings === null ? null : await openSpool({ ...settings, log, now, onBatch: batchOf('spool') });
  const kafka = await connectKafka(options, batchOf('kafka')).catch(async (error: unknown) => {
    await spool?.close();
    throw error;
  });
  const inboxGate = createInboxGate({
    pool,
    mayUse: () => guard?.isGood ?? true,
    breaker: makeBreaker('inbox', INBOX_BREAKER),
    now,
    onTrouble: () => spool?.warm(),
  });
  if (kafka.current.state !== 'ready') inboxGate.check(); // with neither of them there, the spool is warm for the first event
  const composed = createComposedLog({
    kafka,
    breaker: makeBreaker('kafka', { ...options.breaker, onTurn: () => kafka.recheck() }),
    inbox: createInboxLog({ pool, onBatch: batchOf('inbox'), onWeak: error => guard?.heard(error) }),
    inboxGate,
    spool: spool === null ? null : spoolTier(spool, settings, makeBreaker('spool', SPOOL_BREAKER)),
    log,
    now,
  });
  return spool === null ? composed : withRelay(composed, spool, options);
}

const INBOX_BREAKER = { failures: INBOX_BREAKER_FAILURES, resetMs: INBOX_BREAKER_RESET_MS };
const SPOOL_BREAKER = { failures: SPOOL_BREAKER_FAILURES, resetMs: SPOOL_BREAKER_RESET_MS };

const NO_KAFKA: KafkaTier = {
  current: { state: 'none' },
  problem: null,
  lastOffset: () => -1n,
  recheck: () => undefined,
  close: () => Promise.resolve(),
};

async function connectKafka(
  { kafka, log }: EventLogOptions,
  onBatch: (events: number) => void,
): Promise<KafkaTier> {
  if (kafka === null) return NO_KAFKA;
  // Its client is a third of all that an ingress without it would load.
  const { connectKafkaTier } = await import('./kafka-tier.ts');
  return connectKafkaTier({ ...kafka, log, onBatch });
}

function spoolTier(spool: OpenSpool, settings: SpoolSettings | null, breaker: CircuitBreaker): SpoolTier {
  return { spool, breaker, weaknesses: settings?.allowEphemeral === true ? [EPHEMERAL_SPOOL] : [] };
}

/** The relay takes what is in the spool up to the tiers above it; it ends before they do. */
function withRelay(
  composed: ComposedLog,
  spool: OpenSpool,
  { log, onRelayed }: Pick<EventLogOptions, 'log' | 'onRelayed'>,
): ComposedLog {
  const deps = onRelayed === undefined ? { log } : { log, onRelayed };
  const relay = startSpoolRelay(spool, composed.aboveSpool, deps);
  return {
    ...composed,
    async close() {
      await relay.close();
      await composed.close();
    },
  };
}

interface BreakerLimits {
  readonly failures: number;
  readonly resetMs: number;
  /** It has opened, or closed again. */
  readonly onTurn?: () => void;
}

function createBreakers({ log, now, listener }: Required<Pick<EventLogOptions, 'log' | 'now' | 'listener'>>) {
  return (tier: AppendReceipt['tier'], { failures, resetMs, onTurn }: BreakerLimits): CircuitBreaker =>
    createCircuitBreaker({
      rule: consecutiveFailures(failures),
      resetMs,
      now,
      onChange(change) {
        logBreakerChange(tier, change, log);
        if (isOpening(change)) listener.opened(tier);
        // Why it is away is worth a look (a password that was changed), and it may have come back weaker.
        if (isOpening(change) || change.state.status === 'CLOSED') onTurn?.();
      },
    });
}

/** Not a probe that failed: the outage is the same. */
function isOpening({ from, state }: BreakerChange): boolean {
  return state.status === 'OPEN' && from === 'CLOSED';
}

function logBreakerChange(tier: AppendReceipt['tier'], change: BreakerChange, log: Logger): void {
  const { from, state } = change;
  const fields = { tier, from, to: state.status };
  if (isOpening(change)) {
    log.error(fields, `Circuit breaker OPEN - ${state.failures} failures`);
  } else {
    log.info(fields, 'breaker.changed');
  }
}
