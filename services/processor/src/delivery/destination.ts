import { randomUUID } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import {
  type CircuitBreaker,
  createCircuitBreaker,
  type Permit,
} from '@ackline/shared/breaker/circuit-breaker';
import { consecutiveFailures } from '@ackline/shared/breaker/trip-rules';
import type { DestinationConfig } from '@ackline/shared/config/types';
import type { FairShare } from '@ackline/shared/fair-share';
import { LEASE_MARGIN_MS } from '@ackline/store/deliveries';
import type { Reservation } from '../storing/desk.ts';
import { type BodyShare, createBodyShare } from './body-share.ts';
import { createHttpSender, type HttpSender } from './http-sender.ts';
import { createPause, type Pause } from './pause.ts';
import { createSlots, shareOf, type Slots } from './slots.ts';

/** A reservation of a claim learns its body only when the claim has brought it. */
export interface ClaimReservation extends Reservation {
  holdBody(bytes: number): void;
}

/** What this process knows of one destination while it runs. */
export interface Destination {
  readonly config: DestinationConfig;
  readonly sender: HttpSender;
  readonly slots: Slots;
  readonly breaker: CircuitBreaker;
  readonly pause: Pause;
  readonly bodies: BodyShare;
  /** A slot, room for so much of a body, a permit of the breaker and a lease id; null: held, or full. */
  tryReserve(bodyBytes?: number): ClaimReservation | null;
  /** This processor's place among the live ones; null: none yet, so no slot. */
  setShare(processors: { count: number; rank: number } | null): void;
  /** Milliseconds that a lease of this destination lasts. */
  readonly leaseMs: number;
}

export interface DestinationEvents {
  breakerChanged(destination: string, status: 'CLOSED' | 'OPEN' | 'HALF_OPEN', failures: number): void;
  /** An attempt gave its slot back. */
  slotFreed(): void;
}

export interface DestinationDeps extends DestinationEvents {
  /** Looks names up for all destinations of the process. */
  readonly lookup: LookupFunction;
  /** The memory for bodies that all of them share. */
  readonly memory: FairShare;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export function createDestination(config: DestinationConfig, deps: DestinationDeps): Destination {
  const slots = createSlots(config.concurrency);
  const pause = createPause();
  const bodies = createBodyShare(deps.memory, config.name);
  const leaseMs = config.timeoutMs + LEASE_MARGIN_MS;
  const breaker = createCircuitBreaker({
    rule: consecutiveFailures(config.breaker.failures),
    resetMs: config.breaker.resetMs,
    now: () => Date.now(),
    onChange: ({ state }) => deps.breakerChanged(config.name, state.status, state.failures),
  });

  const parts = { config, leaseMs, slots, bodies, slotFreed: () => deps.slotFreed() };

  return {
    config,
    slots,
    breaker,
    leaseMs,
    pause,
    bodies,
    sender: createHttpSender({ connections: config.concurrency, lookup: deps.lookup }),
    tryReserve(bodyBytes = 0) {
      const leaseEndsAt = deps.now() + leaseMs; // (D3) reckoned before PostgreSQL is asked
      if (pause.isOn || !slots.tryTake()) return null;
      if (bodyBytes === 0 || bodies.tryTake(bodyBytes)) {
        const permit = breaker.tryAcquire();
        if (permit !== null) return createReservation({ ...parts, permit, bodyBytes, leaseEndsAt });
        bodies.give(bodyBytes);
      }
      slots.giveBack();
      return null;
    },
    setShare(processors) {
      slots.setLimit(processors === null ? 0 : shareOf(config.concurrency, processors));
    },
  };
}

interface ReservationParts extends Pick<Destination, 'config' | 'leaseMs' | 'slots' | 'bodies'> {
  readonly permit: Permit;
  readonly bodyBytes: number;
  readonly leaseEndsAt: number;
  slotFreed(): void;
}

function createReservation(parts: ReservationParts): ClaimReservation {
  const { config, leaseMs, leaseEndsAt, slots, bodies, permit } = parts;
  let { bodyBytes } = parts;
  let open = true;
  const settle = (report: () => void) => {
    if (!open) return false;
    open = false;
    report();
    slots.giveBack();
    bodies.give(bodyBytes);
    return true;
  };
  return {
    destination: config.name,
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
