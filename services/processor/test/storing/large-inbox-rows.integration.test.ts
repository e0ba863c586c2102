import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createInboxConsumer } from '@ackline/eventlog/inbox-consumer';
import { peekInbox, peekInboxPast } from '@ackline/store/inbox';
import { ensureLanes } from '@ackline/store/lanes';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { createLaneStorer } from '../../src/storing/lane-storer.ts';
import { ruleOf } from '../configs.ts';
import { appendToInbox, openPool, sampleEvent } from '../events.ts';

/** Two of them are more than one transaction takes. */
const LARGE = Buffer.alloc(9 * 1024 * 1024, 1);

describe('large bodies of one tenant in the inbox', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
    await ensureLanes(pool, 1);
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  it('hold up the small ones of no other, and each key keeps its order', async () => {
    const nothing = () => undefined;
    const storer = createLaneStorer({
      pool,
      lanes: () => 1,
      rules: () => ({
        desk: { tryReserve: () => null, start: nothing, wake: nothing },
        destinations: new Map(),
        providerOf: () => undefined,
        fanOut: ruleOf({ routing: 'unmatched' }),
      }),
      listener: { stored: nothing, quarantined: nothing, refused: nothing },
    });
    const consumer = createInboxConsumer({
      readStanding: async () => [],
      peek: limit => peekInbox(pool, limit),
      peekPast: look => peekInboxPast(pool, look),
      lanes: () => 1,
      watermarks: null,
      readOffsets: async () => [],
      storeInbox: ns => storer.storeInboxRows(ns),
      log: { warn: nothing, info: nothing } as never,
    });
    const large = ['a', 'b', 'c'].map(orderingKey => sampleEvent({ orderingKey, body: LARGE }));
    const behind = sampleEvent({ orderingKey: 'a' });
    const others = [sampleEvent({ orderingKey: 'd' }), sampleEvent({ orderingKey: 'e' })];
    await appendToInbox(pool, [...large, behind, ...others]);
    const stop = new AbortController();
    const running = consumer.run(stop.signal);
    try {
      await waitFor(() => consumer.snapshot().stored === 6, { timeoutMs: 60_000 });
    } finally {
      stop.abort();
      await running;
    }
    const { rows } = await pool.query<{ id: string }>('select id from events order by seq');
    const stored = rows.map(row => row.id);
    assert.deepEqual(new Set(stored.slice(0, 2)), new Set(others.map(({ id }) => id)));
    const [first] = large;
    assert.ok(stored.indexOf(behind.id) > stored.indexOf(first?.id ?? ''));
  });
});
