import { createSlots, type Slots } from './slots.ts';

/** Live work, or what a person sends again. */
export type DeliveryLane = 'live' | 'replays';

/** Of so many slots replays may have one; of fewer, one too. */
const SLOTS_A_REPLAY = 10;

/** What replays may have in flight at once, however many slots are free: so live work finds some whenever it comes. */
export function replayShare(slots: number): number {
  return Math.min(slots, Math.max(1, Math.floor(slots / SLOTS_A_REPLAY)));
}

export interface SlotLanes {
  readonly slots: Slots;
  /** Of those, what replays may have. */
  readonly replays: Pick<Slots, 'free'>;
  /** A slot of this lane; one for a replay is one of both. */
  of(lane: DeliveryLane): Pick<Slots, 'tryTake' | 'giveBack'>;
  setLimit(limit: number): void;
}

export function createSlotLanes(initialLimit: number): SlotLanes {
  const slots = createSlots(initialLimit);
  const replays = createSlots(replayShare(initialLimit));
  const ofBoth = {
    tryTake() {
      if (!slots.tryTake()) return false;
      if (replays.tryTake()) return true;
      slots.giveBack();
      return false;
    },
    giveBack() {
      slots.giveBack();
      replays.giveBack();
    },
  };
  return {
    slots,
    replays,
    of: lane => (lane === 'live' ? slots : ofBoth),
    setLimit(limit) {
      slots.setLimit(limit);
      replays.setLimit(replayShare(limit));
    },
  };
}
