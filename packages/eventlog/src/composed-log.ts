import { AppError } from '@ackline/shared/app-error';
import type { CircuitBreaker } from '@ackline/shared/breaker/circuit-breaker';
import type { EventEnvelope } from '@ackline/shared/envelope';
import type { Logger } from '@ackline/runtime/logger';
import { type EventLogSnapshot, type LogTiers, takeSnapshot } from './event-log-snapshot.ts';
import type { AppendReceipt, EventLog } from './event-log.ts';
import { ackBudgetMs, isLarge } from './large-bodies.ts';
import { createInboxAttempt, createKafkaAttempt, createSpoolAttempt, isInvalid } from './tier-attempts.ts';

export type { EventLogSnapshot } from './event-log-snapshot.ts';

/**
 * Kafka while it takes events, else the inbox, else the spool.
 *
 * L1. An append resolves only when one tier has the event (A1).
 * L2. An append that failed in one tier, or whose outcome is unknown, goes to the next: `event_keys` makes one of the copies.
 * L3. Nobody waits for a tier while its breaker is open, its topic is refused, or it was never reached.
 * L4. One failed batch is one failure of its breaker, however many events were in it.
 * L5. An event that no tier can hold (its envelope is invalid) is no tier's failure.
 * L6. An append settles within its budget (large-bodies.ts: one second, and more for a large body alone) whatever mix of tiers
 *     is dead or slow: each has its own part of it. With all of them known to be away it is refused at once.
 * L7. A row of the relay may take longer than an ack. That it was late says nothing to the breaker of those who wait.
 * L8. Nor does it that a large body was late: it may have been too much for its time. PostgreSQL is asked whether it answers,
 *     a disk that hangs is found by the spool itself. So the large bodies of one source close no tier to another (A6).
 */
export interface ComposedLog extends EventLog {
  snapshot(): EventLogSnapshot;
  /** False while no tier is known to take events. */
  reachable(): boolean;
  /** Kafka, or else the inbox: where the spool's events go when one of them is back. */
  readonly aboveSpool: AboveSpool;
}

export interface AboveSpool {
  /** Rejects with ACKLINE_NOT_DURABLE when neither takes it now. `afterOffset` is what was known when it was spooled. */
  append(event: EventEnvelope, afterOffset: bigint): Promise<AppendReceipt>;
  /** False: it is not worth trying now. */
  readonly isOpen: boolean;
}

/** (L6) With a spool behind it. Without one the inbox has all that remains. Kafka's part is in kafka-log.ts. */
const INBOX_DEADLINE_MS = 400;
/** (L6) Of the budget of a large body, which has no use for Kafka's part. */
const LARGE_INBOX_SHARE = 0.75;
/**
 * Nobody waits for the relay, and what timed out is sent whole again: it has what PostgreSQL gives a statement (5 s), less
 * so much that the late row is told from a statement that PostgreSQL gave up.
 */
const RELAY_DEADLINE_MS = 4_500;
const NO_OFFSET = -1n;
const RECEIPTS = {
  kafka: { tier: 'kafka' },
  inbox: { tier: 'inbox' },
  spool: { tier: 'spool' },
} as const satisfies Record<AppendReceipt['tier'], AppendReceipt>;

export interface ComposedLogOptions extends LogTiers {
  readonly log: Pick<Logger, 'warn'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds of a clock that is never set back, for the budget. */
  readonly clock?: () => number;
}

export function createComposedLog(options: ComposedLogOptions): ComposedLog {
  const { kafka, inboxGate } = options;
  const appended = { kafka: 0, inbox: 0, spool: 0 };
  const tiers = createTiers(options);
  const running = createRunning();

  return {
    name: 'composed',
    append(event) {
      if (!running.enter()) return Promise.reject(new AppError('ACKLINE_LOG_CLOSED'));
      return new Promise((resolve, reject) => {
        tiers.all(event, outcome => {
          running.leave();
          if (outcome instanceof Error) return reject(outcome);
          appended[outcome.tier] += 1;
          resolve(outcome);
        });
      });
    },
    aboveSpool: {
      append(event, afterOffset) {
        if (!running.enter()) return Promise.reject(new AppError('ACKLINE_LOG_CLOSED'));
        return tiers.aboveSpool(event, afterOffset).finally(() => running.leave());
      },
      get isOpen() {
        return !running.isClosed && (inboxGate.isOpen || isKafkaOpen(options));
      },
    },
    snapshot: () => takeSnapshot(options, { ...appended }),
    reachable: () => inboxGate.isWell || isKafkaOpen(options) || isSpoolOpen(options),
    async close() {
      if (running.isClosed) return;
      await running.close(); // (L6)
      inboxGate.close();
      await kafka.close();
      await options.inbox.close();
      await options.spool?.spool.close();
    },
  };
}

/** The order of the tiers, and how much of the budget each has. */
function createTiers(options: ComposedLogOptions) {
  const { kafka, breaker, log, now, spool, clock = () => performance.now() } = options;
  const tryKafka = createKafkaAttempt({ breaker, log, now, onTrouble: () => spool?.spool.warm() });
  const tryInbox = createInboxAttempt({ gate: options.inboxGate, inbox: options.inbox });
  const relayToInbox = createInboxAttempt({ gate: options.inboxGate, inbox: options.inbox, mayBeLate: true });
  const trySpool = spool === null ? null : createSpoolAttempt(spool, clock);

  /** What must be stored before the event, as far as it is known now. */
  function placeAfter(event: EventEnvelope, known: bigint): bigint {
    const last = kafka.lastOffset(event);
    return last > known ? last : known;
  }

  /** Without a promise: most events get no further than Kafka. */
  function all(event: EventEnvelope, settle: (outcome: AppendReceipt | Error) => void): void {
    const endsAt = clock() + ackBudgetMs(event);
    tryKafka(event, kafka.current, error => {
      if (error === null) settle(RECEIPTS.kafka);
      else if (isInvalid(error))
        settle(error); // (L5)
      else void belowKafka(event, endsAt).then(settle, settle);
    });
  }

  async function belowKafka(event: EventEnvelope, endsAt: number): Promise<AppendReceipt> {
    const afterOffset = placeAfter(event, NO_OFFSET);
    const remains = endsAt - clock();
    const part = isLarge(event) ? LARGE_INBOX_SHARE * ackBudgetMs(event) : INBOX_DEADLINE_MS;
    const deadlineMs = isSpoolOpen(options) ? Math.min(part, remains) : remains;
    const inboxError = await tryInbox(event, { afterOffset, deadlineMs });
    if (inboxError === null) return RECEIPTS.inbox;
    if (isInvalid(inboxError)) throw inboxError; // (L5)
    if (trySpool === null) throw notDurable(inboxError);
    const spoolError = await trySpool(event, { afterOffset, deadlineMs: Math.max(1, endsAt - clock()) });
    if (spoolError === null) return RECEIPTS.spool;
    if (isInvalid(spoolError)) throw spoolError; // (L5)
    throw notDurable(new AggregateError([inboxError, spoolError], 'Neither PostgreSQL nor the spool has it'));
  }

  async function aboveSpool(event: EventEnvelope, known: bigint): Promise<AppendReceipt> {
    const { promise, resolve } = Promise.withResolvers<Error | null>();
    tryKafka(event, kafka.current, resolve);
    const kafkaError = await promise;
    if (kafkaError === null) return RECEIPTS.kafka;
    if (isInvalid(kafkaError)) throw kafkaError; // (L5)
    const place = { afterOffset: placeAfter(event, known), deadlineMs: RELAY_DEADLINE_MS };
    const inboxError = await relayToInbox(event, place); // (L7)
    if (inboxError === null) return RECEIPTS.inbox;
    throw isInvalid(inboxError) ? inboxError : notDurable(inboxError);
  }

  return { all, aboveSpool };
}

function notDurable(cause: Error): AppError {
  return new AppError('ACKLINE_NOT_DURABLE', undefined, { cause });
}

/** How many appends are under way, and the end of the last one. */
function createRunning() {
  const idle = Promise.withResolvers<void>();
  let underWay = 0;
  let isClosed = false;
  return {
    get isClosed() {
      return isClosed;
    },
    /** False: it is closed. */
    enter(): boolean {
      if (!isClosed) underWay += 1;
      return !isClosed;
    },
    leave(): void {
      underWay -= 1;
      if (isClosed && underWay === 0) idle.resolve();
    },
    close(): Promise<void> {
      isClosed = true;
      if (underWay === 0) idle.resolve();
      return idle.promise;
    },
  };
}

function isKafkaOpen({ kafka, breaker, now }: ComposedLogOptions): boolean {
  return kafka.current.state === 'ready' && mayTry(breaker, now);
}

function isSpoolOpen({ spool, now }: ComposedLogOptions): boolean {
  return spool !== null && spool.spool.snapshot().state === 'ready' && mayTry(spool.breaker, now);
}

function mayTry({ state }: CircuitBreaker, now: () => number): boolean {
  return state.status !== 'OPEN' || state.reopensAt <= now();
}
