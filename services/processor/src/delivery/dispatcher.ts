/**
 * Finds deliveries that are due and gets them going:
 *
 * D1. An attempt is made only under a lease that is committed: by the storing transaction (straight-through) or by a claim.
 * D2. Every attempt holds a slot and a breaker permit of its destination, and room for its body; a destination without a free
 *     one is not claimed for, so a slow or dead destination delays nobody else and takes no more than its share of the memory.
 * D5. One claim a destination at a time, and none waits for another's: a claim that takes long is its own destination's
 *     matter.
 * D6. Live work goes before replays, and leaves them a part of the slots, so that neither waits for the end of the other.
 */
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import type {
  ClaimedDelivery,
  ClaimFlow,
  ClaimRequest,
  DueFlow,
  DueWork,
} from '@ackline/store/delivery-claims';
import { createGate } from '../gate.ts';
import { createWakeup } from '../wakeup.ts';
import type { AttemptRunner } from './attempt-runner.ts';
import { liveTurn, shareOut, slotsForReplays } from './claim-quotas.ts';
import type { DeliveryDesk } from '../storing/desk.ts';
import type { ClaimReservation, Destination } from './destination.ts';

/** How long a due delivery waits at most for a processor that was not woken: a retry's wait is seconds, so this is nothing. */
const POLL_MS = 200;
/** After an error of the store. */
const ERROR_WAIT_MS = 1_000;
/** One claim's worth: bounds the bodies that one statement brings. */
const MAX_CLAIM = 50;
/** Their bodies, but for a single larger one: the claims under way ask for half of the memory together, so that the rest is free. */
const CLAIM_BYTES = 8 * 1024 * 1024;
/** Claims under way: a part of the pool, so that storing and outcomes find a connection whatever claims are slow. */
const CLAIMS_AT_ONCE = 16;

export interface DispatchStore {
  findDue(names: readonly string[]): Promise<DueWork>;
  claimDue(request: ClaimRequest): Promise<readonly ClaimedDelivery[]>;
}

export interface DispatcherDeps {
  readonly store: DispatchStore;
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly runner: AttemptRunner;
  readonly log: Logger;
}

export interface Dispatcher extends Component, DeliveryDesk {
  /** Nothing new starts from here on. */
  stopTaking(): void;
}

/** What is known of the claims of one destination. */
interface ClaimState {
  claiming: boolean;
  /** A round came by while it was claiming. */
  missed: boolean;
  /** Counts its claims, so that flows take turns. */
  turn: number;
}

export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { destinations, runner, log } = deps;
  const wakeup = createWakeup();
  const claims = createClaims(deps, () => wakeup.wake());
  let taking = true;

  return {
    name: 'dispatcher',
    tryReserve(name, bodyBytes) {
      return taking ? (destinations.get(name)?.tryReserve(bodyBytes) ?? null) : null;
    },
    start(starts) {
      for (const { reservation, delivery, event } of starts) {
        const destination = destinations.get(reservation.destination);
        if (destination === undefined) throw new Error('a reservation of a destination that is not there');
        const { id, eventId, route } = delivery;
        const lease = { leaseId: reservation.leaseId, tries: 0, replay: false };
        runner.launch(
          { destination, reservation },
          { id, eventId, route, ...lease, meta: event.meta, body: event.body },
        );
      }
    },
    wake: () => wakeup.wake(),
    stopTaking() {
      taking = false;
    },
    async run(signal) {
      while (!signal.aborted) {
        try {
          await claims.startDue();
        } catch (error) {
          log.error({ err: error }, 'delivery.claim-failed');
          await wakeup.wait(ERROR_WAIT_MS, signal);
        }
        await wakeup.wait(POLL_MS, signal);
      }
      await claims.ended();
    },
  };
}

interface Claims {
  /** Starts a claim for each destination that has something due; waits for none of them (D5). */
  startDue(): Promise<void>;
  /** Resolves when none is under way. */
  ended(): Promise<void>;
}

function createClaims(deps: DispatcherDeps, wake: () => void): Claims {
  const gate = createGate(CLAIMS_AT_ONCE);
  const states = new Map<Destination, ClaimState>();
  const underWay = new Set<Promise<void>>();

  function stateOf(destination: Destination): ClaimState {
    const known = states.get(destination);
    if (known !== undefined) return known;
    const state = { claiming: false, missed: false, turn: 0 };
    states.set(destination, state);
    return state;
  }

  function mayClaim(destination: Destination): boolean {
    const state = stateOf(destination);
    if (state.claiming) state.missed = true;
    return !state.claiming && takesWork(destination);
  }

  async function claim(destination: Destination, work: DestinationWork): Promise<void> {
    const state = stateOf(destination);
    state.claiming = true;
    state.missed = false;
    state.turn += 1;
    const { turn } = state;
    const mayBeMore = await gate(() => tryClaimFor(destination, { ...work, turn }, deps));
    state.claiming = false;
    if (mayBeMore || state.missed) wake();
  }

  return {
    async startDue() {
      const open = [...deps.destinations.values()].filter(mayClaim);
      if (open.length === 0) return;
      const due = await deps.store.findDue(open.map(destination => destination.config.name));
      const flows = Map.groupBy(due.flows, flow => flow.destination);
      const replays = new Set(due.replays);
      for (const destination of open) {
        const { name } = destination.config;
        const work = { flows: flows.get(name) ?? [], replays: replays.has(name) };
        if (work.flows.length === 0 && !work.replays) continue;
        const claiming = claim(destination, work).finally(() => underWay.delete(claiming));
        underWay.add(claiming);
      }
    },
    async ended() {
      await Promise.all(underWay);
    },
  };
}

/** What is due at one destination. */
interface DestinationWork {
  readonly flows: readonly DueFlow[];
  readonly replays: boolean;
}

/** Whether there may be more that could start now. A claim that fails is one destination's matter (D2). */
async function tryClaimFor(
  destination: Destination,
  work: DestinationWork & { readonly turn: number },
  deps: DispatcherDeps,
): Promise<boolean> {
  try {
    return await claimFor(destination, work, deps);
  } catch (error) {
    deps.log.error({ err: error, destination: destination.config.name }, 'delivery.claim-failed');
    return false;
  }
}

async function claimFor(
  destination: Destination,
  { flows, replays, turn }: DestinationWork & { readonly turn: number },
  deps: DispatcherDeps,
): Promise<boolean> {
  const free = Math.min(MAX_CLAIM, destination.slots.free);
  const forReplays = replays ? slotsForReplays(free, turn) : 0; // (D6)
  const live =
    flows.length > 0 &&
    (await claimLane(
      destination,
      { limit: free - forReplays, from: slots => shareOut(flows, slots, replays ? liveTurn(turn) : turn) },
      deps,
    ));
  const again = replays && (await claimLane(destination, { limit: MAX_CLAIM, from: () => 'replays' }, deps));
  return live || again;
}

interface Lane {
  readonly limit: number;
  from(slots: number): readonly ClaimFlow[] | 'replays';
}

/** Claims as many as the destination has slots for (D2); whether there may be more. */
async function claimLane(
  destination: Destination,
  lane: Lane,
  { store, runner }: DispatcherDeps,
): Promise<boolean> {
  const reservations = reserveUpTo(destination, lane.limit);
  const first = reservations[0];
  if (first === undefined) return false;
  const from = lane.from(reservations.length);
  let claimed: readonly ClaimedDelivery[] = [];
  const maxBytes = destination.bodies.takeForClaim(CLAIM_BYTES);
  try {
    claimed = await store.claimDue({
      destination: destination.config.name,
      limit: reservations.length,
      maxBytes,
      leaseId: first.leaseId,
      leaseMs: first.leaseMs,
      from,
    });
  } finally {
    destination.bodies.give(maxBytes);
    for (const unused of reservations.slice(claimed.length)) unused.cancel();
  }
  for (const [index, row] of claimed.entries()) {
    const reservation = reservations[index];
    reservation?.holdBody(row.body.byteLength);
    if (reservation !== undefined) runner.launchClaimed({ destination, reservation }, row); // (D1)
  }
  return (
    claimed.length > 0 &&
    (claimed.length === reservations.length || (from !== 'replays' && from.some(isUsedUp(claimed))))
  );
}

/** A flow that brought all that was asked of it may have more. */
function isUsedUp(claimed: readonly ClaimedDelivery[]): (flow: ClaimFlow) => boolean {
  return ({ tenant, priority, quota }) =>
    claimed.filter(row => row.tenant === tenant && row.priority === priority).length >= quota;
}

function takesWork(destination: Destination): boolean {
  const breaker = destination.breaker.state;
  const breakerAllows = breaker.status !== 'OPEN' || breaker.reopensAt <= Date.now();
  const isHeld = !destination.isConfigured || destination.pause.isOn;
  return !isHeld && destination.slots.free > 0 && destination.bodies.isOpen && breakerAllows;
}

function reserveUpTo(destination: Destination, count: number): readonly ClaimReservation[] {
  const reservations: ClaimReservation[] = [];
  while (reservations.length < count) {
    const reservation = destination.tryReserve();
    if (reservation === null) break;
    reservations.push(reservation);
  }
  return reservations;
}
