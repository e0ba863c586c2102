import { setImmediate as turn } from 'node:timers/promises';
import { MAX_FILTER_MS, MAX_FILTERED_BYTES, SLICE_MS } from '../calls/where.ts';

interface FilterCost {
  readonly ms: number;
  readonly bytes: number;
}

/** What filters of one look may cost, shared out to those who have one: a filter that takes long takes it from its own share. */
export interface FilterShares<Client> {
  /** Its share is used up: it goes on with the next look. The first event is always looked at, whatever it costs. */
  isSpent(client: Client): boolean;
  spend(client: Client, cost: FilterCost): void;
  /** Lets others have their turn when it is time for it. */
  letOthers(): Promise<void>;
}

export function createFilterShares<Client>(between: number): FilterShares<Client> {
  const spent = new Map<Client, FilterCost>();
  const shareOf = Math.max(1, between);
  let sliceMs = 0;
  return {
    isSpent(client) {
      const { ms, bytes } = spent.get(client) ?? NOTHING;
      return ms > MAX_FILTER_MS / shareOf || bytes > MAX_FILTERED_BYTES / shareOf;
    },
    spend(client, cost) {
      const { ms, bytes } = spent.get(client) ?? NOTHING;
      spent.set(client, { ms: ms + cost.ms, bytes: bytes + cost.bytes });
      sliceMs += cost.ms;
    },
    async letOthers() {
      if (sliceMs <= SLICE_MS) return;
      await turn();
      sliceMs = 0;
    },
  };
}

const NOTHING: FilterCost = { ms: 0, bytes: 0 };
