import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { createToken } from '@ackline/store/console-tokens';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { type StartedConsole, startConsole, testPool, urlOf } from './support/console.ts';
import { type StoredWish, storeEvent } from './support/rows.ts';

describe('events by the API', () => {
  let database: TestDatabase;
  let pool: Pool;
  let ackline: StartedConsole;
  const stored: StoredWish[] = [];

  before(async () => {
    database = await createTestDatabase();
    pool = testPool(database.url);
    ackline = await startConsole({ databaseUrl: database.url });
    for (let n = 0; n < 7; n++) {
      stored.push(
        await storeEvent(pool, {
          type: n % 2 === 0 ? 'message' : 'edited',
          dedupKey: `update-${n}`,
          orderingKey: `chat-${n % 3}`,
          body: JSON.stringify({ amount: n, text: `number ${n}` }),
          deliveries: [
            { state: n === 3 ? 'parked' : 'delivered', attempts: [{ status: 503, excerpt: 'an echo' }] },
          ],
        }),
      );
    }
  });
  after(async () => {
    await ackline[Symbol.asyncDispose]();
    await pool.end();
    await database.close();
  });

  const idsOf = (page: { items: { id: string }[] }) => page.items.map(({ id }) => id);
  const newestFirst = (...places: number[]) => places.map(place => stored[place]!.id);

  async function pages(query: Record<string, string>): Promise<{ id: string }[][]> {
    const all: { id: string }[][] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { json, status } = await ackline.call('listEvents', {
        query: { ...query, ...(cursor === '' ? {} : { cursor }) },
      });
      assert.equal(status, 200);
      all.push(json.items);
      cursor = json.next;
    }
    return all;
  }

  it('lists the newest first, page by page, each event once', async () => {
    const all = await pages({ limit: '3' });
    assert.deepEqual(
      all.map(page => page.length),
      [3, 3, 1],
    );
    assert.deepEqual(
      all.flat().map(({ id }) => id),
      newestFirst(6, 5, 4, 3, 2, 1, 0),
    );
  });

  it('keeps to what it was asked for', async () => {
    const listed = async (query: Record<string, string>) =>
      idsOf((await ackline.call('listEvents', { query })).json);
    assert.deepEqual(await listed({ type: 'edited' }), newestFirst(5, 3, 1));
    assert.deepEqual(await listed({ orderingKey: 'chat-2' }), newestFirst(5, 2));
    assert.deepEqual(await listed({ state: 'parked' }), newestFirst(3));
    assert.deepEqual(await listed({ state: 'delivered', destination: 'bot' }), []);
    assert.deepEqual(await listed({ destination: 'crm', limit: '2' }), newestFirst(6, 5));
    assert.deepEqual(await listed({ source: 'crimson-hooks', dedupKey: 'update-4' }), newestFirst(4));
    assert.deepEqual(await listed({ source: 'crimson-hooks', dedupKey: 'update-4', type: 'edited' }), []);
    assert.deepEqual(await listed({ dedupKey: 'update-4' }), newestFirst(4));
    assert.deepEqual(await listed({ source: 'azure-hooks' }), []);
    assert.deepEqual(await listed({ id: stored[2]!.id }), newestFirst(2));
    assert.deepEqual(await listed({ where: '{"body.amount":{"$gte":5}}' }), newestFirst(6, 5));
    assert.deepEqual(await listed({ where: '{"headers.x-twice":"2"}', limit: '1' }), newestFirst(6));
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    const yesterday = new Date(Date.now() - 86_400_000).toISOString();
    assert.deepEqual(await listed({ receivedSince: tomorrow }), []);
    assert.equal((await listed({ receivedSince: yesterday, receivedUntil: tomorrow })).length, 7);
    assert.equal((await listed({ storedSince: yesterday, storedUntil: tomorrow })).length, 7);
    assert.deepEqual(await listed({ storedUntil: yesterday }), []);
  });

  it('compares integers that no double holds to the last digit, as routes do', async () => {
    const [at, above] = ['9007199254740992', '9007199254740993'];
    const events = [];
    for (const chat of [at, above, `"${above}"`])
      events.push((await storeEvent(pool, { type: 'long', body: `{"chat":${chat}}` })).id);
    const [of, ofAbove] = events;
    for (const [condition, found] of [
      [above, [ofAbove]],
      [at, [of]],
      [`{"$gt":${at}}`, [ofAbove]],
      [`{"$in":[${above},1]}`, [ofAbove]],
      ['9007199254740994', []],
    ] as const) {
      const query = { type: 'long', where: `{"body.chat":${condition}}` };
      assert.deepEqual(idsOf((await ackline.call('listEvents', { query })).json), found, condition);
      const pulled = await ackline.call('pullEvents', {
        query: { ...query, storedSince: new Date(Date.now() - 600_000).toISOString() },
      });
      assert.deepEqual(idsOf(pulled.json), found, condition);
    }
  });

  it('says what is wrong with a call, and repeats no value of it', async () => {
    for (const [query, problem] of [
      [{ limit: '0' }, /^In the query: limit: /],
      [{ limt: '5' }, /^In the query: Unrecognized key: "limt"/],
      [{ cursor: 'x' }, /cursor/],
      [{ cursor: '2026-02-30.1' }, /cursor/],
      [{ where: '{"body.a":' }, /^where: is no JSON/],
      [{ where: '{"body.a":{"$regex":"(("}}' }, /^where\.body\.a\.\$regex: /],
      [{ where: '{"bdy.a":1}' }, /^where\.bdy\.a: /],
      [{ id: 'me' }, /^In the query: id: must be an id/],
      [{ storedSince: 'today' }, /^In the query: storedSince: /],
      [{ storedUntil: '0000-01-01T00:00:00Z' }, /./],
      [{ type: 'a\u0000b' }, /./],
    ] as const) {
      const { status, json } = await ackline.call('listEvents', { query });
      assert.equal(status, 400, JSON.stringify(query));
      assert.equal(json.code, 'ACKLINE_CALL_INVALID');
      assert.match(json.detail, problem);
    }
  });

  it('tells the whole way of an event', async () => {
    const { json } = await ackline.call('readEvent', { params: { id: stored[3]!.id } });
    assert.equal(json.traceId, '4bf92f3577b34da6a3ce929d0e0e4736');
    assert.deepEqual(json.timeline.map(({ what }: { what: string }) => what).toSorted(), [
      'attempted',
      'parked',
      'received',
      'stored',
    ]);
    assert.deepEqual(
      json.deliveries.map(({ state, attempts }: { state: string; attempts: { excerpt: string }[] }) => [
        state,
        attempts[0]?.excerpt,
      ]),
      [['parked', 'an echo']],
    );
    const delivery = await ackline.call('readDelivery', { params: { id: stored[3]!.deliveries[0]! } });
    assert.deepEqual(delivery.json, json.deliveries[0]);
    assert.equal((await ackline.call('readEvent', { params: { id: randomUUID() } })).status, 404);
    assert.equal((await ackline.call('readDelivery', { params: { id: randomUUID() } })).status, 404);
  });

  it('tells all but the trace of an event whose head can not be read', async () => {
    const { id } = await storeEvent(pool);
    const { rowCount } = await pool.query(`update events set meta = '\\x00' where id = $1`, [id]);
    assert.equal(rowCount, 1);
    const { status, json } = await ackline.call('readEvent', { params: { id } });
    assert.deepEqual([status, json.id, json.traceId], [200, id, null]);
  });

  it('hides keys and excerpts from who may not see payloads', async () => {
    const token = (await createToken(pool, {
      name: 'viewer',
      scopes: ['view'],
      tenant: null,
      expiresInMs: null,
      actor: 'me',
    }))!;
    const { json } = await ackline.call('readEvent', { params: { id: stored[3]!.id }, token });
    for (const key of [json.orderingKey, json.dedupKey]) assert.match(key, /^#[0-9a-f]{8}$/);
    assert.equal(json.deliveries[0].attempts[0].excerpt, null);
    const filtered = await ackline.call('listEvents', { query: { where: '{"body.amount":1}' }, token });
    assert.deepEqual([filtered.status, filtered.json.code], [403, 'ACKLINE_NOT_ALLOWED']);
    assert.equal((await ackline.call('readPayload', { params: { id: stored[3]!.id }, token })).status, 403);
  });

  it('gives a payload byte for byte, never without a line in the audit', async () => {
    const bytes = Buffer.from([0, 255, 60, 115, 99, 114, 105, 112, 116, 62, 10, 13]);
    const { id } = await storeEvent(pool, { body: bytes });
    const { json } = await ackline.call('readPayload', { params: { id } });
    assert.deepEqual(Buffer.from(json.bodyBase64, 'base64'), bytes);
    assert.deepEqual(json.headers, [
      ['Content-Type', 'application/json'],
      ['X-Twice', '1'],
      ['X-Twice', '2'],
    ]);
    const raw = await fetch(urlOf(ackline.url, 'readPayload', { params: { id }, query: { raw: '' } }));
    assert.deepEqual(Buffer.from(await raw.arrayBuffer()), bytes);
    assert.equal(raw.headers.get('content-type'), 'application/octet-stream');
    assert.equal(raw.headers.get('content-disposition'), `attachment; filename="${id}.bin"`);
    assert.equal(raw.headers.get('x-content-type-options'), 'nosniff');
    const { json: audit } = await ackline.call('listAudit', {
      query: { action: 'payload.viewed', subject: id },
    });
    assert.deepEqual(
      audit.items.map(({ details }: { details: unknown }) => details),
      [
        { source: 'crimson-hooks', form: 'raw' },
        { source: 'crimson-hooks', form: 'json' },
      ],
    );
    assert.ok(!JSON.stringify(ackline.logs).includes('number 3'), 'a payload in a log');
  });

  it('holds one payload of a caller in memory until it is taken, also of a connection that asks for two', async () => {
    // More than the buffers of a connection on both sides, and read well within the limit of a look.
    const bytes = 8 * 1024 * 1024;
    const { id } = await storeEvent(pool, { body: Buffer.alloc(bytes) });
    const url = urlOf(ackline.url, 'readPayload', { params: { id }, query: { raw: '' } });
    const viewed = async () => {
      const { json } = await ackline.call('listAudit', { query: { action: 'payload.viewed', subject: id } });
      return json.items.length;
    };
    const socket = connect({ host: url.hostname, port: Number(url.port) }).pause();
    const request = `GET ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n\r\n`;
    socket.write(request + request);
    await waitFor(async () => (await viewed()) === 2);
    let isAnswered = false;
    const third = fetch(url).then(async response => {
      isAnswered = true;
      return (await response.arrayBuffer()).byteLength;
    });
    await waitFor(async () => (await viewed()) === 3);
    // Meanwhile a body is read many times over: that is all that an answer takes.
    for (let n = 0; n < 20; n++) await pool.query('select body from events where id = $1', [id]);
    assert.equal(isAnswered, false);
    socket.destroy();
    assert.equal(await third, bytes);
  });
});
