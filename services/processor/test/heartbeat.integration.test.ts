import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createFairShare } from '@ackline/shared/fair-share';
import { pauseDestination } from '@ackline/store/destinations';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { createDestinations } from '../src/delivery/destinations.ts';
import { createNameLookup } from '@ackline/runtime/name-lookup';
import { createDestinationNews, type DestinationNews } from '../src/destination-news.ts';
import { createHeartbeat } from '../src/heartbeat.ts';
import { destinationConfig } from './configs.ts';
import { openPool } from './events.ts';

describe('a heartbeat', () => {
  let database: TestDatabase;
  let pool: Pool;
  const known = () =>
    createDestinations(new Map(), {
      onNews: () => undefined,
      slotFreed: () => undefined,
      lookup: createNameLookup(),
      memory: createFairShare(1_000),
      isShared: () => false,
      now: () => performance.now(),
    });
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  it('gives no slots to a destination that a reload adds while it reads which ones are paused', async () => {
    await pauseDestination(pool, 'added', { reason: 'moves', actor: 'anna' });
    const destinations = known();
    const { all } = destinations;
    const news = createDestinationNews({ pool, destinations: all, cache: { learn: () => undefined } });
    const duringReload: DestinationNews = {
      async read() {
        const reading = news.read();
        destinations.apply(new Map([['added', destinationConfig({ name: 'added' })]]));
        await reading;
      },
    };
    const heartbeat = createHeartbeat({
      pool,
      processorId: 'one',
      destinations: all,
      news: duringReload,
      state: () => ({}),
      log: undefined as never,
    });
    await heartbeat.beat();
    assert.equal(all.get('added')?.tryReserve(0, 'a'), null);
    await heartbeat.beat();
    assert.equal(all.get('added')?.pause.isOn, true);
    assert.equal(all.get('added')?.slots.free, 5);
    await destinations.close();
  });

  it('is written whatever the words are that a handler does not load with', async () => {
    const destinations = known();
    const heartbeat = createHeartbeat({
      pool,
      processorId: 'worded',
      destinations: destinations.all,
      news: { read: () => Promise.resolve() } as never,
      state: () => ({ handlers: { bot: { problem: 'SyntaxError: \u0000 \ud83d' } } }),
      log: undefined as never,
    });
    await heartbeat.beat();
    assert.deepEqual(heartbeat.health(), { ok: true });
    await pool.query("delete from processors where id = 'worded'");
    await destinations.close();
  });

  it('leaves no slots to a dead processor whose heartbeat is still to come, since the clock was set back', async () => {
    await pool.query(
      "insert into processors (id, state, heartbeat_at) values ('dead', '{}', now() + interval '30 minutes')",
    );
    const destinations = known();
    destinations.apply(new Map([['alone', destinationConfig({ name: 'alone' })]]));
    const heartbeat = createHeartbeat({
      pool,
      processorId: 'one',
      destinations: destinations.all,
      news: createDestinationNews({
        pool,
        destinations: destinations.all,
        cache: { learn: () => undefined },
      }),
      state: () => ({}),
      log: undefined as never,
    });
    await heartbeat.beat();
    assert.equal(destinations.all.get('alone')?.slots.free, 5);
    await destinations.close();
  });
});
