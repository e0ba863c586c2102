import type { LookupFunction } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { DestinationConfig } from '@ackline/shared/config/types';
import type { Connections, DestinationSender } from './delivery-sender.ts';
import { createHandlerSender, type HandlerSenderDeps } from './handler-sender.ts';
import { holdConnections } from './held-connections.ts';
import { createHttpSender } from './http-sender.ts';
import { createKafkaDeliverySender } from './kafka-delivery-sender.ts';
import { outboundHeaders } from '@ackline/shared/outbound-headers';

export interface SenderDeps {
  /** Looks names up for all destinations of the process. */
  readonly lookup: LookupFunction;
  /** Those of KAFKA_BROKERS, where it is set. */
  readonly brokers?: readonly string[] | null;
  /** What handlers need; null: none can be configured. */
  readonly handlers?: Omit<HandlerSenderDeps, 'onReplaced'> | null;
  readonly onReplaced?: HandlerSenderDeps['onReplaced'];
}

export function createDestinationSender(config: DestinationConfig, deps: SenderDeps): DestinationSender {
  return holdConnections(connect(config, deps));
}

function connect(config: DestinationConfig, deps: SenderDeps): Connections {
  if (config.type === 'kafka') {
    const brokers = config.brokers ?? deps.brokers ?? [];
    return createKafkaDeliverySender(config, { brokers, lookup: deps.lookup });
  }
  if (config.type === 'handler') {
    if (deps.handlers == null) throw new Error('a handler where none can be run');
    const { handlers, onReplaced = () => undefined } = deps;
    return createHandlerSender(config, { ...handlers, onReplaced });
  }
  const http = createHttpSender({ connections: config.concurrency, lookup: deps.lookup });
  return {
    ...http,
    send: ({ url, webhook, signal }) =>
      http.send({ url, headers: outboundHeaders(webhook), body: webhook.body, signal }),
  };
}

/** Whether the connections of the one do for the other. Those of a handler replace their threads themselves. */
export function sharesSender(before: DestinationConfig, next: DestinationConfig): boolean {
  if (before.type === 'http' && next.type === 'http') {
    return new URL(next.url).origin === new URL(before.url).origin && next.concurrency === before.concurrency;
  }
  if (before.type === 'handler' && next.type === 'handler') return true;
  return isDeepStrictEqual(before, next);
}
