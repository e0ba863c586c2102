import { isIP, type LookupFunction } from 'node:net';
import type { Broker, Connection, ConnectionPool } from '@platformatic/kafka';

/** Connects to a broker by an address of its name. */
export type BrokerDialer = (pool: ConnectionPool, broker: Readonly<Broker>) => Promise<Connection>;

/**
 * The client would ask the system's resolver itself, and once more for each connection that it gave up: a name that never answers
 * would take thread after thread of the process. There is no TLS to brokers, whose certificates would want the name.
 */
export function createBrokerDialer(lookup: LookupFunction): BrokerDialer {
  /** Where each was reached last: the first to be tried, and not looked up while there is a connection. */
  const reached = new Map<string, string>();

  return async (pool, broker) => {
    const { host, port } = broker;
    const name = `${host}:${port}`;
    const last = reached.get(name);
    if (isIP(host) !== 0) return pool.get({ host, port });
    if (last !== undefined && pool.has({ host: last, port })) return pool.get({ host: last, port });
    const found = await addressesOf(host, lookup);
    const addresses = last !== undefined && found.includes(last) ? new Set([last, ...found]) : found;
    let failure: unknown;
    for (const address of addresses) {
      try {
        const connection = await pool.get({ host: address, port });
        reached.set(name, address);
        return connection;
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure;
  };
}

/** At least one. Rejects with the resolver's error. */
async function addressesOf(host: string, lookup: LookupFunction): Promise<readonly string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
  lookup(host, { all: true }, (error, found) => {
    if (error !== null) reject(error);
    else resolve(typeof found === 'string' ? [found] : found.map(({ address }) => address));
  });
  return promise;
}
