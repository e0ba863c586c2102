import { randomUUID } from 'node:crypto';
import type { Permit } from '@ackline/shared/breaker/circuit-breaker';
import type { DestinationConfig } from '@ackline/shared/config/types';
import type { FairShare } from '@ackline/shared/fair-share';
import { LEASE_MARGIN_MS } from '@ackline/store/deliveries';
import type { Reservation } from '../storing/desk.ts';
import { type BodyShare, createBodyShare } from './limits/body-share.ts';
import { type DestinationSender, isReady } from './sending/delivery-sender.ts';
import { createLink, type LinkDeps } from './destination-link.ts';
import { createPause, type Pause } from './limits/pause.ts';
import { createRateGate, type RateGate } from './limits/rate-gate.ts';
import type { Share } from './limits/rate-ledger.ts';
import type { SharedBreaker } from './limits/shared-breaker.ts';
import { shareOf } from './limits/slots.ts';
import { createSplitSlots, replayShare, type SplitSlots } from './limits/split-slots.ts';

/** A reservation of a claim learns its body only when the claim has brought it. */
export interface ClaimReservation extends Reservation {
  /** The tenant that its slot is counted for, or the replays. */
  readonly owner: string;
  holdBody(bytes: number): void;
}

/** What this process knows of one destination while it runs. */
export interface Destination {
  /** What is in force, as the two after it; an attempt keeps what it began with. */
  readonly config: DestinationConfig;
  readonly sender: DestinationSender;
  readonly breaker: SharedBreaker;
  /** Fewer in slow start, and where `rate` lets fewer begin now. */
  readonly slots: SplitSlots;
  readonly pause: Pause;
  readonly bodies: BodyShare;
  /** False: ackline.yaml no longer names it, and what it has left is held. */
  readonly isConfigured: boolean;
  /** A slot for the owner, room for so much of a body, a permit of the breaker and a lease id; null: held, or full. */
  tryReserve(bodyBytes: number, owner: string): ClaimReservation | null;
  /** This processor's place among the live ones; null: the others have not heard of it yet, so it has no slot (heartbeat.ts). */
  setShare(processors: { count: number; rank: number } | null): void;
  /** Another configuration of the same name. Slots in use stay so; a pause stays too. */
  reconfigure(config: DestinationConfig): void;
  /** It is configured no longer. Its connections are closed when its last attempt has ended. */
  remove(): void;
}

export interface DestinationEvents {
  /** An attempt gave its slot back, or its `rate` lets some begin again. */
  readonly slotFreed: (name: string) => void;
}

export interface DestinationDeps extends DestinationEvents, LinkDeps {
  /** The memory for bodies that all of them share. */
  readonly memory: FairShare;
  /** Whether more than one tenant's events come to the destination, as it is configured now. */
  readonly isShared: (name: string) => boolean;
  /** Added by a reload: no processor has a share of it before its next heartbeat. */
  readonly isNew?: boolean;
}

export function createDestination(given: DestinationConfig, deps: DestinationDeps): Destination {
  const slots = createSplitSlots(given.concurrency, () => deps.isShared(given.name));
  const pause = createPause();
  const bodies = createBodyShare(deps.memory, given.name);
  const first = deps.isNew === true ? null : ALL;
  const onFree = () => deps.slotFreed(given.name);
  const rate = createRateGate(given.rate, { share: first, now: deps.now, onFree });
  const share = createShare(rate, first);
  let config = given;
  let isConfigured = true;
  const link = createLink(given, deps);
  const closeWhenIdle = () => (isConfigured || !slots.isIdle ? undefined : link.close());
  const parts = { name: given.name, slots, bodies, rate, slotFreed: deps.slotFreed, ended: closeWhenIdle };

  function limitSlots(): SplitSlots {
    const all = Math.max(1, Math.ceil(config.concurrency * link.breaker.ramp));
    slots.setLimit(share.of(all), slots.inUse + rate.free, share.of(replayShare(all)));
    return slots;
  }

  return {
    breaker: link.breaker,
    pause,
    bodies,
    get slots() {
      return limitSlots();
    },
    get config() {
      return config;
    },
    get sender() {
      return link.sender;
    },
    get isConfigured() {
      return isConfigured;
    },
    tryReserve(bodyBytes, owner) {
      const leaseMs = config.timeoutMs + LEASE_MARGIN_MS;
      const leaseEndsAt = deps.now() + leaseMs; // (D3) reckoned before PostgreSQL is asked
      if (!isConfigured || pause.isOn || !isReady(link.sender) || !limitSlots().tryTake(owner)) return null;
      const permit = link.breaker.tryAcquire();
      if (permit !== null && (bodyBytes === 0 || bodies.tryTake(bodyBytes))) {
        return createReservation({ ...parts, owner, permit, bodyBytes, leaseMs, leaseEndsAt });
      }
      permit?.cancel();
      slots.giveBack(owner);
      return null;
    },
    setShare: processors => share.set(processors),
    reconfigure(next) {
      config = next;
      isConfigured = true;
      rate.configure(next.rate);
      link.reconfigure(next);
    },
    remove() {
      isConfigured = false;
      closeWhenIdle();
    },
  };
}

/** Before the first heartbeat. */
const ALL: Share = all => all;
/** The others have all of it. */
const NONE: Share = () => 0;

/** This processor's part of what counts over all of them; null: none yet, and nobody else has it. */
function createShare(rate: RateGate, first: Share | null) {
  let share = first;
  return {
    of: (all: number) => share?.(all) ?? 0,
    set(processors: Parameters<Destination['setShare']>[0]): void {
      share = processors === null ? NONE : all => shareOf(all, processors);
      rate.setShare(share);
    },
  };
}

interface ReservationParts extends Pick<Destination, 'slots' | 'bodies'> {
  readonly name: string;
  readonly owner: string;
  readonly rate: RateGate;
  readonly permit: Permit;
  readonly bodyBytes: number;
  readonly leaseMs: number;
  readonly leaseEndsAt: number;
  readonly slotFreed: (name: string) => void;
  /** In any way. */
  ended(): void;
}

function createReservation(parts: ReservationParts): ClaimReservation {
  const { name, owner, leaseMs, leaseEndsAt, slots, bodies, permit } = parts;
  const room = parts.rate.reserve();
  let { bodyBytes } = parts;
  let open = true;
  const settle = (report: () => void) => {
    if (!open) return false;
    open = false;
    report();
    slots.giveBack(owner);
    bodies.give(bodyBytes);
    room.leave();
    parts.ended();
    return true;
  };
  return {
    destination: name,
    owner,
    leaseId: randomUUID(),
    leaseMs,
    leaseEndsAt,
    holdBody(bytes) {
      if (!open) return;
      bodyBytes += bytes;
      bodies.take(bytes);
    },
    lendRoom: () => room.lend(),
    begin: signal => room.begin(signal),
    finish(healthy) {
      if (settle(() => (healthy ? permit.success() : permit.failure()))) parts.slotFreed(name);
    },
    giveBack() {
      if (settle(() => permit.cancel())) parts.slotFreed(name);
    },
    // A claim that found less than it had slots for would wake itself, again and again.
    giveBackUnheard() {
      settle(() => permit.cancel());
    },
  };
}
