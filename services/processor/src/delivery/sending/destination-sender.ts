import type { LookupFunction } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { KafkaCluster } from '@ackline/eventlog/kafka-cluster';
import type { SecretReader } from '@ackline/runtime/secrets';
import { openTlsIdentity } from '@ackline/runtime/tls-files';
import type { DestinationConfig, KafkaDestinationConfig } from '@ackline/shared/config/types';
import type { Connections, DestinationSender } from './delivery-sender.ts';
import { createHandlerSender, type HandlerSenderDeps } from './handler-sender.ts';
import { holdConnections } from './held-connections.ts';
import { createHttpSender } from './http-sender.ts';
import { createKafkaDeliverySender } from './kafka-delivery-sender.ts';
import { outboundHeaders } from '@ackline/shared/outbound-headers';

export interface SenderDeps {
  /** Looks names up for all destinations of the process. */
  readonly lookup: LookupFunction;
  /** That of KAFKA_BROKERS, where it is set. */
  readonly kafka?: KafkaCluster | null;
  /** Of logins at brokers; null: none can be configured. */
  readonly secrets?: Pick<SecretReader, 'resolve'> | null;
  /** What handlers need; null: none can be configured. */
  readonly handlers?: Omit<HandlerSenderDeps, 'onReplaced'> | null;
  readonly onReplaced?: HandlerSenderDeps['onReplaced'];
}

export function createDestinationSender(config: DestinationConfig, deps: SenderDeps): DestinationSender {
  return holdConnections(connect(config, deps));
}

function connect(config: DestinationConfig, deps: SenderDeps): Connections {
  if (config.type === 'kafka') {
    return createKafkaDeliverySender(config, { cluster: clusterOf(config, deps), lookup: deps.lookup });
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

/** Brokers of its own get nothing of what the environment has for others. */
function clusterOf({ brokers, tls, sasl }: KafkaDestinationConfig, deps: SenderDeps): KafkaCluster {
  if (brokers === null) return deps.kafka ?? { brokers: [] };
  const login =
    sasl === null ? null : { ...sasl, password: () => deps.secrets?.resolve([sasl.password])[0] ?? '' };
  return { brokers, security: { tls: tls === null ? null : openTlsIdentity(tls), sasl: login } };
}

/** Whether the connections of the one do for the other. Those of a handler replace their threads themselves. */
export function sharesSender(before: DestinationConfig, next: DestinationConfig): boolean {
  if (before.type === 'http' && next.type === 'http') {
    return new URL(next.url).origin === new URL(before.url).origin && next.concurrency === before.concurrency;
  }
  if (before.type === 'handler' && next.type === 'handler') return true;
  return isDeepStrictEqual(before, next);
}
