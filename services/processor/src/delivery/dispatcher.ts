/**
 * Finds deliveries that are due and gets them going:
 *
 * D1. An attempt is made only under a lease that is committed: by the storing transaction (straight-through) or by a claim.
 * D2. Every attempt holds a slot and a breaker permit of its destination; a destination without a free one is not claimed
 *     for, so a slow or dead destination delays nobody else.
 */
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import type { ClaimedDelivery, ClaimRequest } from '@ackline/store/deliveries';
import { createWakeup } from '../wakeup.ts';
import type { AttemptRunner } from './attempt-runner.ts';
import type { DeliveryDesk, Reservation } from './desk.ts';
import type { Destination } from './destination.ts';

/** How long a due delivery waits at most for a processor that was not woken: a retry's wait is seconds, so this is nothing. */
const POLL_MS = 200;
/** After an error of the store. */
const ERROR_WAIT_MS = 1_000;
/** One claim's worth: bounds the bodies that one statement brings. */
const MAX_CLAIM = 50;

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

export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { destinations, runner, log } = deps;
  const wakeup = createWakeup();
  let taking = true;

  return {
    name: 'dispatcher',
    tryReserve(name) {
      return taking ? (destinations.get(name)?.tryReserve() ?? null) : null;
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
          if (await claimRound(deps)) wakeup.wake();
        } catch (error) {
          log.error({ err: error }, 'delivery.claim-failed');
          await wakeup.wait(ERROR_WAIT_MS, signal);
        }
        await wakeup.wait(POLL_MS, signal);
      }
    },
  };
}

/** True where there may be more that could start now. */
async function claimRound(deps: DispatcherDeps): Promise<boolean> {
  const open = [...deps.destinations.values()].filter(takesWork);
  if (open.length === 0) return false;
  const due = await deps.store.findDueDestinations(open.map(destination => destination.config.name));
  const claims = due.map(async name => {
    const destination = deps.destinations.get(name);
    return destination !== undefined && (await tryClaimFor(destination, deps));
  });
  return (await Promise.all(claims)).includes(true);
}

/** A claim that fails is one destination's matter (D2). */
async function tryClaimFor(destination: Destination, deps: DispatcherDeps): Promise<boolean> {
  try {
    return await claimFor(destination, deps);
  } catch (error) {
    deps.log.error({ err: error, destination: destination.config.name }, 'delivery.claim-failed');
    return false;
  }
}

/** Claims as many as the destination has slots for (D2). */
async function claimFor(destination: Destination, { store, runner }: DispatcherDeps): Promise<boolean> {
  const reservations = reserveUpTo(destination, MAX_CLAIM);
  const first = reservations[0];
  if (first === undefined) return false;
  let claimed: readonly ClaimedDelivery[] = [];
  try {
    claimed = await store.claimDue({
      destination: destination.config.name,
      limit: reservations.length,
      leaseId: first.leaseId,
      leaseMs: first.leaseMs,
    });
  } finally {
    for (const unused of reservations.slice(claimed.length)) unused.cancel();
  }
  for (const [index, row] of claimed.entries()) {
    const reservation = reservations[index];
    if (reservation !== undefined) runner.launchClaimed({ destination, reservation }, row); // (D1)
  }
  return claimed.length === reservations.length;
}

function takesWork(destination: Destination): boolean {
  const breaker = destination.breaker.state;
  const breakerAllows = breaker.status !== 'OPEN' || breaker.reopensAt <= Date.now();
  return !destination.paused && destination.slots.free > 0 && breakerAllows;
}

function reserveUpTo(destination: Destination, count: number): readonly Reservation[] {
  const reservations: Reservation[] = [];
  while (reservations.length < count) {
    const reservation = destination.tryReserve();
    if (reservation === null) break;
    reservations.push(reservation);
  }
  return reservations;
}
