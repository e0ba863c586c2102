import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import {
  type Broker,
  type Connection,
  type ConnectionOptions,
  ConnectionPool,
  ResponseError,
} from '@platformatic/kafka';
import { type BrokerDialer, createBrokerDialer } from './broker-dialer.ts';
import { closeKafkaClient, KAFKA_CLIENT_ID, watchConnections, withReason } from './kafka-client.ts';
import { connectionOptions, type KafkaCluster } from './kafka-cluster.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** A question is small, and another broker can answer it. */
const ASK_TIMEOUT_MS = 3_000;
/** Sockets to one broker, at most. */
const LINES = 16;

/**
 * Connections to the brokers of a cluster. The client's own look-up of brokers is passed by: it asks one after the other, always
 * from the first of the list, so that one lost broker there costs each question a connect timeout.
 */
export interface BrokerConnections {
  /** Asks all of them at once: the first answer counts. Rejects with what Kafka said where none answers well, else with why. */
  ask<T>(brokers: readonly Readonly<Broker>[], question: (connection: Connection) => Promise<T>): Promise<T>;
  /**
   * The connection for the records of a partition. A broker takes up a request once the one before it on the connection is
   * answered, replicas and all: a slow partition would hold up those that share its connection. With more than 16, some do.
   */
  to(broker: Readonly<Broker>, partition: number): Promise<Connection>;
  close(): Promise<void>;
}

export interface BrokerConnectionsOptions extends KafkaCluster {
  /** Of one record. */
  readonly timeoutMs: number;
  /** Of the brokers' names, also of those that brokers tell. Default: the system's resolver, unbounded. */
  readonly lookup?: LookupFunction;
}

export function createBrokerConnections(given: BrokerConnectionsOptions): BrokerConnections {
  const { timeoutMs, lookup = systemLookup } = given;
  // By TLS a certificate is of a name: Node dials its addresses then.
  const dial: BrokerDialer =
    given.security?.tls == null ? createBrokerDialer(lookup) : (pool, broker) => pool.get(broker);
  const secured = connectionOptions(given, lookup);
  const asking = openPool({
    ...secured,
    connectTimeout: Math.min(ASK_TIMEOUT_MS, timeoutMs),
    requestTimeout: Math.min(ASK_TIMEOUT_MS, timeoutMs),
  });
  const options = {
    ...secured,
    connectTimeout: Math.min(CONNECT_TIMEOUT_MS, timeoutMs),
    requestTimeout: timeoutMs,
    maxInflights: Number.MAX_SAFE_INTEGER, // what waited here would be written after its caller has given up
  };
  const lines = new Map<number, ConnectionPool>();
  let isClosed = false;
  const lineOf = (partition: number): ConnectionPool => {
    const line = lines.get(partition % LINES) ?? openPool(options);
    lines.set(partition % LINES, line);
    return line;
  };
  return {
    ask: (brokers, question) => {
      const answers = brokers.map(async broker => question(await dial(asking, broker)));
      return withReason(asking, firstOf(answers));
    },
    to: (broker, partition) => dial(isClosed ? asking : lineOf(partition), broker), // a closed one rejects
    async close() {
      isClosed = true;
      await Promise.all([asking, ...lines.values()].map(closePool));
    },
  };
}

function openPool(options: ConnectionOptions): ConnectionPool {
  const pool = new ConnectionPool(KAFKA_CLIENT_ID, options);
  watchConnections(pool);
  return pool;
}

function closePool(pool: ConnectionPool): Promise<void> {
  return closeKafkaClient({ close: () => pool.close(), connections: pool });
}

async function firstOf<T>(answers: readonly Promise<T>[]): Promise<T> {
  try {
    return await Promise.any(answers);
  } catch (error) {
    const reasons: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
    throw reasons.find(reason => reason instanceof ResponseError) ?? reasons[0] ?? error;
  }
}
