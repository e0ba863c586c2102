import { setTimeout as delay } from 'node:timers/promises';
import { createPool } from '@ackline/store/pool';
import { readProcessorStates } from '@ackline/store/processors';

export interface LaneWatch extends AsyncDisposable {
  /** How often a processor was seen with other lanes than before: a rebalance shows in some of them, and a short one in none. */
  readonly changes: number;
}

const EVERY_MS = 500;

/** Looks at what the processors say of themselves, as `/health` does. */
export function watchLanes(databaseUrl: string): LaneWatch {
  const pool = createPool({
    connectionString: databaseUrl,
    applicationName: 'ackline-proof',
    max: 1,
    onError: () => undefined,
  });
  const lanes = new Map<string, string>();
  const ending = new AbortController();
  let changes = 0;
  const look = async (): Promise<void> => {
    for (const { id, state } of await readProcessorStates(pool)) {
      const now = JSON.stringify(lanesOf(state));
      if (lanes.get(id) !== now) changes += 1;
      lanes.set(id, now);
    }
  };
  const watching = (async () => {
    while (!ending.signal.aborted) {
      await look().catch(() => undefined);
      await delay(EVERY_MS, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  })();
  return {
    get changes() {
      return changes;
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      await watching;
      await pool.end();
    },
  };
}

function lanesOf(state: Readonly<Record<string, unknown>>): readonly number[] {
  const { intake } = state as { intake?: { kafka?: { lanes?: readonly number[] } | null } };
  return (intake?.kafka?.lanes ?? []).toSorted((a, b) => a - b);
}
