import type { EndedJob } from './handler-process.ts';

/** Deliveries that are remembered, 100 bytes each; over it the first ones are tried among others again. */
const MAX_SUSPECTS = 10_000;

/** Deliveries that ended a thread, or may have (TP2). */
export interface Suspects {
  has(delivery: string): boolean;
  note(delivery: string, ended: EndedJob): void;
}

export function createSuspects(maxSuspects = MAX_SUSPECTS): Suspects {
  const suspects = new Set<string>();
  return {
    has: delivery => suspects.has(delivery),
    note(delivery, ended) {
      if (saysNothing(ended)) return;
      suspects.delete(delivery);
      if (!ended.isSuspect) return;
      const [first] = suspects;
      if (first !== undefined && suspects.size >= maxSuspects) suspects.delete(first);
      suspects.add(delivery);
    },
  };
}

/** It was not tried, or not to its end. */
function saysNothing({ result, isSuspect }: EndedJob): boolean {
  if (isSuspect) return false;
  const { kind } = result;
  return kind === 'busy' || kind === 'aborted' || kind === 'interrupted' || kind === 'not-ready';
}
