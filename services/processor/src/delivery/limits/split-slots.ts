import { createSlots, type Slots } from './slots.ts';
import { REPLAYS } from './tenant-slots.ts';

/** Of so many slots replays may have one; of fewer, one too. */
const SLOTS_A_REPLAY = 10;

/** What replays may have in flight at once, however many slots are free: so live work finds some whenever it comes. */
export function replayShare(slots: number): number {
  return Math.min(slots, Math.max(1, Math.floor(slots / SLOTS_A_REPLAY)));
}

/** The slots of a destination for both kinds of work: live, and what a person sends again. A slot for `REPLAYS` counts in both. */
export interface SplitSlots extends Slots {
  readonly replaysFree: number;
  /** `replays`: where the limit is this processor's part, so is this: their share is one over all processors. */
  setLimit(limit: number, atOnce?: number, replays?: number): void;
}

export function createSplitSlots(initialLimit: number, isShared: () => boolean): SplitSlots {
  const slots = createSlots(initialLimit, isShared);
  const replays = createSlots(replayShare(initialLimit), () => false);
  return {
    get free() {
      return slots.free;
    },
    get inUse() {
      return slots.inUse;
    },
    get isIdle() {
      return slots.isIdle;
    },
    get replaysFree() {
      return Math.min(slots.free, replays.free);
    },
    tryTake(owner) {
      if (!slots.tryTake(owner)) return false;
      if (owner !== REPLAYS || replays.tryTake(owner)) return true;
      slots.giveBack(owner);
      return false;
    },
    giveBack(owner) {
      slots.giveBack(owner);
      if (owner === REPLAYS) replays.giveBack(owner);
    },
    setLimit(limit, atOnce, replayLimit = replayShare(limit)) {
      slots.setLimit(limit, atOnce);
      replays.setLimit(replayLimit);
    },
  };
}
