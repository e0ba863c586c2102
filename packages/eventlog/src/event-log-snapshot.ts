import type { BreakerSnapshot, CircuitBreaker } from '@ackline/shared/breaker/circuit-breaker';
import type { AppendReceipt } from './event-log.ts';
import type { InboxGate } from './inbox-gate.ts';
import { MAX_BUFFERED_EVENTS } from './inbox-log.ts';
import type { SpoolTier } from './tier-attempts.ts';
import type { InboxAppender, KafkaTier, KafkaTierState } from './tiers.ts';
import type { SpoolSnapshot } from './spool/spool-gauge.ts';

/** The tiers of a log, each with what guards it. */
export interface LogTiers {
  readonly kafka: KafkaTier;
  readonly breaker: CircuitBreaker;
  readonly inbox: InboxAppender;
  readonly inboxGate: InboxGate;
  /** null: no spool. */
  readonly spool: SpoolTier | null;
}

export interface EventLogSnapshot {
  readonly queue: { readonly size: number; readonly maxSize: number };
  readonly tiers: readonly {
    readonly name: AppendReceipt['tier'];
    readonly breaker: BreakerSnapshot | null;
  }[];
  /** Where the next event would go, as far as is known. */
  readonly tierInUse: AppendReceipt['tier'];
  readonly kafka: KafkaTierState['state'];
  /** Why the last look at Kafka failed; null: it did not. */
  readonly kafkaProblem: KafkaTier['problem'];
  /** What makes the log in use weaker than the ack contract, as declared; empty where nothing does. */
  readonly durability: readonly string[];
  /** null: no spool. */
  readonly spool: SpoolSnapshot | null;
  /** By `append`: what goes on from the spool is not counted again. */
  readonly appended: Readonly<Record<AppendReceipt['tier'], number>>;
}

/** `now`: epoch milliseconds, as the breakers'. */
export function takeSnapshot(
  options: LogTiers & { readonly now: () => number },
  appended: EventLogSnapshot['appended'],
): EventLogSnapshot {
  const { now } = options;
  const { kafka, breaker, inbox, inboxGate } = options;
  const tier = kafka.current;
  const ready = tier.state === 'ready';
  const spool = options.spool?.spool.snapshot() ?? null;
  const rows = {
    kafka: { name: 'kafka', breaker: ready ? breaker.state : null },
    inbox: { name: 'inbox', breaker: inboxGate.breaker },
    spool: { name: 'spool', breaker: options.spool?.breaker.state ?? null },
  } as const;
  return {
    queue: { size: inbox.size + (ready ? tier.log.size : 0), maxSize: MAX_BUFFERED_EVENTS },
    tiers: [
      ...(tier.state === 'none' ? [] : [rows.kafka]),
      rows.inbox,
      ...(spool === null ? [] : [rows.spool]),
    ],
    tierInUse: tierInUse(options, now, spool),
    kafka: tier.state,
    kafkaProblem: kafka.problem,
    durability: [...weaknessesOf(tier), ...(options.spool?.weaknesses ?? [])],
    spool,
    appended,
  };
}

function tierInUse(
  { kafka, breaker, inboxGate }: LogTiers,
  now: () => number,
  spool: SpoolSnapshot | null,
): AppendReceipt['tier'] {
  // One that is open is tried by the first event after its time: without one it stays open, and says nothing of Kafka.
  const isTried = breaker.state.status !== 'OPEN' || breaker.state.reopensAt <= now();
  if (kafka.current.state === 'ready' && isTried) return 'kafka';
  return inboxGate.isOpen || spool?.state !== 'ready' ? 'inbox' : 'spool';
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
