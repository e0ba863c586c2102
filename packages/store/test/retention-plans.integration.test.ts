import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type KeptPlace, sweepKept } from '@ackline/store/kept-sweep';
import { listExpiredDays } from '@ackline/store/retention';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool, PoolClient } from 'pg';
import { openPool } from './rows.ts';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

const BIG = 60_000;
const KEEP_DAYS = 30;
/** Filling the tables is no work that the usual limit is for. */
const FILLING_LIMIT_MS = 60_000;
/** That a statement looks at, each in the table and in three others. */
const PIECE = 10_000;

describe('with very much of dropped days that stays', { timeout: 120_000 }, () => {
  let database: TestDatabase;
  let pool: Pool;
  let client: PoolClient;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url, 5, FILLING_LIMIT_MS);
    const columns =
      'seq, id, source, tenant, provider, type, dedup_key, received_at, priority, tier, routing, key_id, meta, body';
    await pool.query(
      `insert into kept_events (stored_day, ${columns})
       select '2020-01-01', n, gen_random_uuid(), 's', 't', 'p', 'y', 'd', now(), 'normal', 'inbox', 'routed', 'none', '', ''
         from generate_series(1, ${BIG}) n`,
    );
    await pool.query(
      `insert into events_default (stored_day, ${columns}) select stored_day, ${columns} from kept_events`,
    );
    await pool.query(
      `insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, priority, state)
       select gen_random_uuid(), stored_day, seq, id, 's', 't', 'r', 'crm', 'normal', 'parked' from kept_events`,
    );
    await pool.query(
      `insert into finished_deliveries (stored_day, id, seq, event_id, source, tenant, route, destination, priority, state, finished_at)
       select stored_day, gen_random_uuid(), seq, id, 's', 't', 'r', 'crm', 'normal', 'discarded', now() from kept_events`,
    );
    await pool.query('vacuum analyze kept_events, events_default, deliveries, finished_deliveries_default');
    client = await pool.connect();
  });
  after(async () => {
    client.release();
    await pool.end();
    await database.close();
  });

  /** Rows that the statements of `use` read of their tables, by the plan that they ran with. */
  async function rowsRead(use: (explained: PoolClient) => Promise<unknown>): Promise<number> {
    const read = ({ Plans = [], ...node }: PlanNode): number => {
      const own = node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0);
      const isTable = node['Relation Name'] !== undefined;
      return (isTable ? own * node['Actual Loops'] : 0) + Plans.reduce((sum, child) => sum + read(child), 0);
    };
    let rows = 0;
    const query = async (text: string, values?: unknown[]) => {
      if (!text.includes('stored_day')) return client.query(text, values); // a lock, an end of a transaction
      const plan = await client.query(`explain (analyze, format json) ${text}`, values);
      rows += read(plan.rows[0]['QUERY PLAN'][0].Plan);
      return { rows: [] };
    };
    await use({ query } as unknown as PoolClient);
    return rows;
  }

  it('a look for days that are over reads a row of each', async () => {
    assert.deepEqual(await listExpiredDays(pool, KEEP_DAYS), ['2020-01-01']);
    const read = await rowsRead(explained => listExpiredDays(explained, KEEP_DAYS));
    assert.ok(read < 2_000, `${read} rows`); // of the catalog
  });

  for (const table of ['finished', 'events'] as const) {
    it(`a piece of the ${table} costs the same at the start and near the end`, async () => {
      const places: (KeptPlace | null)[] = [];
      for (let place: KeptPlace | null = null; places.length === 0 || place !== null; ) {
        const swept = await sweepKept(client, KEEP_DAYS, place);
        assert.equal(swept.removed, 0);
        if (swept.table === table) places.push(place);
        place = swept.next;
      }
      assert.ok(places.length >= BIG / PIECE);
      for (const place of [places[0]!, places.at(-2)!]) {
        const read = await rowsRead(explained => sweepKept(explained, KEEP_DAYS, place));
        assert.ok(read >= PIECE && read <= 5 * PIECE, `${read} rows`);
      }
    });
  }
});
