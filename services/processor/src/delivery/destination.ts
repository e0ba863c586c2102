import { randomUUID } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import {
  type CircuitBreaker,
  createCircuitBreaker,
  type Permit,
} from '@ackline/shared/breaker/circuit-breaker';
import { consecutiveFailures } from '@ackline/shared/breaker/trip-rules';
import type { DestinationConfig } from '@ackline/shared/config/types';
import { LEASE_MARGIN_MS } from '@ackline/store/deliveries';
import type { Reservation } from '../storing/desk.ts';
import { createHttpSender, type HttpSender } from './http-sender.ts';
import { createPause, type Pause } from './pause.ts';
import { createSlots, shareOf, type Slots } from './slots.ts';

/** What this process knows of one destination while it runs. */
export interface Destination {
  readonly config: DestinationConfig;
  readonly sender: HttpSender;
  readonly slots: Slots;
  readonly breaker: CircuitBreaker;
  readonly pause: Pause;
  /** A slot, a permit of the breaker and a lease id; null: held, or full. */
  tryReserve(): Reservation | null;
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
}

export function createDestination(config: DestinationConfig, deps: DestinationDeps): Destination {
  const slots = createSlots(config.concurrency);
  const pause = createPause();
  const leaseMs = config.timeoutMs + LEASE_MARGIN_MS;
  const breaker = createCircuitBreaker({
    rule: consecutiveFailures(config.breaker.failures),
    resetMs: config.breaker.resetMs,
    now: () => Date.now(),
    onChange: ({ state }) => deps.breakerChanged(config.name, state.status, state.failures),
  });

  function reservation(permit: Permit): Reservation {
    let open = true;
    const settle = (report: () => void) => {
      if (!open) return false;
      open = false;
      report();
      slots.giveBack();
      return true;
    };
    return {
      destination: config.name,
      leaseId: randomUUID(),
      leaseMs,
      finish: healthy => {
        if (settle(() => (healthy ? permit.success() : permit.failure()))) deps.slotFreed();
      },
      // Tells nobody: a claim that found less than it had slots for would wake itself, again and again.
      cancel: () => void settle(() => permit.cancel()),
    };
  }

  return {
    config,
    slots,
    breaker,
    leaseMs,
    pause,
    sender: createHttpSender({ connections: config.concurrency, lookup: deps.lookup }),
    tryReserve() {
      if (pause.isOn || !slots.tryTake()) return null;
      const permit = breaker.tryAcquire();
      if (permit !== null) return reservation(permit);
      slots.giveBack();
      return null;
    },
    setShare(processors) {
      slots.setLimit(processors === null ? 0 : shareOf(config.concurrency, processors));
    },
  };
}
