import { isDeepStrictEqual } from 'node:util';
import { addressOf } from '@ackline/shared/config/destination-address';
import type { DestinationConfig } from '@ackline/shared/config/types';
import type { DestinationSender } from './sending/delivery-sender.ts';
import { createDestinationSender, type SenderDeps, sharesSender } from './sending/destination-sender.ts';
import { createSharedBreaker, type SharedBreaker, type SharedBreakerDeps } from './limits/shared-breaker.ts';

/** The connections to a destination, and what is known of how it is; both begin anew where a reload changes what they are for. */
export interface DestinationLink {
  readonly sender: DestinationSender;
  readonly breaker: SharedBreaker;
  reconfigure(config: DestinationConfig): void;
  /** Until the next `reconfigure`. */
  close(): void;
}

export type LinkDeps = SharedBreakerDeps & SenderDeps;

export function createLink(given: DestinationConfig, deps: LinkDeps): DestinationLink {
  let config = given;
  let isOpen = true;
  let sender = openSender();
  const breaker = createSharedBreaker(config.name, config.breaker, deps);

  function openSender(): DestinationSender {
    return createDestinationSender(config, { ...deps, onReplaced: () => breaker.reset(config.breaker) });
  }

  return {
    breaker,
    get sender() {
      return sender;
    },
    reconfigure(next) {
      const before = config;
      config = next;
      if (!isOpen || !sharesSender(before, next)) {
        if (isOpen) sender.retire();
        sender = openSender();
        isOpen = true;
      } else if (next.type === 'handler') void sender.handler?.look(next, 'now');
      // What attempts at the earlier place come to says nothing of this one.
      if (isElsewhere(before, next) || !isDeepStrictEqual(next.breaker, before.breaker))
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

function isElsewhere(before: DestinationConfig, next: DestinationConfig): boolean {
  return addressOf(next) !== addressOf(before) || !isDeepStrictEqual(wayOf(next), wayOf(before));
}

const wayOf = (config: DestinationConfig) =>
  config.type === 'kafka' ? [config.brokers, config.tls, config.sasl] : null;
