import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Connection } from '@platformatic/kafka';
import { createBrokerDialer, type DialedPool } from '../src/broker-dialer.ts';

const BROKER = { host: 'broker.test', port: 9092 };
const HANGS = '2001:db8::1';
const ANSWERS = '192.0.2.1';

/** The client's pool, of connections that one address alone gives at once. */
function hangingPool() {
  const events = new EventEmitter();
  const late = Promise.withResolvers<void>();
  const closed: string[] = [];
  const connections = new Map<string, Connection>();
  const connect = async (host: string): Promise<Connection> => {
    events.emit('asked', host);
    if (host === HANGS) await late.promise;
    const close = () => void closed.push(host);
    const connection = { host, isConnected: () => true, close } as unknown as Connection;
    connections.set(host, connection);
    return connection;
  };
  const pool = {
    get: ({ host }: { host: string }) => connect(host),
    getEstablishedConnection: ({ host }: { host: string }) => connections.get(host),
  } as unknown as DialedPool;
  return { pool, closed, events, connectLate: () => late.resolve() };
}

const dialer = () =>
  createBrokerDialer((_name, _options, answer) =>
    answer(null, [
      { address: HANGS, family: 6 },
      { address: ANSWERS, family: 4 },
    ]),
  );

describe('a broker by an address of its name', () => {
  it('is reached though the first of them never answers; what that still brings is closed', async () => {
    const { pool, closed, connectLate } = hangingPool();
    const dial = dialer();
    const both = await Promise.all([dial(pool, BROKER), dial(pool, BROKER)]);
    assert.deepEqual(
      both.map(connection => connection.host),
      [ANSWERS, ANSWERS],
    );
    connectLate();
    await turn();
    assert.deepEqual(closed, [HANGS]);
  });

  it('is reached there first the next time', async () => {
    const dial = dialer();
    await dial(hangingPool().pool, BROKER);
    const { pool, events } = hangingPool();
    const asked = once(events, 'asked');
    await dial(pool, BROKER);
    assert.deepEqual(await asked, [ANSWERS]);
  });
});
