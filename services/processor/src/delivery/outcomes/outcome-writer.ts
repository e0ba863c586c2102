/**
 * Writes outcomes in batches:
 *
 * O1. An outcome waits for others LINGER_MS at most, or until ENOUGH are there. It has ended by then: its slot is free, and nobody
 *     waits for it to be written but what is behind it in its key.
 * O2. It waits for nothing where somebody waits for it: a delivery behind it (as far as this process knows), a circuit that it
 *     probed, a drain. With it goes what is there by then.
 * O3. It waits for nothing either where its lease ends soon. One that can't be written before its lease ends is dropped: the
 *     delivery is recorded as interrupted and sent again (at least once).
 * O4. One statement at a time. What comes while it runs goes together in the next, by the same rules.
 */
import type { Logger } from '@ackline/runtime/logger';
import { type DeliveryOutcome, PartlyWritten, type RecordedOutcomes } from '@ackline/store/delivery-outcomes';
import type { ForgottenEvent } from '@ackline/store/forgotten-events';
import { createFlushableWork } from '../../flushable-work.ts';

/** One statement's worth; more wait for the next. */
const MAX_BATCH = 500;
/** Long enough that at 1,000 outcomes a second some ten share a statement, short against any delivery and its lease's margin. */
const LINGER_MS = 10;
/** So many have made their statement cheap. */
const ENOUGH = 100;
/** Between tries while PostgreSQL is away; short against a lease's margin, so that most outcomes are written in time. */
const RETRY_WAIT_MS = 500;
/** Of a lease: with less left, there is no time for a wait, and for another after a failure. */
const SOON_MS = 2 * RETRY_WAIT_MS;

export interface OutcomeStore {
  /** Writes those whose lease is still as named. Rejects with PartlyWritten where only some could be written. */
  record(outcomes: readonly DeliveryOutcome[]): Promise<RecordedOutcomes>;
}

export interface OutcomeTerms {
  /** By the clock `now`: after this the lease has ended, and somebody else decides. */
  readonly leaseEndsAt: number;
  /** Somebody waits for it (O2). */
  readonly awaited: boolean;
}

interface Pending extends OutcomeTerms {
  readonly outcome: DeliveryOutcome;
}

export interface OutcomeWriter {
  write(outcome: DeliveryOutcome, terms: OutcomeTerms): void;
  /** Resolves when all that was given before is written or dropped. */
  flush(): Promise<void>;
}

export interface OutcomeWriterOptions {
  readonly store: OutcomeStore;
  readonly log: Logger;
  /** What waited for the outcomes of a statement is due now. Retries are due later, and nobody is told. */
  readonly onPromoted: () => void;
  /** Nothing may need these any more. Must not throw. */
  readonly onForgotten: (events: readonly ForgottenEvent[]) => void;
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
}

export function createOutcomeWriter(options: OutcomeWriterOptions): OutcomeWriter {
  let pending: Pending[] = [];
  const work = createFlushableWork(() => pending.length > 0, writeAll);

  async function writeAll(): Promise<void> {
    while (pending.length > 0) {
      await linger();
      const batch = pending.slice(0, MAX_BATCH);
      pending = pending.slice(MAX_BATCH);
      const left = await tryWrite(batch, options);
      if (left.length > 0) {
        pending = [...left.filter(alive).map(item => ({ ...item, awaited: true })), ...pending];
        if (pending.length > 0) await options.wait(RETRY_WAIT_MS);
      }
    }
  }

  async function linger(): Promise<void> {
    // After the microtasks of this turn: outcomes of attempts that ended together go in one statement, awaited or not.
    await new Promise<void>(resolve => setImmediate(resolve));
    if (work.isFlushed || pending.length >= ENOUGH || pending.some(isUrgent)) return;
    await work.pause(options.wait(LINGER_MS)); // (O1)
  }

  function alive(item: Pending): boolean {
    return item.leaseEndsAt > options.now();
  }

  function isUrgent({ awaited, leaseEndsAt }: OutcomeTerms): boolean {
    return awaited || leaseEndsAt - options.now() < SOON_MS; // (O2, O3)
  }

  return {
    write(outcome, terms) {
      pending.push({ outcome, ...terms });
      if (pending.length >= ENOUGH || isUrgent(terms)) work.hurry();
      work.start();
    },
    flush: () => work.flush(),
  };
}

/** Returns what is to be tried again. */
async function tryWrite(
  batch: readonly Pending[],
  options: OutcomeWriterOptions,
): Promise<readonly Pending[]> {
  const { store, log } = options;
  try {
    const recorded = await store.record(batch.map(item => item.outcome));
    const lost = batch.length - recorded.written.size;
    if (lost > 0) log.warn({ count: lost }, 'delivery.lease-lost');
    tell(recorded, options);
    return [];
  } catch (error) {
    const recorded = error instanceof PartlyWritten ? error : NOTHING;
    const left = batch.filter(item => !recorded.written.has(item.outcome.id));
    log.error({ err: error, count: left.length }, 'delivery.outcome-not-written');
    tell(recorded, options);
    return left;
  }
}

function tell(
  { promoted, forgotten }: RecordedOutcomes,
  { onPromoted, onForgotten }: OutcomeWriterOptions,
): void {
  if (promoted > 0) onPromoted();
  if (forgotten.length > 0) onForgotten(forgotten);
}

const NOTHING: RecordedOutcomes = { written: new Set(), promoted: 0, forgotten: [] };
