import type { InboxPeek } from '@ackline/store/inbox';
import { laneOf } from './lane.ts';
import { createLaneProgress } from './lane-progress.ts';

/** What the last look at the inbox saw. Ages are those of now: while PostgreSQL is away they grow. */
export interface InboxLook {
  saw(rows: readonly InboxPeek[]): void;
  state(): {
    readonly rows: number;
    readonly oldestAgeMs: number;
    /** As `oldestAgeMs`, of the lanes alone that get on. */
    readonly movingAgeMs: number;
  };
}

export function createInboxLook(now: () => number, lanes: () => number): InboxLook {
  const progress = createLaneProgress(now);
  let rows = 0;
  /** `n` of each lane's first row; null: nobody has looked. */
  let firsts: ReadonlyMap<number, string> | null = null;
  let oldestAt: ReadonlyMap<number, number> = new Map();

  return {
    saw(seen) {
      rows = seen.length;
      const before = firsts;
      const found = byLane(seen, lanes(), now());
      ({ firsts, oldestAt } = found);
      if (before === null) return;
      // Another first row, or none any more: somebody has stored it. The first one of a lane that had none waits for nobody.
      for (const lane of new Set([...before.keys(), ...found.firsts.keys()]))
        if (before.get(lane) !== found.firsts.get(lane)) progress.moved(lane);
    },
    state() {
      const ageOf = (at: number | null) => (at === null ? 0 : now() - at);
      const oldest = oldestAt.size === 0 ? null : Math.min(...oldestAt.values());
      return { rows, oldestAgeMs: ageOf(oldest), movingAgeMs: ageOf(progress.earliest(oldestAt)) };
    },
  };
}

function byLane(rows: readonly InboxPeek[], lanes: number, at: number) {
  const firsts = new Map<number, string>();
  const oldestAt = new Map<number, number>();
  for (const row of rows) {
    const lane = laneOf(row.keyHash, lanes);
    if (!firsts.has(lane)) firsts.set(lane, row.n);
    const appendedAt = at - Math.max(0, row.ageMs);
    oldestAt.set(lane, Math.min(appendedAt, oldestAt.get(lane) ?? appendedAt));
  }
  return { firsts, oldestAt };
}
