/** Of this many claims for a destination with few slots, one begins with the replays. */
const REPLAY_TURN = 10;

/** Slots that are left to replays where live work is due too: a tenth, and with few slots one now and then. */
export function slotsForReplays(slots: number, turn: number): number {
  return Math.min(slots, Math.max(Math.floor(slots / REPLAY_TURN), turn % REPLAY_TURN === 0 ? 1 : 0));
}
