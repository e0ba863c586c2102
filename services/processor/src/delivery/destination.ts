import { randomUUID } from 'node:crypto';
import type { CircuitBreaker, Permit } from '@ackline/shared/breaker/circuit-breaker';
import type { DestinationConfig } from '@ackline/shared/config/types';
import type { FairShare } from '@ackline/shared/fair-share';
import { LEASE_MARGIN_MS } from '@ackline/store/deliveries';
import type { Reservation } from '../storing/desk.ts';
import { type BodyShare, createBodyShare } from './body-share.ts';
import type { DestinationSender } from './delivery-sender.ts';
import { createLink, type LinkDeps } from './destination-link.ts';
import { createPause, type Pause } from './pause.ts';
import { createSlots, shareOf, type Slots } from './slots.ts';

/** A reservation of a claim learns its body only when the claim has brought it. */
export interface ClaimReservation extends Reservation {
  holdBody(bytes: number): void;
}

/** What this process knows of one destination while it runs. */
export interface Destination {
  /** What is in force, as the two after it; an attempt keeps what it began with. */
  readonly config: DestinationConfig;
  readonly sender: DestinationSender;
  readonly breaker: CircuitBreaker;
  readonly slots: Slots;
  readonly pause: Pause;
  readonly bodies: BodyShare;
  /** False: ackline.yaml no longer names it, and what it has left is held. */
  readonly isConfigured: boolean;
  /** A slot, room for so much of a body, a permit of the breaker and a lease id; null: held, or full. */
  tryReserve(bodyBytes?: number): ClaimReservation | null;
  /** This processor's place among the live ones; null: none yet, so no slot. */
  setShare(processors: { count: number; rank: number } | null): void;
  /** Another configuration of the same name. Slots in use stay so; a pause stays too. */
  reconfigure(config: DestinationConfig): void;
  /** It is configured no longer. Its connections are closed when its last attempt has ended. */
  remove(): void;
}

export interface DestinationEvents extends Pick<LinkDeps, 'breakerChanged'> {
  /** An attempt gave its slot back. */
  slotFreed(): void;
}

export interface DestinationDeps extends DestinationEvents, LinkDeps {
  /** The memory for bodies that all of them share. */
  readonly memory: FairShare;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export function createDestination(given: DestinationConfig, deps: DestinationDeps): Destination {
  const { name } = given;
  const slots = createSlots(given.concurrency);
  const pause = createPause();
  const bodies = createBodyShare(deps.memory, name);
  let config = given;
  let isConfigured = true;
  let share = (concurrency: number) => concurrency;
  const link = createLink(given, deps);

  const closeWhenIdle = () => {
    if (!isConfigured && slots.isIdle) link.close();
  };
  const parts = { name, slots, bodies, slotFreed: () => deps.slotFreed(), ended: closeWhenIdle };

  return {
    slots,
    pause,
    bodies,
    get config() {
      return config;
    },
    get sender() {
      return link.sender;
    },
    get breaker() {
      return link.breaker;
    },
    get isConfigured() {
      return isConfigured;
    },
    tryReserve(bodyBytes = 0) {
      const leaseMs = config.timeoutMs + LEASE_MARGIN_MS;
      const leaseEndsAt = deps.now() + leaseMs; // (D3) reckoned before PostgreSQL is asked
      if (!isConfigured || pause.isOn || !slots.tryTake()) return null;
      if (bodyBytes === 0 || bodies.tryTake(bodyBytes)) {
        const permit = link.breaker.tryAcquire();
        if (permit !== null) return createReservation({ ...parts, permit, bodyBytes, leaseMs, leaseEndsAt });
        bodies.give(bodyBytes);
      }
      slots.giveBack();
      return null;
    },
    setShare(processors) {
      share = concurrency => (processors === null ? 0 : shareOf(concurrency, processors));
      slots.setLimit(share(config.concurrency));
    },
    reconfigure(next) {
      config = next;
      isConfigured = true;
      slots.setLimit(share(next.concurrency));
      link.reconfigure(next);
    },
    remove() {
      isConfigured = false;
      closeWhenIdle();
    },
  };
}

interface ReservationParts extends Pick<Destination, 'slots' | 'bodies'> {
  readonly name: string;
  readonly permit: Permit;
  readonly bodyBytes: number;
  readonly leaseMs: number;
  readonly leaseEndsAt: number;
  slotFreed(): void;
  /** In any way. */
  ended(): void;
}

function createReservation(parts: ReservationParts): ClaimReservation {
  const { name, leaseMs, leaseEndsAt, slots, bodies, permit } = parts;
  let { bodyBytes } = parts;
  let open = true;
  const settle = (report: () => void) => {
    if (!open) return false;
    open = false;
    report();
    slots.giveBack();
    bodies.give(bodyBytes);
    parts.ended();
    return true;
  };
  return {
    destination: name,
    leaseId: randomUUID(),
    leaseMs,
    leaseEndsAt,
    holdBody(bytes) {
      if (!open) return;
      bodyBytes += bytes;
      bodies.take(bytes);
    },
    finish: healthy => {
      if (settle(() => (healthy ? permit.success() : permit.failure()))) parts.slotFreed();
    },
    // Tells nobody: a claim that found less than it had slots for would wake itself, again and again.
    cancel: () => void settle(() => permit.cancel()),
  };
}
