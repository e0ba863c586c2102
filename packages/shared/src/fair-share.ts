/**
 * One budget that several owners share, so that one of them can not have all of it: nobody may hold more than KEEP_FACTOR
 * times what is still free. An owner alone gets four fifths, and there is always room for one that comes new; owners that
 * all want more than there is end at equal shares. While less than half is taken, nothing is refused.
 */
export interface FairShare {
  /** Takes `amount` for `owner`; false (and nothing taken): over the budget, or over what the owner may hold just now. */
  tryTake(owner: string, amount: number): boolean;
  /** Takes it in any case, for what is there already: while it goes over the budget, nobody gets more. */
  take(owner: string, amount: number): void;
  /** The most that `tryTake` would give this owner just now. */
  room(owner: string): number;
  heldBy(owner: string): number;
  /** Gives back what was taken before. */
  give(owner: string, amount: number): void;
  /** What all owners hold together. */
  readonly taken: number;
}

/** Higher uses more of the budget, lower keeps more of it free for newcomers: with n greedy owners, 1 / (4n + 1). */
const KEEP_FACTOR = 4;

export function createFairShare(max: number): FairShare {
  /** Only those that hold something: no more entries than there are units of the budget. */
  const held = new Map<string, number>();
  let taken = 0;
  const heldBy = (owner: string) => held.get(owner) ?? 0;

  function take(owner: string, amount: number): void {
    const holds = heldBy(owner) + amount;
    taken += amount;
    if (holds > 0) held.set(owner, holds);
  }

  return {
    tryTake(owner, amount) {
      const free = max - taken;
      if (amount > free || heldBy(owner) + amount > KEEP_FACTOR * free) return false;
      take(owner, amount);
      return true;
    },
    take,
    room(owner) {
      const free = max - taken;
      return Math.max(0, Math.min(free, KEEP_FACTOR * free - heldBy(owner)));
    },
    heldBy,
    give(owner, amount) {
      const holds = heldBy(owner);
      const given = Math.min(amount, holds);
      taken -= given;
      if (given === holds) held.delete(owner);
      else held.set(owner, holds - given);
    },
    get taken() {
      return taken;
    },
  };
}
