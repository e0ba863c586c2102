import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type LookupFunction, type Server } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { freePort } from '@ackline/testkit/free-port';
import { type BrokerConnections, createBrokerConnections } from '../src/broker-connections.ts';

const TIMEOUT_MS = 10_000;
/** Nobody listens there. macOS has no such address. */
const NOBODY = '127.0.0.2';
const skip = process.platform === 'darwin';

describe('connections to brokers', { timeout: 60_000 }, () => {
  let server: Server;
  let port = 0;
  before(async () => {
    server = createServer(socket => void socket.on('error', () => {}).resume());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  after(() => void server.close());

  /** A look-up that knows these alone; a name without addresses is never answered. */
  async function withNames(
    names: Readonly<Record<string, readonly string[]>>,
    work: (connections: BrokerConnections, asked: readonly string[]) => Promise<void>,
  ): Promise<void> {
    const asked: string[] = [];
    const lookup: LookupFunction = (name, _options, answer) => {
      asked.push(name);
      const addresses = names[name];
      if (addresses === undefined) {
        answer(Object.assign(new Error(name), { code: 'ENOTFOUND' }), []);
      } else if (addresses.length > 0) {
        answer(
          null,
          addresses.map(address => ({ address, family: 4 })),
        );
      }
    };
    const connections = createBrokerConnections({ brokers: [], timeoutMs: TIMEOUT_MS, lookup });
    try {
      await work(connections, asked);
    } finally {
      await connections.close();
    }
  }
  const broker = (host: string) => ({ host, port });
  const isOpen = async (connecting: ReturnType<BrokerConnections['to']>) => (await connecting).isConnected();

  it('are made by the look-up that all destinations share, once for as long as they last', async () => {
    await withNames({ 'broker.test': ['127.0.0.1'] }, async (connections, asked) => {
      assert.equal(await isOpen(connections.to(broker('broker.test'), 0)), true);
      assert.equal(
        await connections.to(broker('broker.test'), 0),
        await connections.to(broker('broker.test'), 0),
      );
      assert.deepEqual(asked, ['broker.test']);
      assert.notEqual(
        await connections.to(broker('broker.test'), 1),
        await connections.to(broker('broker.test'), 0),
      );
      assert.deepEqual(asked, ['broker.test', 'broker.test']);
    });
  });

  it('are made at the address that takes them, and there first the next time', { skip }, async () => {
    await withNames({ 'broker.test': [NOBODY, '127.0.0.1'] }, async connections => {
      const addressOf = async (partition: number) =>
        (await connections.to(broker('broker.test'), partition)).socket.remoteAddress;
      assert.equal(await addressOf(0), '127.0.0.1');
      const late = createServer().listen(port, NOBODY); // takes connections from now on
      await once(late, 'listening');
      assert.equal(await addressOf(1), '127.0.0.1');
      late.close();
    });
  });

  it('fail as the look-up does, or the address', async () => {
    const closed = { host: 'broker.test', port: await freePort() };
    await withNames({ 'broker.test': ['127.0.0.1'] }, async connections => {
      await assert.rejects(connections.to(broker('unknown.test'), 0), { code: 'ENOTFOUND' });
      await assert.rejects(connections.to(closed, 0), { code: 'PLT_KFK_NETWORK' });
    });
  });

  it('are not looked up where the broker is named by its address', async () => {
    await withNames({}, async (connections, asked) => {
      assert.equal(await isOpen(connections.to(broker('127.0.0.1'), 0)), true);
      assert.deepEqual(asked, []);
    });
  });

  it('answer though the names of other brokers are not found, or never answered', async () => {
    await withNames({ 'broker.test': ['127.0.0.1'], 'silent.test': [] }, async connections => {
      const brokers = ['silent.test', 'unknown.test', 'broker.test'].map(broker);
      assert.equal(await connections.ask(brokers, async connection => connection.port), port);
    });
  });
});
