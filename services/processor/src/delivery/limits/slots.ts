import { createTenantSlots } from './tenant-slots.ts';

/**
 * This processor's part of a destination's `concurrency`, which counts over all processors: the live ones share it, the
 * first in order of their ids take what is left over. With fewer slots than processors some have none; the rows that they
 * store are left due for those that have.
 */
export function shareOf(concurrency: number, processors: { count: number; rank: number }): number {
  const even = Math.floor(concurrency / processors.count);
  return even + (processors.rank < concurrency % processors.count ? 1 : 0);
}

/** Counts what is in use, and by whom, against a limit that may change; never goes below what is already in use. */
export interface Slots {
  readonly free: number;
  readonly inUse: number;
  /** Nothing is in use. */
  readonly isIdle: boolean;
  /** false: none is free, or none for this owner. */
  tryTake(owner: string): boolean;
  giveBack(owner: string): void;
  /** `atOnce`: no more may be in use for the moment. It has no part in who may have how many of the limit. */
  setLimit(limit: number, atOnce?: number): void;
}

export function createSlots(initialLimit: number, isShared: () => boolean): Slots {
  const owners = createTenantSlots(isShared);
  let limit = initialLimit;
  let most = initialLimit;
  let inUse = 0;
  return {
    get free() {
      return Math.max(0, most - inUse);
    },
    get inUse() {
      return inUse;
    },
    get isIdle() {
      return inUse === 0;
    },
    tryTake(owner) {
      if (inUse >= most || !owners.tryTake(owner, limit - inUse)) return false;
      inUse += 1;
      return true;
    },
    giveBack(owner) {
      owners.giveBack(owner);
      inUse = Math.max(0, inUse - 1);
    },
    setLimit(next, atOnce = next) {
      limit = next;
      most = Math.min(next, atOnce);
    },
  };
}
