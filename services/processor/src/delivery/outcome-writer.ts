import type { Logger } from '@ackline/runtime/logger';
import { type DeliveryOutcome, PartlyWritten } from '@ackline/store/delivery-outcomes';

/** One statement's worth; more wait for the next. */
const MAX_BATCH = 500;
/** Between tries while PostgreSQL is away; short against a lease's margin, so that most outcomes are written in time. */
const RETRY_WAIT_MS = 500;

export interface OutcomeStore {
  /** Returns the ids whose lease was still as named. Rejects with PartlyWritten where only some could be written. */
  record(outcomes: readonly DeliveryOutcome[]): Promise<ReadonlySet<string>>;
}

interface Pending {
  readonly outcome: DeliveryOutcome;
  /** By the clock `now`: after this the lease has ended, and somebody else decides. */
  readonly leaseEndsAt: number;
}

/**
 * Writes outcomes in batches: those that come while one statement runs go together in the next. An outcome that can't be
 * written before its lease ends is dropped: the delivery is recorded as interrupted and sent again (at least once).
 */
export interface OutcomeWriter {
  write(outcome: DeliveryOutcome, leaseEndsAt: number): void;
  /** Resolves when all that was given before is written or dropped. */
  flush(): Promise<void>;
}

export interface OutcomeWriterOptions {
  readonly store: OutcomeStore;
  readonly log: Logger;
  /** Called after each statement: follow-up deliveries may be due. */
  readonly onWritten: () => void;
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
}

export function createOutcomeWriter(options: OutcomeWriterOptions): OutcomeWriter {
  let pending: Pending[] = [];
  let writing: Promise<void> | null = null;

  async function writeAll(): Promise<void> {
    while (pending.length > 0) {
      const batch = pending.slice(0, MAX_BATCH);
      pending = pending.slice(MAX_BATCH);
      const left = await tryWrite(batch);
      if (left.length > 0) {
        pending = [...left.filter(alive), ...pending];
        if (pending.length > 0) await options.wait(RETRY_WAIT_MS);
      }
    }
  }

  /** Returns what is to be tried again. */
  async function tryWrite(batch: readonly Pending[]): Promise<readonly Pending[]> {
    try {
      const written = await options.store.record(batch.map(item => item.outcome));
      if (written.size < batch.length) {
        options.log.warn({ count: batch.length - written.size }, 'delivery.lease-lost');
      }
      options.onWritten();
      return [];
    } catch (error) {
      const written = error instanceof PartlyWritten ? error.written : new Set<string>();
      const left = batch.filter(item => !written.has(item.outcome.id));
      options.log.error({ err: error, count: left.length }, 'delivery.outcome-not-written');
      if (written.size > 0) options.onWritten();
      return left;
    }
  }

  function alive(item: Pending): boolean {
    return item.leaseEndsAt > options.now();
  }

  function start(): void {
    // After the microtasks of this turn: outcomes of attempts that ended together go in one statement.
    writing ??= new Promise<void>(resolve => setImmediate(resolve)).then(writeAll).finally(() => {
      writing = null;
      if (pending.length > 0) start();
    });
  }

  return {
    write(outcome, leaseEndsAt) {
      pending.push({ outcome, leaseEndsAt });
      start();
    },
    async flush() {
      while (writing !== null) await writing;
    },
  };
}
