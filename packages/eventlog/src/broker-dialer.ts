import { isIP, type LookupFunction } from 'node:net';
import type { Broker, Connection, ConnectionPool } from '@platformatic/kafka';
import { firstToConnect } from './first-to-connect.ts';

export type DialedPool = Pick<ConnectionPool, 'get' | 'getEstablishedConnection'>;

/** Connects to a broker by an address of its name. */
export type BrokerDialer = (pool: DialedPool, broker: Readonly<Broker>) => Promise<Connection>;

/**
 * The client would ask the system's resolver itself, and once more for each connection that it gave up: a name that never answers
 * would take thread after thread of the process. For brokers without TLS, whose certificates would want the name.
 */
export function createBrokerDialer(lookup: LookupFunction): BrokerDialer {
  /** Where each was reached last: the first to be tried, and not looked up while there is a connection. */
  const reached = new Map<string, string>();
  /** All who want a name of a pool at a time share them, so that none closes what another one has got. */
  const races = new WeakMap<DialedPool, Map<string, Promise<Connection>>>();

  const racesOf = (pool: DialedPool) => {
    const running = races.get(pool) ?? new Map<string, Promise<Connection>>();
    races.set(pool, running);
    return running;
  };

  function race(pool: DialedPool, { host, port }: Readonly<Broker>, found: readonly string[]) {
    const name = `${host}:${port}`;
    const last = reached.get(name);
    const addresses = last !== undefined && found.includes(last) ? [...new Set([last, ...found])] : found;
    const running = racesOf(pool);
    const winner = firstToConnect(addresses, {
      connect: address => pool.get({ host: address, port }),
      onFirst: address => void reached.set(name, address),
      onLate(address, connection) {
        // The one of that address may be the winner of a race that began since.
        if (!running.has(name) && reached.get(name) !== address) connection.close(() => undefined);
      },
    }).finally(() => running.delete(name));
    running.set(name, winner);
    return winner;
  }

  return async (pool, broker) => {
    const { host, port } = broker;
    const name = `${host}:${port}`;
    if (isIP(host) !== 0) return pool.get({ host, port });
    const last = reached.get(name);
    const kept = last === undefined ? undefined : pool.getEstablishedConnection({ host: last, port });
    if (kept?.isConnected()) return kept;
    const addresses = await addressesOf(host, lookup);
    return racesOf(pool).get(name) ?? race(pool, broker, addresses);
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
