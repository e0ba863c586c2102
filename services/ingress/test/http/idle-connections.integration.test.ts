import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { waitFor } from '@ackline/testkit/wait-for';
import { startFront, TELEGRAM_HEADERS } from '../support/front.ts';
import { openRaw, post, type RawClient } from '../support/raw-http.ts';

const ROOM = 64;
/** Of connections on which nothing is served. */
const HALF = ROOM / 2;
const OTHERS = 20;

function update(id: number): Buffer {
  const body = `{"update_id":${id},"message":{"chat":{"id":7},"date":1700000000}}`;
  return post('/webhook/telegram', TELEGRAM_HEADERS, body);
}

async function answered(client: RawClient, id: number): Promise<void> {
  client.write(update(id));
  assert.equal((await client.answer()).status, 200);
}

/** Opens connections, which are closed with it, and knows those that the server has ended. */
function createClients(port: number) {
  const all: RawClient[] = [];
  const ended = new Set<RawClient>();
  return {
    ended,
    async open(): Promise<RawClient> {
      const client = await openRaw(port);
      all.push(client);
      void client.closed.then(() => ended.add(client));
      return client;
    },
    [Symbol.dispose]() {
      for (const client of all) client[Symbol.dispose]();
    },
  };
}

const refusedFor = (metrics: string) =>
  Number(/rejects_total\{source="none",reason="too_many_connections"[^}]*\} (\d+)/.exec(metrics)?.[1] ?? 0);

describe('connections that one client leaves idle (CN5)', () => {
  it('leave room for all others, however many it opens: the longest idle ones are closed, without a reset', async () => {
    await using front = await startFront({ maxConnections: ROOM });
    using one = createClients(front.port);
    const opened: RawClient[] = [];
    for (let id = 0; id < 3 * ROOM; id += 1) {
      const client = await one.open();
      opened.push(client);
      await answered(client, id);
    }
    using others = createClients(front.port);
    const theirs = await Promise.all(Array.from({ length: OTHERS }, () => others.open()));
    await Promise.all(theirs.map((client, id) => answered(client, 1_000 + id)));
    assert.equal(others.ended.size, 0);
    assert.equal(refusedFor(await front.registry.metrics()), 0, 'nobody was closed unread');

    await waitFor(() => one.ended.size === 3 * ROOM - (HALF - OTHERS));
    const kept = opened.slice(-(HALF - OTHERS));
    assert.deepEqual(
      opened.filter(client => !one.ended.has(client)),
      kept,
    );
    for (const [id, client] of kept.entries()) await answered(client, 2_000 + id);
    assert.deepEqual(
      opened.flatMap(({ errors }) => errors),
      [],
    );
  });

  it('leave it also where all of them were served at once and took the whole room', async () => {
    const hold = Promise.withResolvers<void>();
    let started = 0;
    await using front = await startFront({
      maxConnections: ROOM,
      async append() {
        started += 1;
        await hold.promise;
        return { tier: 'inbox' };
      },
    });
    using one = createClients(front.port);
    const opened: RawClient[] = [];
    for (let id = 0; id < ROOM; id += 1) {
      const client = await one.open();
      client.write(update(id));
      opened.push(client);
    }
    await waitFor(() => started === ROOM);
    assert.equal(one.ended.size, 0, 'what is served is not ended');
    hold.resolve();
    const statuses = await Promise.all(opened.map(async client => (await client.answer()).status));
    assert.deepEqual(new Set(statuses), new Set([200]));
    await waitFor(() => one.ended.size === HALF);
    using others = createClients(front.port);
    for (let id = 0; id < HALF; id += 1) await answered(await others.open(), 1_000 + id);
    assert.equal(others.ended.size, 0);
  });

  it('are closed before one on which a request is just coming', async () => {
    await using front = await startFront({ maxConnections: ROOM });
    using clients = createClients(front.port);
    const connected = once(front.server, 'connection') as Promise<[Socket]>;
    const slow = await clients.open();
    const [itsSocket] = await connected;
    await answered(slow, 1);
    const bytes = update(2);
    slow.write(bytes.subarray(0, 20));
    await waitFor(() => itsSocket.bytesRead > update(1).length);
    const idle = await clients.open();
    for (let id = 3; id < 3 + HALF; id += 1) await answered(await clients.open(), id);
    await waitFor(() => clients.ended.has(idle));
    assert.ok(!clients.ended.has(slow));
    slow.write(bytes.subarray(20));
    assert.equal((await slow.answer()).status, 200);
  });

  it('take the place of one that only pretends to send, too', async () => {
    await using front = await startFront({ maxConnections: ROOM });
    using clients = createClients(front.port);
    for (let id = 0; id < ROOM; id += 1) {
      const client = await clients.open();
      client.write('POST /webhook/telegram HTTP/1.1\r\n');
    }
    await waitFor(() => clients.ended.size === HALF);
    await answered(await clients.open(), 1);
  });
});
