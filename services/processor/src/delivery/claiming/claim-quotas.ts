/** Of this many claims for a destination with few slots, one begins with the replays. */
const CLAIMS_A_REPLAY = 10;

/** Slots that are left to replays where live work is due too: a tenth, and with few slots one now and then. */
export function slotsForReplays(slots: number, claims: number): number {
  return Math.min(
    slots,
    Math.max(Math.floor(slots / CLAIMS_A_REPLAY), claims % CLAIMS_A_REPLAY === 0 ? 1 : 0),
  );
}
