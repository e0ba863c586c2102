import type { LookupFunction } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import {
  type BreakerStatus,
  type CircuitBreaker,
  createCircuitBreaker,
} from '@ackline/shared/breaker/circuit-breaker';
import { consecutiveFailures } from '@ackline/shared/breaker/trip-rules';
import type { DestinationConfig } from '@ackline/shared/config/types';
import { createHttpSender, type HttpSender } from './http-sender.ts';

/** The connections to a destination, and what is known of how it is; both begin anew where a reload changes what they are for. */
export interface DestinationLink {
  readonly sender: HttpSender;
  readonly breaker: CircuitBreaker;
  reconfigure(config: DestinationConfig): void;
  /** Until the next `reconfigure`. */
  close(): void;
}

export interface LinkDeps {
  /** Looks names up for all destinations of the process. */
  readonly lookup: LookupFunction;
  breakerChanged(destination: string, status: BreakerStatus, failures: number): void;
}

export function createLink(given: DestinationConfig, deps: LinkDeps): DestinationLink {
  let config = given;
  let isOpen = true;
  let sender = openSender();
  let breaker = closedBreaker();

  function openSender(): HttpSender {
    return createHttpSender({ connections: config.concurrency, lookup: deps.lookup });
  }

  function closedBreaker(): CircuitBreaker {
    const made: CircuitBreaker = createCircuitBreaker({
      rule: consecutiveFailures(config.breaker.failures),
      resetMs: config.breaker.resetMs,
      now: () => Date.now(),
      onChange({ state }) {
        // What attempts at the earlier URL come to says nothing of this one.
        if (made === breaker) deps.breakerChanged(config.name, state.status, state.failures);
      },
    });
    return made;
  }

  function replaceBreaker(): void {
    const { status } = breaker.state;
    breaker = closedBreaker();
    if (status !== 'CLOSED') deps.breakerChanged(config.name, 'CLOSED', 0);
  }

  return {
    get sender() {
      return sender;
    },
    get breaker() {
      return breaker;
    },
    reconfigure(next) {
      const before = config;
      config = next;
      const isElsewhere = new URL(next.url).origin !== new URL(before.url).origin;
      if (!isOpen || isElsewhere || next.concurrency !== before.concurrency) {
        if (isOpen) sender.retire();
        sender = openSender();
        isOpen = true;
      }
      if (next.url !== before.url || !isDeepStrictEqual(next.breaker, before.breaker)) replaceBreaker();
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      sender.retire();
      replaceBreaker();
    },
  };
}
