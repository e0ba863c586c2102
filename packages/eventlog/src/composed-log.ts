import { AppError } from '@ackline/shared/app-error';
import type { BreakerSnapshot, CircuitBreaker } from '@ackline/shared/breaker/circuit-breaker';
import type { EventEnvelope } from '@ackline/shared/envelope';
import type { Logger } from '@ackline/runtime/logger';
import type { AppendReceipt, EventLog } from './event-log.ts';
import type { InboxReachability } from './inbox-reachability.ts';
import { MAX_BUFFERED_EVENTS } from './inbox-log.ts';
import { createKafkaAttempt, isCode } from './kafka-attempt.ts';
import type { InboxAppender, KafkaTier, KafkaTierState, SpoolState } from './tiers.ts';

/**
 * Kafka while it takes events, else the inbox.
 *
 * L1. An append resolves only when one tier has the event (A1).
 * L2. A Kafka append that failed, or whose outcome is unknown, goes to the inbox: `event_keys` makes one of two copies.
 * L3. Nobody waits for Kafka while its breaker is open, its topic is refused, or it was never reached.
 * L4. One failed produce is one failure of the breaker, however many events were in it.
 * L5. An event that no tier can hold (its envelope is invalid) is no tier's failure.
 */
export interface ComposedLog extends EventLog {
  snapshot(): EventLogSnapshot;
  /** False while no tier is known to take events. */
  reachable(): boolean;
}

export interface EventLogSnapshot {
  readonly queue: { readonly size: number; readonly maxSize: number };
  readonly tiers: readonly {
    readonly name: AppendReceipt['tier'];
    readonly breaker: BreakerSnapshot | null;
  }[];
  readonly tierInUse: AppendReceipt['tier'];
  readonly kafka: KafkaTierState['state'];
  /** What makes the log in use weaker than the ack contract, as declared; empty where nothing does. */
  readonly durability: readonly string[];
  /** null: no spool. */
  readonly spool: SpoolState | null;
  readonly appended: Readonly<Record<AppendReceipt['tier'], number>>;
}

const NO_OFFSET = -1n;

export interface ComposedLogOptions {
  readonly kafka: KafkaTier;
  readonly breaker: CircuitBreaker;
  readonly inbox: InboxAppender;
  readonly inboxReachability: InboxReachability;
  readonly log: Pick<Logger, 'warn'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export function createComposedLog(options: ComposedLogOptions): ComposedLog {
  const { kafka, breaker, inbox, inboxReachability, log, now } = options;
  const appended = { kafka: 0, inbox: 0, spool: 0 };
  const tryKafka = createKafkaAttempt({ breaker, log, now });
  const underWay = new Set<Promise<AppendReceipt>>();
  let closed = false;

  async function appendToInboxTier(event: EventEnvelope, tier: KafkaTierState): Promise<void> {
    try {
      await inbox.append(event, tier.state === 'ready' ? tier.log.lastOffset(event) : NO_OFFSET);
      inboxReachability.succeeded();
    } catch (error) {
      if (isCode(error, 'ACKLINE_ENVELOPE_INVALID') || isCode(error, 'ACKLINE_LOG_CLOSED')) throw error; // (L5)
      if (!isCode(error, 'ACKLINE_NOT_DURABLE')) inboxReachability.failed(); // a full buffer says nothing of PostgreSQL
      throw new AppError('ACKLINE_NOT_DURABLE', undefined, { cause: error });
    }
  }

  async function append(event: EventEnvelope): Promise<AppendReceipt> {
    const tier = kafka.current;
    const receipt: AppendReceipt['tier'] = (await tryKafka(event, tier)) ? 'kafka' : 'inbox';
    if (receipt === 'inbox') await appendToInboxTier(event, tier); // (L1)
    appended[receipt] += 1;
    return { tier: receipt };
  }

  return {
    name: 'composed',
    append(event) {
      if (closed) return Promise.reject(new AppError('ACKLINE_LOG_CLOSED'));
      const appending = append(event).finally(() => underWay.delete(appending));
      underWay.add(appending);
      return appending;
    },
    snapshot: () => takeSnapshot(options, { ...appended }),
    reachable() {
      if (inboxReachability.ok) return true;
      const { state } = breaker;
      return kafka.current.state === 'ready' && (state.status !== 'OPEN' || state.reopensAt <= now());
    },
    async close() {
      if (closed) return;
      closed = true;
      await Promise.allSettled(underWay); // each ends by the deadlines of its tiers
      inboxReachability.close();
      await kafka.close();
      await inbox.close();
    },
  };
}

function takeSnapshot(
  { kafka, breaker, inbox }: ComposedLogOptions,
  appended: EventLogSnapshot['appended'],
): EventLogSnapshot {
  const tier = kafka.current;
  const ready = tier.state === 'ready';
  const kafkaRow = { name: 'kafka' as const, breaker: ready ? breaker.state : null };
  return {
    queue: { size: inbox.size + (ready ? tier.log.size : 0), maxSize: MAX_BUFFERED_EVENTS },
    tiers: [...(tier.state === 'none' ? [] : [kafkaRow]), { name: 'inbox', breaker: null }],
    tierInUse: ready && breaker.state.status !== 'OPEN' ? 'kafka' : 'inbox',
    kafka: tier.state,
    durability: weaknessesOf(tier),
    spool: null,
    appended,
  };
}

function weaknessesOf(tier: KafkaTierState): readonly string[] {
  switch (tier.state) {
    case 'ready':
      return tier.weaknesses;
    case 'refused':
      return ['the Kafka topic is weaker than the ack contract and is not used: the log names each setting'];
    case 'none':
    case 'connecting':
      return [];
    default: {
      const never: never = tier;
      return never;
    }
  }
}
