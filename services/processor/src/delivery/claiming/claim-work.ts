/** One claim for one destination: how much of which work, and its attempts. The D… are those of `dispatcher.ts`. */
import type { Logger } from '@ackline/runtime/logger';
import type { ClaimedDelivery, ClaimFlow, ClaimRequest, DueFlow } from '@ackline/store/delivery-claims';
import { LEASE_MARGIN_MS } from '@ackline/store/deliveries';
import type { ChangedState, ProbeWish } from '@ackline/store/destination-states';
import type { AttemptRunner } from '../attempting/attempt-runner.ts';
import { slotsForReplays } from './claim-quotas.ts';
import type { ClaimReservation, Destination } from '../destination.ts';
import type { FairTurns } from './fair-turns.ts';
import { REPLAYS } from '../limits/tenant-slots.ts';

/** One claim's worth: bounds the bodies that one statement brings. */
const MAX_CLAIM = 50;
/** Their bodies, but for a single larger one. */
const CLAIM_BYTES = 8 * 1024 * 1024;

/** What is due at one destination. */
export interface DestinationWork {
  readonly flows: readonly DueFlow[];
  readonly replays: boolean;
  /** What was known of its queue when this was looked up. */
  readonly asOf: number;
}

export interface ClaimTurn extends DestinationWork {
  /** How many there were before, so that replays begin one now and then. */
  readonly claims: number;
  readonly turns: FairTurns;
}

export interface ClaimStore {
  /** As the function of the same name in `destination-states.ts`. */
  takeProbe(name: string, wish: ProbeWish): Promise<ChangedState | null>;
  claimDue(request: ClaimRequest): Promise<readonly ClaimedDelivery[]>;
}

export interface ClaimDeps {
  readonly store: ClaimStore;
  readonly runner: AttemptRunner;
  readonly log: Logger;
}

export interface Found {
  /** There may be more that could start now. */
  readonly mayStartMore: boolean;
  /** Live work is left, or may be (D8). */
  readonly isQueueLeft: boolean;
}

/** null: nothing is known. It failed, which is one destination's matter (D2), or its circuit is open. */
export async function tryClaimFor(
  destination: Destination,
  work: ClaimTurn,
  deps: ClaimDeps,
): Promise<Found | null> {
  try {
    return (await mayClaimNow(destination, deps)) ? await claimFor(destination, work, deps) : null;
  } catch (error) {
    deps.log.error({ err: error, destination: destination.config.name }, 'delivery.claim-failed');
    return null;
  } finally {
    destination.breaker.giveUpProbe();
  }
}

/** Where an open circuit's time is over, one of all processors makes one attempt: there is work for it. */
async function mayClaimNow({ breaker, config }: Destination, { store }: ClaimDeps): Promise<boolean> {
  if (!breaker.wantsProbe) return true;
  const asked = breaker.ask();
  const wish = { probeMs: config.timeoutMs + LEASE_MARGIN_MS, resetMs: config.breaker.resetMs };
  return breaker.takeProbe(await store.takeProbe(config.name, wish), asked);
}

async function claimFor(
  destination: Destination,
  { flows, replays, claims, turns }: ClaimTurn,
  deps: ClaimDeps,
): Promise<Found> {
  const free = Math.min(MAX_CLAIM, destination.slots.free);
  const forReplays = replays ? Math.min(destination.slots.replaysFree, slotsForReplays(free, claims)) : 0; // (D6)
  const live =
    flows.length === 0
      ? NOTHING
      : await claimLive(destination, { flows, turns, free: free - forReplays }, deps);
  const again =
    replays &&
    (await claimFrom(destination, { places: reserveUpTo(destination, MAX_CLAIM), from: 'replays' }, deps))
      .mayBeMore;
  return { ...live, mayStartMore: live.mayStartMore || again };
}

const NOTHING: Found = { mayStartMore: false, isQueueLeft: false };

/** By turns (D7). A flow that brought all that was asked of it, or was asked for nothing, may have more. */
async function claimLive(
  destination: Destination,
  { flows, turns, free }: Pick<ClaimTurn, 'flows' | 'turns'> & { readonly free: number },
  deps: ClaimDeps,
): Promise<Found> {
  const places: ClaimReservation[] = [];
  const from = turns.plan(flows, free, tenant => {
    const place = destination.tryReserve(0, tenant);
    if (place !== null) places.push(place);
    return place !== null;
  });
  const { claimed, mayBeMore } = await claimFrom(destination, { places, from }, deps);
  const brought = (flow: ClaimFlow) => claimed.filter(isOf(flow)).length >= flow.quota;
  const isMore = mayBeMore || (claimed.length > 0 && (from.length < flows.length || from.some(brought)));
  return { mayStartMore: isMore, isQueueLeft: isMore || from.length < flows.length };
}

function isOf({ tenant, priority }: Pick<DueFlow, 'tenant' | 'priority'>) {
  return (row: ClaimedDelivery) => row.tenant === tenant && row.priority === priority;
}

interface Wanted {
  readonly places: readonly ClaimReservation[];
  readonly from: readonly ClaimFlow[] | 'replays';
}

interface Claimed {
  readonly claimed: readonly ClaimedDelivery[];
  readonly mayBeMore: boolean;
}

/** Claims as many as there are places (D2). */
async function claimFrom(
  destination: Destination,
  { places, from }: Wanted,
  { store, runner }: ClaimDeps,
): Promise<Claimed> {
  const first = places[0];
  if (first === undefined) return { claimed: [], mayBeMore: false };
  let claimed: readonly ClaimedDelivery[] = [];
  const starts: { readonly row: ClaimedDelivery; readonly reservation: ClaimReservation }[] = [];
  const unused = [...places];
  const maxBytes = destination.bodies.takeForClaim(CLAIM_BYTES);
  try {
    claimed = await store.claimDue({
      destination: destination.config.name,
      limit: places.length,
      maxBytes,
      leaseId: first.leaseId,
      leaseMs: first.leaseMs,
      from,
    });
    for (const row of claimed) {
      const reservation = takeFrom(unused, from === 'replays' ? REPLAYS : row.tenant);
      if (reservation !== undefined) starts.push({ row, reservation });
    }
  } finally {
    destination.bodies.give(maxBytes);
    for (const reservation of unused) reservation.giveBackUnheard();
  }
  for (const { row, reservation } of starts) {
    reservation.holdBody(row.body.byteLength);
    runner.launchClaimed({ destination, reservation }, row); // (D1)
  }
  const isCut = claimed[0]?.isCut === true; // bodies were too many, not places
  return { claimed, mayBeMore: claimed.length === places.length || isCut };
}

/** The place of a row's own tenant: a flow brings no more than was reserved for it. */
function takeFrom(places: ClaimReservation[], owner: string): ClaimReservation | undefined {
  const at = places.findIndex(place => place.owner === owner);
  return at === -1 ? undefined : places.splice(at, 1)[0];
}

function reserveUpTo(destination: Destination, count: number): readonly ClaimReservation[] {
  const reservations: ClaimReservation[] = [];
  while (reservations.length < count) {
    const reservation = destination.tryReserve(0, REPLAYS);
    if (reservation === null) break;
    reservations.push(reservation);
  }
  return reservations;
}
