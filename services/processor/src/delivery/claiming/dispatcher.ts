/**
 * Finds deliveries that are due and gets them going:
 *
 * D1. An attempt is made only under a lease that is committed: by the storing transaction (straight-through) or by a claim.
 * D2. Every attempt holds a slot and a breaker permit of its destination, and room for its body; a destination without a free
 *     one is not claimed for, so a slow or dead destination delays nobody else and takes no more than its share of the memory.
 *     Slots are counted by tenant: where several come, one whose requests hang leaves some to the others (`tenant-slots.ts`).
 * D5. One claim a destination at a time, and none waits for another's, as far as there are connections for them: a claim that
 *     takes long is its own destination's matter.
 * D6. Live work goes before replays, and leaves them a part of the slots, so that neither waits for the end of the other. More
 *     than a tenth of the slots replays never have in flight, so that live work finds slots whenever it comes.
 * D7. A claim asks by turns, tenants by their weight and high priority before normal (`fair-turns.ts`): none waits for the end
 *     of another's work.
 * D8. Where something is due that could not start, what is stored later stays due behind it, and is claimed in its turn: nobody
 *     goes past the queue. It ends with a claim that finds less than it asked for; a destination without one costs no statement.
 * D9. A slot that is free again makes it look only where the last round saw that something is due, or passed over the
 *     destination without looking. Whoever makes something due in this process wakes it for a round; what else does (a time
 *     that comes, another processor) is found by the poll, which is a round too.
 */
import type { Component } from '@ackline/runtime/component';
import type { DueWork } from '@ackline/store/delivery-claims';
import { createGate } from '@ackline/runtime/gate';
import { createWakeup } from '../../wakeup.ts';
import type { DeliveryDesk } from '../../storing/desk.ts';
import { type ClaimDeps, type ClaimStore, type DestinationWork, tryClaimFor } from './claim-work.ts';
import type { Destination } from '../destination.ts';
import { isReady } from '../sending/delivery-sender.ts';
import { createDueQueue, type DueQueue } from './due-queue.ts';
import { createFairTurns, type FairTurns } from './fair-turns.ts';

/** How long a due delivery waits at most for a processor that was not woken: a retry's wait is seconds, so this is nothing. */
const POLL_MS = 200;
/** After an error of the store. */
const ERROR_WAIT_MS = 1_000;

export interface DispatchStore extends ClaimStore {
  findDue(names: readonly string[]): Promise<DueWork>;
}

export interface DispatcherDeps extends ClaimDeps {
  readonly store: DispatchStore;
  readonly destinations: ReadonlyMap<string, Destination>;
  /** Claims under way: a part of the pool (config.ts). */
  readonly claimsAtOnce: number;
  /** Of a tenant, as it is configured now. */
  readonly weightOf: (tenant: string) => number;
}

export interface Dispatcher extends Component, DeliveryDesk {
  /** It may have room for one more (D9). */
  slotFreed(name: string): void;
  /** Nothing new starts from here on. */
  stopTaking(): void;
}

/** What is known of the claims of one destination. */
interface ClaimState {
  claiming: boolean;
  /** A round came by while it was claiming, or a slot was freed. */
  missed: boolean;
  /** So far, so that replays begin one now and then. */
  claims: number;
  readonly turns: FairTurns;
  readonly queue: DueQueue;
  /** The last round saw that something is due, live or a replay, or did not look (D9). */
  isWorthALook: boolean;
}

export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { destinations, runner, log } = deps;
  const wakeup = createWakeup();
  const claims = createClaims(deps, () => wakeup.wake());
  let taking = true;

  return {
    name: 'dispatcher',
    tryReserve(name, bodyBytes, tenant) {
      const destination = destinations.get(name);
      if (!taking || destination === undefined || claims.hasQueue(destination)) return null; // (D8)
      return destination.tryReserve(bodyBytes, tenant);
    },
    start(starts) {
      for (const { reservation, delivery, event } of starts) {
        const destination = destinations.get(reservation.destination);
        if (destination === undefined) throw new Error('a reservation of a destination that is not there');
        const { id, eventId, route, followed, transforms } = delivery;
        const lease = { leaseId: reservation.leaseId, tries: 0, replay: false, followed, waitedMs: 0 };
        runner.launch(
          { destination, reservation },
          { id, eventId, route, transforms, ...lease, meta: event.meta, body: event.body },
        );
      }
    },
    wake(leftDue = []) {
      for (const name of leftDue) claims.queued(destinations.get(name));
      wakeup.wake();
    },
    slotFreed(name) {
      if (claims.isWorthALook(destinations.get(name))) wakeup.wake(); // (D9)
    },
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
  /** Something of it is due that could not start (D8). */
  queued(destination: Destination | undefined): void;
  hasQueue(destination: Destination): boolean;
  /** Now that it has a slot more. While a claim is under way, the look is for its end. */
  isWorthALook(destination: Destination | undefined): boolean;
}

function createState(weightOf: DispatcherDeps['weightOf']): ClaimState {
  return {
    claiming: false,
    missed: false,
    claims: 0,
    turns: createFairTurns(weightOf),
    queue: createDueQueue(),
    isWorthALook: false,
  };
}

function rememberStates(weightOf: DispatcherDeps['weightOf']): (destination: Destination) => ClaimState {
  const states = new Map<Destination, ClaimState>();
  return destination => {
    const state = states.get(destination) ?? createState(weightOf);
    states.set(destination, state);
    return state;
  };
}

function createClaims(deps: DispatcherDeps, wake: () => void): Claims {
  const gate = createGate(deps.claimsAtOnce);
  const stateOf = rememberStates(deps.weightOf);
  const underWay = new Set<Promise<void>>();
  /** For want of memory the last round passed over some: any destination's slot may bring it when it is freed. */
  let isMemoryWanted = false;

  function mayClaim(destination: Destination): boolean {
    const state = stateOf(destination);
    if (state.claiming) state.missed = true;
    if (state.claiming || takesWork(destination)) return !state.claiming;
    state.isWorthALook = true; // (D9)
    isMemoryWanted ||= !destination.bodies.isOpen;
    return false;
  }

  async function claim(destination: Destination, work: DestinationWork): Promise<void> {
    const state = stateOf(destination);
    state.claiming = true;
    state.missed = false;
    state.claims += 1;
    const { claims, turns } = state;
    const found = await gate(() => tryClaimFor(destination, { ...work, claims, turns }, deps));
    state.claiming = false;
    if (found !== null) state.queue.learn(found.isQueueLeft, work.asOf);
    if (found?.mayStartMore || state.missed) wake();
  }

  return {
    async startDue() {
      isMemoryWanted = false;
      const open = [...deps.destinations.values()].filter(mayClaim);
      if (open.length === 0) return;
      const asOf = new Map(open.map(destination => [destination, stateOf(destination).queue.mark()]));
      const due = await deps.store.findDue(open.map(destination => destination.config.name));
      const flows = Map.groupBy(due.flows, flow => flow.destination);
      const replays = new Set(due.replays);
      for (const destination of open) {
        const { name } = destination.config;
        const mark = asOf.get(destination) ?? 0;
        const mayReplay = destination.slots.replaysFree > 0; // (D6)
        const work = { flows: flows.get(name) ?? [], replays: mayReplay && replays.has(name), asOf: mark };
        if (work.flows.length === 0) stateOf(destination).queue.learn(false, mark);
        stateOf(destination).isWorthALook = work.flows.length > 0 || replays.has(name);
        if (work.flows.length === 0 && !work.replays) continue;
        const claiming = claim(destination, work).finally(() => underWay.delete(claiming));
        underWay.add(claiming);
      }
    },
    async ended() {
      await Promise.all(underWay);
    },
    queued(destination) {
      if (destination !== undefined) stateOf(destination).queue.add();
    },
    isWorthALook(destination) {
      const state = destination === undefined ? null : stateOf(destination);
      if (state?.claiming) state.missed = true;
      return isMemoryWanted || (state !== null && !state.claiming && state.isWorthALook);
    },
    hasQueue: destination => stateOf(destination).queue.isThere,
  };
}

function takesWork(destination: Destination): boolean {
  const { breaker, slots, bodies } = destination;
  const isHeld = !destination.isConfigured || !isReady(destination.sender) || destination.pause.isOn;
  return !isHeld && slots.free > 0 && bodies.isOpen && (breaker.isClosed || breaker.wantsProbe);
}
