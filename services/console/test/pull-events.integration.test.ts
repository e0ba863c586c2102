import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createToken } from '@ackline/store/console-tokens';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { readStoredUntil } from '../src/live/final-place.ts';
import { type ConsoleBed, openConsoleBed, type StartedConsole, urlOf } from './support/console.ts';
import { storeEvent, storeWithin } from './support/rows.ts';

describe('events that are pulled with their payloads', { timeout: 120_000 }, () => {
  let bed: ConsoleBed;
  let pool: Pool;
  let ackline: StartedConsole;
  before(async () => {
    bed = await openConsoleBed();
    ({ pool, console: ackline } = bed);
  });
  after(() => bed[Symbol.asyncDispose]());
  beforeEach(async () => {
    await pool.query('truncate events, kept_events, audit');
  });

  type Query = Record<string, string>;
  const pull = async (query: Query = {}) => {
    const { status, json } = await ackline.call('pullEvents', { query });
    assert.equal(status, 200, JSON.stringify(json));
    return json;
  };
  const now = async () => (await pull()).next as string;
  const idsOf = ({ items }: { items: { id: string }[] }) => items.map(({ id }) => id);
  /** All of them, call by call, as a listener would. */
  const pullAll = async (after: string, query: Query = {}) => {
    const pages: string[][] = [];
    let cursor = after;
    for (;;) {
      const page = await pull({ ...query, after: cursor });
      pages.push(idsOf(page));
      cursor = page.next;
      if (page.isCaughtUp) return { pages, ids: pages.flat(), next: cursor };
    }
  };

  it('begins now, and gives what came then in order, byte for byte, with a cursor for each', async () => {
    await storeEvent(pool);
    const after = await now();
    const bytes = Buffer.from([0, 255, 10, 13, 27]);
    const first = await storeEvent(pool, { body: bytes, orderingKey: 'chat-7' });
    const second = await storeEvent(pool);
    const page = await pull({ after });
    assert.deepEqual(idsOf(page), [first.id, second.id]);
    const [item] = page.items;
    assert.deepEqual(Buffer.from(item.payload.bodyBase64, 'base64'), bytes);
    assert.deepEqual(
      [item.payload.method, item.payload.url, item.orderingKey, item.seq],
      ['POST', 'https://hooks.example.com/crimson', 'chat-7', first.seq],
    );
    assert.deepEqual(item.payload.headers, [
      ['Content-Type', 'application/json'],
      ['X-Twice', '1'],
      ['X-Twice', '2'],
    ]);
    assert.deepEqual(idsOf(await pull({ after: item.cursor })), [second.id]);
    assert.deepEqual((await pull({ after: page.next })).items, []);
  });

  it('never skips an event that commits after greater ones', async () => {
    const after = await now();
    const client = await pool.connect();
    await client.query('begin');
    const held = await storeWithin(client);
    const others = [await storeEvent(pool), await storeEvent(pool)];
    const early = await pull({ after });
    assert.deepEqual([idsOf(early), early.next, early.isCaughtUp], [[], after, false]);
    await client.query('commit');
    client.release();
    assert.deepEqual(
      (await pullAll(early.next)).ids,
      [held, ...others].map(({ id }) => id),
    );
  });

  it('under storers that overlap all the time every event comes once, in order', async () => {
    const after = await now();
    const stored: string[] = [];
    let areStoring = true;
    const storer = async () => {
      for (let n = 0; n < 60; n++) stored.push((await storeEvent(pool)).id);
    };
    const storing = Promise.all([storer(), storer(), storer()]).finally(() => (areStoring = false));
    const seqs: bigint[] = [];
    const pulled: string[] = [];
    let cursor = after;
    for (let isLast = false; !isLast; ) {
      isLast = !areStoring;
      const page = await pull({ after: cursor });
      pulled.push(...idsOf(page));
      seqs.push(...page.items.map(({ seq }: { seq: string }) => BigInt(seq)));
      cursor = page.next;
    }
    await storing;
    assert.deepEqual(pulled.toSorted(), stored.toSorted());
    assert.deepEqual(
      seqs,
      seqs.toSorted((a, b) => (a < b ? -1 : 1)),
    );
  });

  it('begins at a time before what is kept of a day whose other events are gone', async () => {
    const kept = [await storeEvent(pool), await storeEvent(pool)];
    await pool.query('insert into kept_events select * from events');
    await pool.query('truncate events');
    const storedSince = new Date(Date.now() - 300_000).toISOString();
    assert.deepEqual(
      idsOf(await pull({ storedSince })),
      kept.map(({ id }) => id),
    );
  });

  it('takes several sources and the filters of the list, and moves on where nothing matches', async () => {
    const after = await now();
    const wanted = await storeEvent(pool, { source: 'a', type: 'edited', body: '{"amount":9}' });
    const other = await storeEvent(pool, { source: 'b', deliveries: [{ state: 'due', destination: 'bot' }] });
    await storeEvent(pool, { source: 'c' });
    const url = urlOf(ackline.url, 'pullEvents', { query: { after } });
    for (const source of ['a', 'b']) url.searchParams.append('source', source);
    const both = (await (await fetch(url)).json()) as { items: { id: string }[] };
    assert.deepEqual(idsOf(both), [wanted.id, other.id]);
    for (const [query, ids] of [
      [{ source: 'a' }, [wanted.id]],
      [{ type: 'edited' }, [wanted.id]],
      [{ where: '{"body.amount":{"$gt":5}}' }, [wanted.id]],
      [{ destination: 'bot' }, [other.id]],
      [{ source: 'none' }, []],
      [{ where: '{"body.amount":{"$gt":50}}' }, []],
    ] as [Query, string[]][]) {
      const page = await pull({ ...query, after });
      assert.deepEqual(idsOf(page), ids, JSON.stringify(query));
      assert.notEqual(page.next, after, JSON.stringify(query));
      assert.equal(page.isCaughtUp, true);
      assert.deepEqual(idsOf(await pull({ ...query, after: page.next })), []);
    }
  });

  it('a page ends by its limit or by 8 MiB of bodies, with one event at least', async () => {
    const after = await now();
    const large = Buffer.alloc(3 * 1024 * 1024);
    const ids: string[] = [];
    for (const body of [large, large, large, Buffer.alloc(9 * 1024 * 1024), '{}', '{}', '{}'])
      ids.push((await storeEvent(pool, { body })).id);
    const { pages } = await pullAll(after, { limit: '2' });
    assert.deepEqual(
      pages.filter(page => page.length > 0),
      [ids.slice(0, 2), ids.slice(2, 3), ids.slice(3, 4), ids.slice(4, 6), ids.slice(6)],
    );
    assert.equal(pages.flat().length, 7);
  });

  it('begins at a time, whatever is older, also where days lie between', async () => {
    const at = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
    const ids: string[] = [];
    for (const minutes of [5_000, 30, 9, 3]) {
      const { id, seq } = await storeEvent(pool);
      await pool.query(
        'update events set stored_at = $2, stored_day = $2::timestamptz at time zone $3 where seq = $1',
        [seq, at(minutes), 'utc'],
      );
      ids.push(id);
    }
    for (const [minutes, expected] of [
      [10, ids.slice(2)],
      [31, ids.slice(1)],
      [4_000, ids.slice(1)],
      [6_000, ids],
      [1, []],
      [-5, []],
    ] as const) {
      const storedSince = at(minutes);
      const page = await pull({ storedSince });
      assert.deepEqual(idsOf(page), expected, `${minutes} minutes`);
      assert.deepEqual(idsOf(await pull({ storedSince, after: page.from })), expected);
      assert.deepEqual((await pullAll(page.next, { storedSince })).ids, []);
    }
  });

  it('an event of a dropped day that is still needed comes too, once', async () => {
    const after = await now();
    const both = await storeEvent(pool);
    const kept = await storeEvent(pool);
    await pool.query('insert into kept_events select * from events');
    await pool.query('delete from events where id = $1', [kept.id]);
    assert.deepEqual((await pullAll(after)).ids, [both.id, kept.id]);
  });

  it('one that can not be read comes without its payload, and keeps back none behind it', async () => {
    const after = await now();
    const broken = await storeEvent(pool);
    const sound = await storeEvent(pool);
    await pool.query(`update events set meta = '\\x00' where id = $1`, [broken.id]);
    const { items } = await pull({ after });
    assert.deepEqual(
      items.map(({ id, payload }: { id: string; payload: unknown }) => [id, payload !== null]),
      [
        [broken.id, false],
        [sound.id, true],
      ],
    );
  });

  it('a cursor of another database is refused, and says what to do', async () => {
    await storeEvent(pool);
    const { status, json } = await ackline.call('pullEvents', { query: { after: '2026-11-30.999999' } });
    assert.deepEqual([status, json.code], [409, 'ACKLINE_CURSOR_AHEAD']);
    for (const query of [{ after: 'x' }, { limit: '101' }, { storedSince: 'today' }, { source: '' }]) {
      const refused = await ackline.call('pullEvents', { query });
      assert.deepEqual(
        [refused.status, refused.json.code],
        [400, 'ACKLINE_CALL_INVALID'],
        JSON.stringify(query),
      );
    }
  });

  it('each call that shows events is one line of the audit that says which; one that shows none is no line', async () => {
    const after = await now();
    const [first] = [await storeEvent(pool), await storeEvent(pool, { source: 'x' }), await storeEvent(pool)];
    const token = await createToken(pool, {
      name: 'laptop',
      scopes: ['payload'],
      tenant: null,
      expiresInMs: null,
      actor: 'me',
    });
    assert.ok(token !== null);
    const { json } = await ackline.call('pullEvents', { query: { after, source: 'crimson-hooks' }, token });
    await ackline.call('pullEvents', { query: { after: json.next }, token });
    const seq = Number(first?.seq);
    const { rows } = await pool.query(
      "select actor, subject, details from audit where action = 'payloads.pulled'",
    );
    assert.deepEqual(rows, [
      {
        actor: 'token:laptop',
        subject: `${seq}-${seq + 2}`,
        details: { events: 2, seqs: `${seq}, ${seq + 2}`, sources: 'crimson-hooks' },
      },
    ]);
  });

  /** Asks for a payload once for each token (null: none), and takes nothing of the answers. */
  const askAndTakeNothing = async (
    id: string,
    tokens: readonly (string | null)[],
    viewed = tokens.length,
  ) => {
    const url = urlOf(ackline.url, 'readPayload', { params: { id }, query: { raw: '' } });
    const socket = connect({ host: url.hostname, port: Number(url.port) }).pause();
    for (const token of tokens) {
      const head = token === null ? '' : `authorization: Bearer ${token}\r\n`;
      socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n${head}\r\n`);
    }
    await waitFor(async () => (await lines('payload.viewed')) === viewed);
    return socket;
  };
  const lines = async (action: string) =>
    (await pool.query('select from audit where action = $1', [action])).rowCount;
  const tokenOf = (name: string, tenant: string | null) =>
    createToken(pool, { name, tenant, scopes: ['payload'], expiresInMs: null, actor: 'anna@ops-1' });

  it('is held up by nobody who takes nothing of their answers, of however many tenants they are', async () => {
    const after = await now();
    const { id } = await storeEvent(pool, { body: Buffer.alloc(8 * 1024 * 1024) });
    const names = ['slow', 'slower', 'slowest'];
    const sockets = [];
    for (const [n, name] of names.entries())
      sockets.push(await askAndTakeNothing(id, [await tokenOf(name, null)], n + 1));
    assert.deepEqual(idsOf(await pull({ after })), [id]);
    assert.deepEqual(
      sockets.map(({ closed }) => closed),
      names.map(() => false),
    );
    for (const socket of sockets) socket.destroy();
  });

  it('is held up by no tenant that takes nothing of its answers, however many it asks for', async () => {
    const after = await now();
    const { id } = await storeEvent(pool, { body: Buffer.alloc(8 * 1024 * 1024) });
    const tokens = [await tokenOf('one', 'crimson'), await tokenOf('two', 'crimson')];
    const socket = await askAndTakeNothing(id, [...tokens, ...tokens]);
    assert.deepEqual(idsOf(await pull({ after })), [id]);
    assert.equal(socket.closed, false, 'it was not cut before');
    socket.destroy();
  });

  it('a transaction that stands still holds a call up for its patience, and no longer', async () => {
    const client = await pool.connect();
    await client.query('begin');
    await storeWithin(client);
    const { mark, final } = await readStoredUntil(pool, 60);
    assert.equal(final, null);
    await client.query('rollback');
    client.release();
    const later = await readStoredUntil(pool);
    assert.equal(later.final?.seq, mark.seq);
  });
});
