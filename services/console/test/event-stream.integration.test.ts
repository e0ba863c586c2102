import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createToken } from '@ackline/store/console-tokens';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { eventRoutes } from '../src/api/events.ts';
import { MAX_CLIENTS, MAX_OF_CALLER } from '../src/live/stream-places.ts';
import { type StartedConsole, startConsole, testPool, urlOf } from './support/console.ts';
import { storeEvent } from './support/rows.ts';

interface Message {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: string | undefined;
}

/** A client of the stream, which reads as a browser does. */
async function follow(
  base: string,
  query: Record<string, string> = {},
  headers: Record<string, string> = {},
) {
  const stop = new AbortController();
  const response = await fetch(urlOf(base, 'streamEvents', { query }), { headers, signal: stop.signal });
  const messages: Message[] = [];
  const read = async () => {
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString('utf8');
      const parts = text.split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) {
        const field = (name: string) =>
          part
            .split('\n')
            .find(line => line.startsWith(`${name}: `))
            ?.slice(name.length + 2);
        messages.push({ id: field('id'), event: field('event'), data: field('data') });
      }
    }
  };
  const reading = read().catch(() => undefined);
  return {
    response,
    messages,
    events: () =>
      messages
        .filter(({ event }) => event === 'stored')
        .map(({ data }) => JSON.parse(data ?? '') as { id: string; orderingKey: string | null }),
    lastId: () => messages.findLast(({ id }) => id !== undefined)?.id ?? '',
    async close() {
      stop.abort();
      await reading;
    },
    ended: reading,
  };
}

describe('the stream of events', () => {
  let database: TestDatabase;
  let pool: Pool;
  let ackline: StartedConsole;
  before(async () => {
    database = await createTestDatabase();
    pool = testPool(database.url);
    ackline = await startConsole({ databaseUrl: database.url });
  });
  after(async () => {
    await ackline[Symbol.asyncDispose]();
    await pool.end();
    await database.close();
  });

  const tokenOf = (name: string, tenant: string | null = null) =>
    createToken(pool, { name, scopes: ['view'], tenant, expiresInMs: null, actor: 'me' });

  it('brings what is stored after it was opened, in the form that a list has it', async () => {
    await storeEvent(pool);
    const client = await follow(ackline.url);
    assert.equal(client.response.headers.get('content-type'), 'text/event-stream');
    await waitFor(() => client.messages.length > 0);
    const stored = await storeEvent(pool, { deliveries: [{ state: 'delivered' }] });
    await waitFor(() => client.events().length > 0);
    const [event] = client.events();
    assert.deepEqual(eventRoutes.streamEvents.answer.parse(event), event);
    const { json } = await ackline.call('listEvents', { query: { id: stored.id } });
    assert.deepEqual([event], json.items);
    await client.close();
  });

  it('a client that comes back gets what it missed, by the header of browsers or by the parameter', async () => {
    const client = await follow(ackline.url);
    await waitFor(() => client.lastId() !== '');
    await storeEvent(pool);
    await waitFor(() => client.events().length === 1);
    const last = client.lastId();
    await client.close();
    const missed = [(await storeEvent(pool)).id, (await storeEvent(pool)).id];
    for (const again of [
      await follow(ackline.url, {}, { 'last-event-id': last }),
      await follow(ackline.url, { after: last }),
      // A browser sends the URL that it was given, and where it was.
      await follow(ackline.url, { after: '2020-01-01.0' }, { 'last-event-id': last }),
    ]) {
      await waitFor(() => again.events().length >= 2);
      assert.deepEqual(
        again.events().map(({ id }) => id),
        missed,
      );
      await again.close();
    }
  });

  it('begins at a time, and goes on from there', async () => {
    await pool.query('truncate events');
    const old = await storeEvent(pool);
    await pool.query(`update events set stored_at = now() - interval '30 s' where id = $1`, [old.id]);
    const missed = await storeEvent(pool);
    const storedSince = new Date(Date.now() - 15_000).toISOString();
    const client = await follow(ackline.url, { storedSince });
    const ids = () => client.events().map(({ id }) => id);
    await waitFor(() => ids().length === 1);
    const live = await storeEvent(pool);
    await waitFor(() => ids().length === 2);
    assert.deepEqual(ids(), [missed.id, live.id]);
    await client.close();
  });

  it('who may not see payloads gets no key beside those who do', async () => {
    const token = (await tokenOf('hidden'))!;
    const clients = await Promise.all([
      follow(ackline.url),
      follow(ackline.url, {}, { authorization: `Bearer ${token}` }),
      follow(ackline.url),
      follow(ackline.url, { keys: 'hidden' }),
    ]);
    for (const client of clients) await waitFor(() => client.messages.length > 0);
    await storeEvent(pool, { source: 'telegram', orderingKey: 'chat-7' });
    for (const client of clients) await waitFor(() => client.events().length > 0);
    const { json } = await ackline.call('listEvents', { token, query: { limit: '1' } });
    const hidden: string = json.items[0].orderingKey;
    assert.match(hidden, /^#[0-9a-f]{8}$/);
    assert.deepEqual(
      clients.map(client => client.events().map(event => event.orderingKey)),
      [['chat-7'], [hidden], ['chat-7'], [hidden]],
    );
    for (const client of clients) await client.close();
  });

  it('takes the filters of the list, and refuses a place that is none', async () => {
    const client = await follow(ackline.url, { type: 'edited', where: '{"body.amount":{"$gt":5}}' });
    await waitFor(() => client.messages.length > 0);
    await storeEvent(pool, { body: '{"amount":9}' });
    await storeEvent(pool, { type: 'edited', body: '{"amount":2}' });
    const { id } = await storeEvent(pool, { type: 'edited', body: '{"amount":9}' });
    await waitFor(() => client.events().length > 0);
    assert.deepEqual(
      client.events().map(event => event.id),
      [id],
    );
    await client.close();
    for (const after of ['x', '2026-13-01.1', '99999999999999999999', '2026-11-30.99999999999999999999']) {
      const { status, json } = await ackline.call('streamEvents', { query: { after } });
      assert.deepEqual([status, json.code], [400, 'ACKLINE_CALL_INVALID'], after);
    }
  });

  it('makes room for a tenant that has none; who gave it up goes on where they were', async () => {
    await using own = await startConsole({ databaseUrl: database.url });
    const open = async (name: string, tenant: string | null, count: number) => {
      const authorization = `Bearer ${(await tokenOf(name, tenant)) ?? ''}`;
      const clients = [];
      for (let n = 0; n < count; n++) clients.push(await follow(own.url, {}, { authorization }));
      return clients;
    };
    const [oldest, ...clients] = [
      ...(await open('crimson-1', 'crimson', MAX_OF_CALLER)),
      ...(await open('crimson-2', 'crimson', MAX_OF_CALLER)),
      ...(await open('azure-1', 'azure', MAX_OF_CALLER)),
      ...(await open('azure-2', 'azure', MAX_OF_CALLER)),
    ];
    const others = [...(await open('jade', 'jade', 1)), ...(await open('ops', null, 1))];
    assert.deepEqual(
      others.map(({ response }) => response.status),
      [200, 200],
    );
    let isOver = false;
    void oldest?.ended.then(() => (isOver = true));
    await waitFor(() => isOver);
    const { id } = await storeEvent(pool, { tenant: 'crimson' });
    await Promise.all([...clients, ...others].map(client => client.close()));
    const again = await follow(own.url, { after: oldest?.lastId() ?? '' });
    await waitFor(() => again.events().some(event => event.id === id));
    await again.close();
  });

  it('has a bound on clients, and room again when one goes', async () => {
    const names = Array.from({ length: MAX_CLIENTS }, (_, n) => `tenant-${n}`);
    const tokens = await Promise.all(names.map(name => tokenOf(name, name)));
    const clients = await Promise.all(
      tokens.map(token => follow(ackline.url, {}, { authorization: `Bearer ${token}` })),
    );
    assert.ok(clients.every(({ response }) => response.ok));
    const { status, json, headers } = await ackline.call('streamEvents');
    assert.deepEqual([status, json.code], [503, 'ACKLINE_CONSOLE_BUSY']);
    assert.ok(Number(headers.get('retry-after')) > 0);
    await clients.pop()?.close();
    await waitFor(async () => {
      const one = await follow(ackline.url);
      const isIn = one.response.ok;
      await one.close();
      return isIn;
    });
    await Promise.all(clients.map(client => client.close()));
  });

  it('ends its streams when the console stops', async () => {
    const other = await startConsole({ databaseUrl: database.url });
    const client = await follow(other.url, { type: 'of no event' });
    const all = await follow(other.url);
    await waitFor(() => client.messages.length > 0 && all.messages.length > 0);
    const { id } = await storeEvent(pool);
    await waitFor(() => all.events().some(event => event.id === id));
    await other[Symbol.asyncDispose]();
    await Promise.all([client.ended, all.ended]);
    assert.equal(client.lastId(), all.lastId(), 'goes on behind what its filter left out');
  });
});
