import type { LookupFunction } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { DestinationConfig } from '@ackline/shared/config/types';
import { createHttpSender, type HttpSender } from './http-sender.ts';
import { createSharedBreaker, type SharedBreaker, type SharedBreakerDeps } from './shared-breaker.ts';

/** The connections to a destination, and what is known of how it is; both begin anew where a reload changes what they are for. */
export interface DestinationLink {
  readonly sender: HttpSender;
  readonly breaker: SharedBreaker;
  reconfigure(config: DestinationConfig): void;
  /** Until the next `reconfigure`. */
  close(): void;
}

export interface LinkDeps extends SharedBreakerDeps {
  /** Looks names up for all destinations of the process. */
  readonly lookup: LookupFunction;
}

export function createLink(given: DestinationConfig, deps: LinkDeps): DestinationLink {
  let config = given;
  let isOpen = true;
  let sender = openSender();
  const breaker = createSharedBreaker(config.name, config.breaker, deps);

  function openSender(): HttpSender {
    return createHttpSender({ connections: config.concurrency, lookup: deps.lookup });
  }

  return {
    breaker,
    get sender() {
      return sender;
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
      // What attempts at the earlier URL come to says nothing of this one.
      if (next.url !== before.url || !isDeepStrictEqual(next.breaker, before.breaker))
        breaker.reset(next.breaker);
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      sender.retire();
      breaker.reset(config.breaker);
    },
  };
}
