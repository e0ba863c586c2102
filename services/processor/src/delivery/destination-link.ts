import { isDeepStrictEqual } from 'node:util';
import {
  type BreakerStatus,
  type CircuitBreaker,
  createCircuitBreaker,
} from '@ackline/shared/breaker/circuit-breaker';
import { consecutiveFailures } from '@ackline/shared/breaker/trip-rules';
import { addressOf } from '@ackline/shared/config/destination-address';
import type { DestinationConfig } from '@ackline/shared/config/types';
import type { DestinationSender } from './delivery-sender.ts';
import { createDestinationSender, type SenderDeps, sharesSender } from './destination-sender.ts';

/** The connections to a destination, and what is known of how it is; both begin anew where a reload changes what they are for. */
export interface DestinationLink {
  readonly sender: DestinationSender;
  readonly breaker: CircuitBreaker;
  reconfigure(config: DestinationConfig): void;
  /** Until the next `reconfigure`. */
  close(): void;
}

export interface LinkDeps extends SenderDeps {
  breakerChanged(destination: string, status: BreakerStatus, failures: number): void;
}

export function createLink(given: DestinationConfig, deps: LinkDeps): DestinationLink {
  let config = given;
  let isOpen = true;
  let sender = openSender();
  let breaker = closedBreaker();

  function openSender(): DestinationSender {
    return createDestinationSender(config, deps);
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
      if (!isOpen || !sharesSender(before, next)) {
        if (isOpen) sender.retire();
        sender = openSender();
        isOpen = true;
      }
      if (addressOf(next) !== addressOf(before) || !isDeepStrictEqual(next.breaker, before.breaker))
        replaceBreaker();
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      sender.retire();
      replaceBreaker();
    },
  };
}
