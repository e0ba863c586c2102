import type { ClaimFlow, DueFlow } from '@ackline/store/delivery-claims';

/** Of this many claims for a destination with few slots, one begins with the replays. */
const REPLAY_TURN = 10;

/**
 * Shares `slots` out between the flows that have something due: high priority first, and flows of one priority evenly. Where
 * there are more flows than slots, `turn` says who begins, so that each has its turn. What one flow does not use, the next claim
 * gives to others. The quotas are at most twice the slots, so a claim looks at no more rows than that.
 */
export function shareOut(flows: readonly DueFlow[], slots: number, turn: number): readonly ClaimFlow[] {
  const of = (priority: DueFlow['priority']) => flows.filter(flow => flow.priority === priority);
  return [...evenly(of('high'), slots, turn), ...evenly(of('normal'), slots, turn)];
}

/** Turns without those whose only slot went to replays: with them, always the same flow would be passed over. */
export function liveTurn(turn: number): number {
  return turn - Math.floor(turn / REPLAY_TURN);
}

function evenly(flows: readonly DueFlow[], slots: number, turn: number): readonly ClaimFlow[] {
  const each = Math.floor(slots / flows.length);
  const first = turn % flows.length;
  return [...flows.slice(first), ...flows.slice(0, first)].flatMap(({ tenant, priority }, index) => {
    const quota = each + (index < slots % flows.length ? 1 : 0);
    return quota === 0 ? [] : [{ tenant, priority, quota }];
  });
}

/** Slots that are left to replays where live work is due too: a tenth, and with few slots one now and then. */
export function slotsForReplays(slots: number, turn: number): number {
  return Math.min(slots, Math.max(Math.floor(slots / REPLAY_TURN), turn % REPLAY_TURN === 0 ? 1 : 0));
}
