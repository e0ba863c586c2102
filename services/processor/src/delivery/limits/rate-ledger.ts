import type { RateConfig } from '@ackline/shared/config/types';
import { createRateRooms, type ReservedRoom } from './rate-rooms.ts';
import { createRecentTimes } from './recent-times.ts';

/** What counts for a rate (R1, R3 of rate-gate.ts). */
export interface RateLedger {
  configure(rate: RateConfig | null): void;
  setShare(share: Share): void;
  /** Rooms; below zero where the share has shrunk. */
  readonly left: number;
  /** Where none is left: when the next one may be; Infinity: with another share. */
  readonly nextAt: number;
  reserve(): ReservedRoom;
  begin(): void;
}

/** This processor's part of so many. */
export type Share = (max: number) => number;

/** Of `perMs`: as large a part of the rate may be lost to bodies that are made. */
const KEPT_PART = 0.1;

/** So long what others may have begun counts at most: with a longer `perMs` a restart of some processors would stop all for that. */
const OTHERS_COUNT_MS = 60_000;

export interface RateLedgerDeps {
  readonly share: Share | null;
  readonly now: () => number;
}

export function createRateLedger(given: RateConfig | null, deps: RateLedgerDeps): RateLedger {
  const { now } = deps;
  let { share } = deps;
  let rate = given;
  const begun = createRecentTimes();
  const others = createRecentTimes();
  const rooms = createRateRooms(now, () => (rate === null ? null : rate.perMs * KEPT_PART));

  function grow(by: number, perMs: number): void {
    if (by > 0) others.add(now() - Math.max(0, perMs - OTHERS_COUNT_MS), by);
    else others.dropNewest(-by);
  }

  return {
    configure(next) {
      rate = next;
    },
    setShare(next) {
      if (share !== null && rate !== null) grow(next(rate.max) - share(rate.max), rate.perMs); // (R3)
      share = next;
    },
    get left() {
      if (rate === null) return Number.POSITIVE_INFINITY;
      begun.forget(now() - rate.perMs);
      others.forget(now() - rate.perMs);
      return (share?.(rate.max) ?? 0) - begun.count - others.count - rooms.reserved; // (R1)
    },
    get nextAt() {
      if (rate === null || share === null || share(rate.max) === 0) return Number.POSITIVE_INFINITY;
      const oldest = Math.min(begun.oldest ?? now(), others.oldest ?? now()); // what is reserved begins now at the earliest
      return Math.min(oldest + rate.perMs, rooms.lentAt);
    },
    reserve: () => rooms.take(),
    begin() {
      if (rate === null) begun.forget(now());
      else begun.add(now());
    },
  };
}
