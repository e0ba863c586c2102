/**
 * Which owners hold the slots of a destination: tenants, and the replays as one more. Where several tenants come there, one whose
 * requests hang does not have them all: nobody takes more than KEEP_FACTOR times what stays free (as `fair-share.ts` has it for
 * bytes), so four fifths at most, and never the last one while all others are its own. A single slot is whose turn it is.
 */
export interface TenantSlots {
  /** Whether the owner may have one more of so many that are free; then it is counted. */
  tryTake(owner: string, free: number): boolean;
  giveBack(owner: string): void;
}

/** Who holds the slots of replays: no tenant has this name. */
export const REPLAYS = '';

const KEEP_FACTOR = 4;

/** `isShared`: whether several tenants come here, by the configuration that is in force. What is held is counted in any case. */
export function createTenantSlots(isShared: () => boolean): TenantSlots {
  const held = new Map<string, number>();
  let taken = 0;

  function mayTake(owner: string, free: number): boolean {
    const holds = held.get(owner) ?? 0;
    const isLastOfAll = free === 1 && holds > 0 && holds === taken;
    return holds < KEEP_FACTOR * free && !isLastOfAll;
  }

  return {
    tryTake(owner, free) {
      if (isShared() && !mayTake(owner, free)) return false;
      held.set(owner, (held.get(owner) ?? 0) + 1);
      taken += 1;
      return true;
    },
    giveBack(owner) {
      const holds = held.get(owner) ?? 0;
      if (holds === 0) return;
      taken -= 1;
      if (holds === 1) held.delete(owner);
      else held.set(owner, holds - 1);
    },
  };
}
