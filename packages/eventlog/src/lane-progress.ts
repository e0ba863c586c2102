/** A lane that gets on stores something each few seconds. One that does not for so long is stuck, and whoever has it does not matter. */
const STUCK_AFTER_MS = 5 * 60_000;

/**
 * Which lanes get on. One that this process has not seen to store anything counts as stuck, until it does: else a rebalance, which
 * more processors cause, would make a stuck lane look like work for yet more of them.
 */
export interface LaneProgress {
  /** Something of it was stored, or it had nothing to store. */
  moved(lane: number): void;
  /** The least of what is known of these lanes, without those that are stuck; null: nothing is left. */
  earliest(byLane: ReadonlyMap<number, number>): number | null;
}

/** `now`: milliseconds, any origin. */
export function createLaneProgress(now: () => number = () => performance.now()): LaneProgress {
  const movedAt = new Map<number, number>();
  const isStuck = (lane: number) => now() - (movedAt.get(lane) ?? Number.NEGATIVE_INFINITY) >= STUCK_AFTER_MS;
  return {
    moved(lane) {
      movedAt.set(lane, now());
    },
    earliest(byLane) {
      const moving = [...byLane].filter(([lane]) => !isStuck(lane)).map(([, value]) => value);
      return moving.length === 0 ? null : Math.min(...moving);
    },
  };
}
