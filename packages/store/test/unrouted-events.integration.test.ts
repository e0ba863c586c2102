import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { listEvents } from '@ackline/store/event-list';
import { type EventRow, insertEvents } from '@ackline/store/events';
import { type DayProgress, dropDay } from '@ackline/store/retention';
import { inTransaction } from '@ackline/store/transaction';
import {
  findUnroutedSources,
  insertUnrouted,
  setRouting,
  takeUnrouted,
  type UnroutedEvent,
} from '@ackline/store/unrouted-events';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { eventRow, openPool } from './rows.ts';

/** Nothing ends it. */
const ON = new AbortController().signal;
const ALL = { rows: 100, bytes: 1_000_000 };

describe('events that no processor could route', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query('truncate events, kept_events, unrouted_events, deliveries');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  async function store(overrides: readonly Partial<EventRow>[]): Promise<readonly EventRow[]> {
    return inTransaction(pool, async client => {
      const rows = overrides.map(one => eventRow({ source: 'new', routing: 'unrouted', ...one }));
      const places = await insertEvents(client, rows);
      const unrouted = rows.map(row => ({
        ...places.get(row.id)!,
        source: row.source,
        bodyBytes: row.body.byteLength,
      }));
      await insertUnrouted(client, unrouted);
      return rows;
    });
  }
  const ids = (events: readonly { id: string }[]) => events.map(event => event.id);

  it('wait for one that knows their source, and come with all that routing needs', async () => {
    const [event] = await store([{ priority: 'high', body: Buffer.from([0, 255]) }]);
    await store([{ source: 'other' }]);
    assert.deepEqual(await findUnroutedSources(pool, ['new', 'known']), ['new']);
    await inTransaction(pool, async client => {
      const [taken, ...none] = await takeUnrouted(client, 'new', ALL);
      assert.deepEqual(none, []);
      const { seq, storedDay, ...rest } = taken!;
      assert.deepEqual(rest, {
        id: event!.id,
        source: 'new',
        tenant: 'default',
        type: 'message',
        dedupKey: event!.dedupKey,
        orderingKey: 'chat-1',
        priority: 'high',
        tier: 'inbox',
        keyId: 'none',
        meta: event!.meta,
        body: event!.body,
      });
      await setRouting(client, [{ seq, storedDay, routing: 'unmatched' }]);
    });
    const { rows } = await pool.query('select source, routing from events order by seq');
    assert.deepEqual(rows, [
      { source: 'new', routing: 'unmatched' },
      { source: 'other', routing: 'unrouted' },
    ]);
    assert.deepEqual(await findUnroutedSources(pool, ['new', 'other']), ['other']);
  });

  it('come in their order, also to two that take them at once', async () => {
    const events = await store(Array(6).fill({}));
    const later: UnroutedEvent[] = [];
    let second = Promise.resolve();
    await inTransaction(pool, async first => {
      assert.deepEqual(ids(await takeUnrouted(first, 'new', { ...ALL, rows: 3 })), ids(events.slice(0, 3)));
      second = inTransaction(pool, async client => {
        later.push(...(await takeUnrouted(client, 'new', { ...ALL, rows: 3 })));
      });
      await waitFor(async () => {
        const waiting = await pool.query(
          "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        );
        return waiting.rowCount === 1;
      });
      assert.deepEqual(later, [], 'what comes later is not there before what the first one took is');
    });
    await second;
    assert.deepEqual(ids(later), ids(events.slice(3)));
  });

  it('come in batches of bounded bytes, and a larger one alone', async () => {
    const body = Buffer.alloc(600);
    const [first, second, huge] = await store([{ body }, { body }, { body: Buffer.alloc(5_000) }]);
    const take = () => inTransaction(pool, client => takeUnrouted(client, 'new', { rows: 10, bytes: 1_000 }));
    assert.deepEqual(ids(await take()), ids([first!]));
    assert.deepEqual(ids(await take()), ids([second!]));
    assert.deepEqual(ids(await take()), ids([huge!]));
    assert.deepEqual(await take(), []);
  });

  it('are taken again when the one that took them fails', async () => {
    const events = await store([{}, {}]);
    await assert.rejects(
      inTransaction(pool, async client => {
        await takeUnrouted(client, 'new', ALL);
        throw new Error('no');
      }),
    );
    const again = await inTransaction(pool, client => takeUnrouted(client, 'new', ALL));
    assert.deepEqual(ids(again), ids(events));
  });

  it('are not listed as such once they are routed, also where their day was just being dropped', async () => {
    const [wanted, unwanted, waiting] = await store([{}, {}, { source: 'other' }]);
    const day = '2020-01-01';
    for (const table of ['events', 'unrouted_events'])
      await pool.query(`update ${table} set stored_day = '${day}'`);
    let progress: DayProgress | undefined;
    await inTransaction(pool, async client => {
      const taken = await takeUnrouted(client, 'new', ALL);
      await setRouting(
        client,
        taken.map(({ id, seq, storedDay }) => {
          return { seq, storedDay, routing: id === wanted!.id ? 'routed' : 'unmatched' };
        }),
      );
      await client.query(
        `insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, priority, state)
         select gen_random_uuid(), stored_day, seq, id, source, tenant, 'r', 'crm', 'normal', 'due' from events where id = $1`,
        [wanted!.id],
      );
      // It copies what it sees: nothing of this transaction yet.
      const copied = await dropDay(pool, day, { signal: ON, statements: 2 });
      assert.ok(copied.kind === 'partly');
      progress = copied.progress;
    });
    assert.deepEqual(
      await dropDay(pool, day, { signal: ON, ...(progress === undefined ? {} : { progress }) }),
      { kind: 'dropped', kept: 3 },
    );
    const listed = await listEvents(pool, { limit: 10 });
    assert.deepEqual(
      new Map(listed.map(({ id, routing }) => [id, routing])),
      new Map([
        [wanted!.id, 'routed'],
        [unwanted!.id, 'unmatched'],
        [waiting!.id, 'unrouted'],
      ]),
    );
  });
});
