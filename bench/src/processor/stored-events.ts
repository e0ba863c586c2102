import type { Pool } from 'pg';
import { type RunningProgram, waitWhileRuns } from '../program.ts';
import { countEvents, databaseNowMs, lastSeq, type StoredBatchRow, storedBatches } from './tables.ts';

export interface StoreRound {
  /** Measured: those behind the warm-up. */
  readonly events: number;
  readonly seconds: number;
  readonly batches: number;
}

export interface StoreExpectation {
  /** In all, with those of the warm-up. */
  readonly events: number;
  readonly warmUpEvents: number;
  /** Of what was there before. */
  readonly afterSeq: number;
}

/** Waits until all events are committed. The time is that of the database, from the first transaction behind the warm-up on. */
export async function waitUntilStored(
  pool: Pool,
  expected: StoreExpectation,
  running: Pick<RunningProgram, 'assertRuns'>,
): Promise<StoreRound> {
  const { afterSeq } = expected;
  const what = `${expected.events} events to be stored`;
  // Counting reads the table that is being written: only once all have been given their places.
  await waitWhileRuns(running, {
    what,
    done: async () => (await lastSeq(pool)) - afterSeq >= expected.events,
  });
  let endMs = Number.NaN;
  await waitWhileRuns(running, {
    what,
    done: async () => {
      endMs = await databaseNowMs(pool);
      return (await countEvents(pool, afterSeq)) >= expected.events;
    },
  });
  return measured(await storedBatches(pool, afterSeq), expected.warmUpEvents, endMs);
}

/** From the beginning of the first batch behind the warm-up to the end. */
export function measured(
  batches: readonly StoredBatchRow[],
  warmUpEvents: number,
  endMs: number,
): StoreRound {
  let before = 0;
  const from = batches.findIndex(({ events }) => {
    const isMeasured = before >= warmUpEvents;
    before += events;
    return isMeasured;
  });
  const taken = from < 0 ? batches : batches.slice(from); // a short run may be one batch
  const beganMs = taken[0]?.beganMs ?? Number.NaN;
  return {
    events: taken.reduce((sum, { events }) => sum + events, 0),
    seconds: (endMs - beganMs) / 1_000,
    batches: taken.length,
  };
}

/** Microseconds for each event; NaN where none was measured. */
export function usPerEvent({ events, seconds }: Pick<StoreRound, 'events' | 'seconds'>): number {
  return events === 0 ? Number.NaN : (seconds * 1e6) / events;
}
