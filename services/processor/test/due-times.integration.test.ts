import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { settableClock } from '@ackline/testkit/database-clock';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { createDueTimes } from '../src/due-times.ts';
import { createUpkeep } from '../src/upkeep.ts';
import { openPool } from './events.ts';

describe('a processor whose PostgreSQL has its clock set back', () => {
  let database: TestDatabase;
  let pool: Pool;
  let setClock: (shift: string) => Promise<void>;
  before(async () => {
    database = await createTestDatabase();
    setClock = await settableClock(database);
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query('truncate deliveries');
    await setClock('0');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  function dueTimes() {
    const time = { ms: 0 };
    const logged: string[] = [];
    const log = { warn: (_fields: object, event: string) => void logged.push(event) } as never;
    return { ...createDueTimes({ pool, log, now: () => performance.now() + time.ms }), time, logged };
  }
  const store = () =>
    pool.query(
      `insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, priority, state, due_at)
       values (gen_random_uuid(), current_date, 1, gen_random_uuid(), 's', 't', 'r', 'crm', 'normal', 'due', now())`,
    );
  const late = async () =>
    (await pool.query("select from deliveries where due_at > now() + interval '1 second'")).rowCount;

  it('lets nothing wait for what was ahead, and says so', async () => {
    const one = dueTimes();
    await one.round();
    await setClock('2 hours');
    await store();
    await one.round();
    assert.deepEqual(one.logged, [], 'ahead, it holds nothing up');
    await setClock('0');
    assert.equal(await late(), 1);
    await one.round();
    assert.equal(await late(), 0);
    assert.deepEqual(one.logged, ['database.clock-set-back', 'delivery.waits-shortened']);
  });

  it('looks again for a minute, since a transaction of before may commit after it, and then no more', async () => {
    const one = dueTimes();
    await setClock('2 hours');
    await one.round();
    await setClock('0');
    await one.round();
    const storeAhead = async () => {
      await store();
      await pool.query(
        "update deliveries set created_at = now() + interval '2 hours', due_at = now() + interval '2 hours'",
      );
    };
    await storeAhead();
    await one.round();
    assert.equal(await late(), 0);
    one.time.ms = 61_000;
    await setClock('61 seconds');
    await one.round();
    await storeAhead();
    await one.round();
    assert.equal(await late(), 2);
  });

  it('looks once when it starts: nobody may have been there', async () => {
    await setClock('2 hours');
    await store();
    await setClock('0');
    const one = dueTimes();
    await one.round();
    assert.deepEqual([await late(), one.logged], [0, ['delivery.waits-shortened']]);
  });

  it('does so all the time, beside its other upkeep', async () => {
    const ending = new AbortController();
    const upkeep = createUpkeep({
      pool,
      rules: () => ({ destinations: new Map() }),
      log: { error: () => undefined, warn: () => undefined } as never,
      onSwept: () => undefined,
    });
    await setClock('2 hours');
    await store();
    const running = upkeep.run(ending.signal);
    try {
      await setClock('0');
      await waitFor(async () => (await late()) === 0);
    } finally {
      ending.abort();
      await running;
    }
  });
});
