/**
 * Finds deliveries that are due and gets them going:
 *
 * D1. An attempt is made only under a lease that is committed: by the storing transaction (straight-through) or by a claim.
 * D2. Every attempt holds a slot and a breaker permit of its destination, and room for its body; a destination without a free
 *     one is not claimed for, so a slow or dead destination delays nobody else and takes no more than its share of the memory.
 * D5. One claim a destination at a time, and none waits for another's: a claim that takes long is its own destination's
 *     matter. One that took long and brought nothing lets its destination rest, so that it doesn't hold a connection on and on.
 */
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import type { ClaimedDelivery, ClaimRequest } from '@ackline/store/deliveries';
import { createGate } from '../gate.ts';
import { createWakeup } from '../wakeup.ts';
import type { AttemptRunner } from './attempt-runner.ts';
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
/** A claim takes milliseconds; one over this, with nothing to show for it, has waded through a backlog. */
const SLOW_CLAIM_MS = 250;
/** It rests for so many times what it took: its share of a connection stays a fifth. */
const REST_FACTOR = 4;
/** At the statement limit of 5 s; the longest that work which became due meanwhile may lie. */
const MAX_REST_MS = 20_000;

export interface DispatchStore {
  findDueDestinations(names: readonly string[]): Promise<readonly string[]>;
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
  /** `performance.now()` before which it is not claimed for again. */
  restsUntil: number;
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
        const { id, storedDay, eventId } = delivery;
        const lease = { leaseId: reservation.leaseId, tries: 0, replay: false };
        runner.launch(
          { destination, reservation },
          { id, storedDay, eventId, ...lease, meta: event.meta, body: event.body },
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
    const state = { claiming: false, missed: false, restsUntil: 0 };
    states.set(destination, state);
    return state;
  }

  function mayClaim(destination: Destination): boolean {
    const state = stateOf(destination);
    if (state.claiming) state.missed = true;
    return !state.claiming && state.restsUntil <= performance.now() && takesWork(destination);
  }

  async function claim(destination: Destination, state: ClaimState): Promise<void> {
    state.claiming = true;
    state.missed = false;
    const claimed = await gate(() => tryClaimFor(destination, deps));
    state.claiming = false;
    const rests = claimed.found === 0 && claimed.ms >= SLOW_CLAIM_MS;
    state.restsUntil = rests ? performance.now() + Math.min(claimed.ms * REST_FACTOR, MAX_REST_MS) : 0;
    if (!rests && (claimed.mayBeMore || state.missed)) wake();
  }

  return {
    async startDue() {
      const open = [...deps.destinations.values()].filter(mayClaim);
      if (open.length === 0) return;
      const due = await deps.store.findDueDestinations(open.map(destination => destination.config.name));
      for (const name of due) {
        const destination = deps.destinations.get(name);
        if (destination === undefined) continue;
        const claiming = claim(destination, stateOf(destination)).finally(() => underWay.delete(claiming));
        underWay.add(claiming);
      }
    },
    async ended() {
      await Promise.all(underWay);
    },
  };
}

interface Claimed {
  readonly found: number;
  /** There may be more that could start now. */
  readonly mayBeMore: boolean;
  /** What the claim took. */
  readonly ms: number;
}

/** A claim that fails is one destination's matter (D2). */
async function tryClaimFor(destination: Destination, deps: DispatcherDeps): Promise<Claimed> {
  const startedAt = performance.now();
  const ended = (found: number, mayBeMore: boolean) => ({
    found,
    mayBeMore,
    ms: performance.now() - startedAt,
  });
  try {
    const { found, asked } = await claimFor(destination, deps);
    return ended(found, found > 0 && found === asked);
  } catch (error) {
    deps.log.error({ err: error, destination: destination.config.name }, 'delivery.claim-failed');
    return ended(0, false);
  }
}

/** Claims as many as the destination has slots for (D2). */
async function claimFor(
  destination: Destination,
  { store, runner }: DispatcherDeps,
): Promise<{ readonly found: number; readonly asked: number }> {
  const reservations = reserveUpTo(destination, MAX_CLAIM);
  const first = reservations[0];
  if (first === undefined) return { found: 0, asked: 0 };
  let claimed: readonly ClaimedDelivery[] = [];
  const maxBytes = destination.bodies.takeForClaim(CLAIM_BYTES);
  try {
    claimed = await store.claimDue({
      destination: destination.config.name,
      limit: reservations.length,
      maxBytes,
      leaseId: first.leaseId,
      leaseMs: first.leaseMs,
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
  return { found: claimed.length, asked: reservations.length };
}

function takesWork(destination: Destination): boolean {
  const breaker = destination.breaker.state;
  const breakerAllows = breaker.status !== 'OPEN' || breaker.reopensAt <= Date.now();
  return !destination.pause.isOn && destination.slots.free > 0 && destination.bodies.isOpen && breakerAllows;
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
