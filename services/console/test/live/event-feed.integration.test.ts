import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createHealthRegistry } from '@ackline/runtime/health';
import { supervise } from '@ackline/runtime/supervisor';
import { compileFilter } from '@ackline/shared/routing/filter';
import { readSeqMark } from '@ackline/store/event-feed';
import type { ListedEvent } from '@ackline/store/event-list';
import { inTransaction } from '@ackline/store/transaction';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { createEventFeed, type EventFeed } from '../../src/live/event-feed.ts';
import type { FeedClient } from '../../src/live/feed-client.ts';
import { MAX_LIVE_BODY_BYTES } from '../../src/live/feed-sender.ts';
import { testPool } from '../support/console.ts';
import { storeEvent, storeWithin } from '../support/rows.ts';

interface Follower extends FeedClient {
  readonly events: ListedEvent[];
  readonly told: boolean[];
  isEnded: boolean;
}

describe('the live feed (LF)', { timeout: 120_000 }, () => {
  let database: TestDatabase;
  let pool: Pool;
  let feed: EventFeed;
  let stop: AbortController;
  let running: Promise<void>;
  /** Looks that have begun, and statements. */
  const asked = { looks: 0, statements: 0 };
  let isAway = false;
  let areBodiesAway = false;
  const logs: string[] = [];

  before(async () => {
    database = await createTestDatabase();
    pool = testPool(database.url);
    const reads = {
      query: (...args: [string | { text: string }, unknown[]]) => {
        const text = typeof args[0] === 'string' ? args[0] : args[0].text;
        asked.statements += 1;
        if (text.includes('event_seq')) asked.looks += 1;
        const isRefused = isAway || (areBodiesAway && text.includes('meta, body'));
        return isRefused
          ? Promise.reject(new Error('connect ECONNREFUSED'))
          : pool.query(...(args as [string, unknown[]]));
      },
    } as unknown as Pick<Pool, 'query'>;
    const log = {
      warn: (_: object, text: string) => void logs.push(text),
      info: (_: object, text: string) => void logs.push(text),
    };
    feed = createEventFeed({ reads, log: log as never, tickMs: 5 });
    stop = new AbortController();
    running = supervise([feed], { signal: stop.signal, log: log as never, health: createHealthRegistry() });
  });
  after(async () => {
    stop.abort();
    await running;
    await pool.end();
    await database.close();
  });
  beforeEach(() => {
    isAway = false;
    areBodiesAway = false;
  });

  async function follow(overrides: Partial<FeedClient> = {}): Promise<Follower> {
    const follower: Follower = {
      search: {},
      where: null,
      at: await readSeqMark(pool),
      events: [],
      told: [],
      isEnded: false,
      send: event => {
        follower.events.push(event);
        return true;
      },
      live: isLive => void follower.told.push(isLive),
      end: () => {
        follower.isEnded = true;
        feed.remove(follower);
      },
      ...overrides,
    };
    feed.add(follower);
    return follower;
  }

  const seqsOf = ({ events }: Follower) => events.map(({ seq }) => seq);
  /** So many looks after now have ended. */
  async function looks(count: number): Promise<void> {
    const until = asked.looks + count + 1;
    await waitFor(() => asked.looks >= until, { what: `${count} looks` });
  }

  it('an event that commits after greater ones comes before them, and is not skipped (LF1)', async () => {
    const follower = await follow();
    const client = await pool.connect();
    await client.query('begin');
    const held = await storeWithin(client);
    const others = [await storeEvent(pool), await storeEvent(pool)];
    await looks(10);
    assert.deepEqual(seqsOf(follower), []);
    await client.query('commit');
    client.release();
    const expected = [held, ...others].map(({ seq }) => seq);
    await waitFor(() => follower.events.length >= 3);
    await looks(3);
    assert.deepEqual(seqsOf(follower), expected);
    feed.remove(follower);
  });

  it('one that is rolled back holds nobody up for good', async () => {
    const follower = await follow();
    const client = await pool.connect();
    await client.query('begin');
    await storeWithin(client);
    const other = await storeEvent(pool);
    await looks(5);
    await client.query('rollback');
    client.release();
    await waitFor(() => follower.events.length >= 1);
    assert.deepEqual(seqsOf(follower), [other.seq]);
    feed.remove(follower);
  });

  it('under storers that overlap all the time, every follower gets every event, in order, wherever it begins', async () => {
    const from = await readSeqMark(pool);
    const early = await follow({ at: from });
    const ids = new Set<string>();
    const storer = async () => {
      for (let n = 0; n < 40; n++) ids.add((await storeEvent(pool)).id);
    };
    const storers = [storer(), storer(), storer()];
    await waitFor(() => early.events.length >= 20);
    // It was cut off in the middle, and comes back to where it was.
    const cut = early.events[9]!;
    const late = await follow({ at: cut });
    await Promise.all(storers);
    await waitFor(() => early.events.length >= ids.size);
    await waitFor(() => late.events.length >= ids.size - 10);
    assert.deepEqual(new Set(early.events.map(({ id }) => id)), ids);
    const seqs = seqsOf(early).map(Number);
    assert.deepEqual(
      seqs,
      seqs.toSorted((a, b) => a - b),
    );
    assert.deepEqual(seqsOf(late), seqsOf(early).slice(10));
    feed.remove(early);
    feed.remove(late);
  });

  it('one that is thousands behind reads pages until it is there, and holds up nobody (LF2)', async () => {
    const from = await readSeqMark(pool);
    await pool.query(
      `insert into events (seq, id, source, tenant, provider, type, dedup_key, received_at, priority, tier, routing, key_id, meta, body)
       select nextval('event_seq'), gen_random_uuid(), 'crimson-hooks', 'crimson', 'p', 't', 'd' || n, now(), 'normal', 'inbox', 'unmatched', 'none', '{}', '{}'
         from generate_series(1, 3210) n`,
    );
    const near = await follow();
    const far = await follow({ at: from });
    const newest = await storeEvent(pool);
    await waitFor(() => near.events.length >= 1);
    await waitFor(() => far.events.length >= 3211);
    assert.deepEqual(seqsOf(near), [newest.seq]);
    assert.equal(new Set(seqsOf(far)).size, 3211);
    const seqs = seqsOf(far).map(Number);
    assert.deepEqual(
      seqs,
      seqs.toSorted((a, b) => a - b),
    );
    feed.remove(near);
    feed.remove(far);
  });

  it('twenty followers cost as many statements as one', async () => {
    const cost = async (count: number) => {
      const followers = await Promise.all(Array.from({ length: count }, () => follow()));
      await looks(3);
      const before = { ...asked };
      await storeEvent(pool);
      await waitFor(() => followers.every(({ events }) => events.length === 1));
      await looks(20);
      const statements = asked.statements - before.statements - 2 * (asked.looks - before.looks);
      for (const follower of followers) feed.remove(follower);
      return statements;
    };
    const ofOne = await cost(1);
    const ofTwenty = await cost(20);
    assert.ok(ofTwenty <= ofOne + 2, `${ofTwenty} statements beside the looks, and ${ofOne} for one`);
  });

  it('sends what a filter takes, of body and of columns', async () => {
    const compiled = compileFilter({ 'body.amount': { $gt: 5 } });
    assert.ok('filter' in compiled);
    const large = await follow({ where: compiled.filter });
    const azure = await follow({ search: { tenant: 'azure' } });
    const stored = [
      await storeEvent(pool, { body: '{"amount":4}' }),
      await storeEvent(pool, { body: '{"amount":6}' }),
      await storeEvent(pool, { tenant: 'azure', source: 'azure-hooks', body: 'no json' }),
      await storeEvent(pool, { body: '{"amount":7}' }),
    ];
    await waitFor(() => large.events.length >= 2 && azure.events.length >= 1);
    await looks(2);
    assert.deepEqual(seqsOf(large), [stored[1]!.seq, stored[3]!.seq]);
    assert.deepEqual(seqsOf(azure), [stored[2]!.seq]);
    // Its place moves on with what its filter does not take.
    assert.ok(BigInt(azure.at.seq) >= BigInt(stored[3]!.seq));
    feed.remove(large);
    feed.remove(azure);
  });

  it('one that does not read is ended, and the others go on (LF3)', async () => {
    const lazy = await follow({ send: () => false });
    const other = await follow();
    await storeEvent(pool);
    await waitFor(() => other.events.length >= 1);
    assert.equal(lazy.isEnded, true);
    feed.remove(other);
  });

  it('while PostgreSQL is away followers stay, are told, and then get what they missed (LF4)', async () => {
    const follower = await follow();
    await looks(2);
    isAway = true;
    await waitFor(() => follower.told.length === 1);
    const stored = await storeEvent(pool);
    isAway = false;
    await waitFor(() => follower.events.length === 1);
    assert.deepEqual([follower.told, seqsOf(follower)], [[false, true], [stored.seq]]);
    feed.remove(follower);
  });

  it('where bodies can not be read, those with a filter are ended, and the others see nothing of it (LF5)', async () => {
    const plain = await follow();
    const filtering = await follow({ where: () => true });
    areBodiesAway = true;
    const stored = await storeEvent(pool);
    await waitFor(() => filtering.isEnded);
    await waitFor(() => plain.events.length === 1);
    assert.deepEqual([plain.isEnded, plain.told, seqsOf(plain)], [false, [], [stored.seq]]);
    // It comes back at its place, and has missed nothing.
    areBodiesAway = false;
    const again = await follow({ where: () => true, at: filtering.at });
    await waitFor(() => again.events.length === 1);
    feed.remove(plain);
    feed.remove(again);
  });

  it('filters that take long hold up nobody without one, and get all in the end (LF5)', async () => {
    const sent: string[] = [];
    const noted = (name: string) => () => sent.push(name) > 0;
    const slow = await follow({
      where: () => {
        for (const until = performance.now() + 320; performance.now() < until; );
        return true;
      },
      send: noted('slow'),
    });
    const plain = await follow({ send: noted('plain') });
    // One look finds all three: none begins while they are made.
    isAway = true;
    await looks(1);
    await inTransaction(pool, async client => {
      for (let n = 0; n < 3; n++) await storeWithin(client);
    });
    isAway = false;
    await looks(1);
    // Stored while there was more to filter than a look has time for.
    await storeEvent(pool);
    await waitFor(() => sent.length === 8);
    assert.deepEqual(sent.slice(0, 4), ['plain', 'plain', 'plain', 'slow']);
    assert.ok(sent.lastIndexOf('plain') < sent.lastIndexOf('slow'));
    assert.equal(slow.isEnded, false);
    feed.remove(slow);
    feed.remove(plain);
  });

  it('a filter that takes long holds up no other filter (LF5)', async () => {
    const EVENTS = 30;
    const sent: string[] = [];
    const noted = (name: string) => () => sent.push(name) > 0;
    const slow = await follow({
      where: () => {
        for (const until = performance.now() + 20; performance.now() < until; );
        return true;
      },
      send: noted('slow'),
    });
    const quick = await follow({ where: () => true, send: noted('quick') });
    await inTransaction(pool, async client => {
      for (let n = 0; n < EVENTS; n++) await storeWithin(client);
    });
    await waitFor(() => sent.length === 2 * EVENTS);
    const before = sent.slice(0, sent.lastIndexOf('quick')).filter(name => name === 'slow').length;
    assert.ok(before <= EVENTS / 2, `${before} by the slow filter before the quick one had all`);
    feed.remove(slow);
    feed.remove(quick);
  });

  it('parses an event once for all filters, and one that is too large for none (LF5)', async () => {
    const seen: unknown[][] = [[], []];
    const followers = await Promise.all(
      seen.map(bodies => follow({ where: ({ body }) => bodies.push(body) > 0 })),
    );
    const plain = await follow();
    const large = await storeEvent(pool, { body: JSON.stringify('x'.repeat(MAX_LIVE_BODY_BYTES)) });
    const small = await storeEvent(pool, { body: '{"amount":6}' });
    await waitFor(() => [plain, ...followers].every(({ at }) => BigInt(at.seq) >= BigInt(small.seq)));
    assert.deepEqual(seqsOf(plain), [large.seq, small.seq]);
    assert.deepEqual(followers.map(seqsOf), [[small.seq], [small.seq]]);
    assert.equal(seen[0]?.[0], seen[1]?.[0]);
    for (const follower of [plain, ...followers]) feed.remove(follower);
  });
});
