import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { it } from 'node:test';
import { recordOutcomes } from '@ackline/store/delivery-outcomes';
import { migrate } from '@ackline/store/migrate';
import { listCauses } from '@ackline/store/parked-causes';
import { discardDelivery } from '@ackline/store/discard';
import { replayDelivery } from '@ackline/store/replay-delivery';
import { takeUnrouted } from '@ackline/store/unrouted-events';
import { inTransaction } from '@ackline/store/transaction';
import { withDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { claim, openPool, outcomeOf } from './rows.ts';

const FIRST = new URL('../src/migrations/0001-foundation.sql', import.meta.url);

/** A database as the release before this migration left it, with the partitions of two days. */
async function makeVersionOne(pool: Pool): Promise<void> {
  await pool.query(await readFile(FIRST, 'utf8'));
  await pool.query(`
    create table schema_migrations (version integer primary key, name text not null, applied_at timestamptz not null default now());
    insert into schema_migrations (version, name) values (1, '0001-foundation.sql');
    create table events_20260101 partition of events for values from ('2026-01-01') to ('2026-01-02');
    create table deliveries_20260101 partition of deliveries for values from ('2026-01-01') to ('2026-01-02');
    insert into events (stored_day, seq, id, source, tenant, provider, type, dedup_key, received_at, priority, tier, routing, key_id, meta, body)
      select case when n % 2 = 0 then date '2026-01-01' else date '2025-06-01' end, n, gen_random_uuid(), 's', 't', 'p', 'ty',
             'k' || n, now(), 'normal', 'inbox', case when n >= 90 then 'unrouted' else 'routed' end, 'none', '{}', repeat('x', n)::bytea
        from generate_series(1, 99) n;
    select setval('event_seq', 100);`);
}

interface OldRow {
  readonly seq: number;
  readonly key?: string;
  readonly state: string;
  readonly blocks?: boolean;
  readonly replay?: boolean;
}

async function insertOld(pool: Pool, rows: readonly OldRow[]): Promise<void> {
  for (const { seq, key = null, state, blocks = false, replay = false } of rows) {
    await pool.query(
      `insert into deliveries (stored_day, id, seq, event_id, source, tenant, route, destination, ordering_key, priority, state,
                               lease_id, lease_until, attempts, blocks, replay, finished_at, tries)
       select stored_day, gen_random_uuid(), seq, id, 's', 't', 'r', 'crm', $2, 'normal', $3,
              case when $3 = 'leased' then gen_random_uuid() end, case when $3 = 'leased' then now() + interval '30 s' end,
              '[{"status": 500}]', $4, $5, case when $3 in ('due', 'leased') then null else now() end, 3
         from events where seq = $1`,
      [seq, key, state, blocks, replay],
    );
  }
}

async function placesAfter(pool: Pool): Promise<Record<string, string>> {
  const { rows } = await pool.query<{ seq: string; text: string }>(
    `select seq, concat_ws(' ', state, case when blocks then 'blocks' end, case when replay then 'replay' end) as text
       from all_deliveries order by seq, text`,
  );
  return Object.fromEntries(rows.map(row => [row.seq, row.text]));
}

it('a database of version 1 keeps each delivery: open ones get their places in the order of their keys', async () => {
  await withDatabase(
    async ({ url }) => {
      const pool = openPool(url);
      await makeVersionOne(pool);
      await insertOld(pool, [
        { seq: 1, state: 'delivered' },
        { seq: 2, state: 'discarded', key: 'a' },
        { seq: 3, state: 'due' },
        { seq: 4, state: 'leased' },
        { seq: 5, state: 'parked' },
        // in order: the first is being sent
        { seq: 10, key: 'a', state: 'leased' },
        { seq: 11, key: 'a', state: 'due' },
        { seq: 12, key: 'a', state: 'due' },
        // one blocks, and is sent again
        { seq: 20, key: 'b', state: 'due', blocks: true, replay: true },
        { seq: 21, key: 'b', state: 'due' },
        // one that came late by its number, behind what is being sent
        { seq: 30, key: 'c', state: 'due' },
        { seq: 31, key: 'c', state: 'leased' },
        // replays and parked ones outside the order
        { seq: 40, key: 'd', state: 'due', replay: true },
        { seq: 41, key: 'd', state: 'parked' },
        { seq: 42, key: 'd', state: 'due' },
        // two of one event, parked under onPark: block at once
        { seq: 50, key: 'e', state: 'parked', blocks: true },
        { seq: 50, key: 'e', state: 'parked', blocks: true },
        { seq: 51, key: 'e', state: 'due' },
      ]);
      await migrate(url);
      assert.deepEqual(await placesAfter(pool), {
        1: 'delivered',
        2: 'discarded',
        3: 'due',
        4: 'leased',
        5: 'parked',
        10: 'leased',
        11: 'waiting',
        12: 'waiting',
        20: 'due blocks replay',
        21: 'waiting',
        30: 'waiting',
        31: 'leased',
        40: 'due replay',
        41: 'parked',
        42: 'due',
        50: 'parked blocks', // the other one is parked
        51: 'waiting',
      });
      const open = await pool.query<{ count: number; blocking: number; bytes: string }>(
        `select count(*)::int as count, count(*) filter (where blocks and seq = 50)::int as blocking,
                sum(body_bytes - seq) as bytes from deliveries`,
      );
      assert.deepEqual(open.rows, [{ count: 16, blocking: 1, bytes: '0' }]);
      const causes = await listCauses(pool, { limit: 10 });
      assert.deepEqual(
        causes.map(({ cause, count }) => [cause, count]),
        [['crm 500', 4]],
      );
      await goesOn(pool);
      await pool.end();
    },
    { migrated: false },
  );
});

/** All of it can be delivered, in order, and what is finished is found in its day. */
async function goesOn(pool: Pool): Promise<void> {
  const leased = await pool.query<{ id: string; leaseId: string }>(
    'select id, lease_id as "leaseId" from deliveries where state = \'leased\'',
  );
  await recordOutcomes(
    pool,
    leased.rows.map(row => outcomeOf(row)),
  );
  const blocking = await pool.query<{ id: string }>(
    "select id from deliveries where state = 'parked' and blocks",
  );
  assert.equal(await discardDelivery(pool, blocking.rows[0]!.id, 'anna'), true);
  for (let claimed = await claim(pool); claimed.length > 0; claimed = await claim(pool)) {
    assert.ok(claimed.every(row => row.body.byteLength > 0));
    await recordOutcomes(
      pool,
      claimed.map(row => outcomeOf(row)),
    );
  }
  const places = await placesAfter(pool);
  const left = Object.entries(places).filter(([, text]) => !/delivered|discarded/.test(text));
  assert.deepEqual(
    left.map(([seq]) => seq),
    ['5', '41', '50'],
  ); // parked, and holding nobody
  const { rows } = await pool.query<{ partition: string; id: string }>(
    'select tableoid::regclass::text as partition, id from finished_deliveries where seq in (1, 12) order by seq',
  );
  assert.deepEqual(
    rows.map(row => row.partition),
    ['finished_deliveries_default', 'finished_deliveries_20260101'],
  );
  assert.equal((await replayDelivery(pool, rows[0]!.id, 'anna')).kind, 'replayed');
  const unrouted = await inTransaction(pool, client =>
    takeUnrouted(client, 's', { rows: 100, bytes: 1_000_000 }),
  );
  assert.deepEqual(
    unrouted.map(event => Number(event.seq)),
    Array.from({ length: 10 }, (_, n) => 90 + n),
  );
}
