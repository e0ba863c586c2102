import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { appendToInbox, type LaneWaits, peekInbox, peekInboxPast, type PeekPast } from '@ackline/store/inbox';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { inboxRow, openPool } from './rows.ts';

const LANES = 4;
const NO_END = 2n ** 63n - 1n;
const FILLING_LIMIT_MS = 60_000;

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Of lanes that have all stored what is before 10. */
function waits(overrides: Partial<LaneWaits> = {}): LaneWaits {
  const each = (offset: bigint) => Array.from({ length: LANES }, () => offset);
  return { stored: each(10n), longUntil: each(NO_END), maxAgeMs: 60_000, ...overrides };
}

describe('a look past the inbox rows that wait', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url, 5, FILLING_LIMIT_MS);
  });
  beforeEach(async () => {
    await pool.query('truncate inbox restart identity');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  /** Their numbers begin at 1. */
  const append = (rows: readonly (readonly [keyHash: number, afterOffset: bigint])[]) =>
    appendToInbox(
      pool,
      rows.map(([keyHash, afterOffset]) => inboxRow({ keyHash, afterOffset })),
    );
  async function look(overrides: Partial<PeekPast> = {}) {
    const { rows, nextN } = await peekInboxPast(pool, {
      afterN: '0',
      waits: waits(),
      window: 100,
      limit: 100,
      ...overrides,
    });
    return [rows.map(({ n }) => Number(n)), nextN === null ? null : Number(nextN)];
  }

  it('finds those that have no known predecessor, and those whose lane has stored it', async () => {
    await append([
      [1, 10n],
      [2, 9n],
      [3, -1n],
      [4, 500n],
      [5, -1n],
    ]);
    assert.deepEqual(await look(), [[2, 3, 5], null]);
    const ahead = waits({ stored: [501n, 10n, 10n, 10n] });
    assert.deepEqual(await look({ waits: ahead }), [[2, 3, 4, 5], null], 'lane 0 is further');
    const [first] = (await peekInboxPast(pool, { afterN: '1', waits: waits(), window: 9, limit: 1 })).rows;
    const [, same] = await peekInbox(pool, 2);
    assert.deepEqual({ ...first, ageMs: 0 }, { ...same, ageMs: 0 });
  });

  it('finds old ones that wait for nothing that comes, and no young ones', async () => {
    await append([
      [1, 10n],
      [2, 10n],
      [3, 10n],
      [6, 19n],
    ]);
    const longUntil = [NO_END, NO_END, 15n, 0n];
    assert.deepEqual(await look({ waits: waits({ longUntil }) }), [[], null]);
    await pool.query("update inbox set appended_at = now() - interval '2 minutes'");
    assert.deepEqual(await look({ waits: waits({ longUntil }) }), [[3, 4], null]);
    await pool.query("update inbox set appended_at = now() + interval '2 minutes'");
    assert.deepEqual(await look({ waits: waits({ longUntil }) }), [[3, 4], null], 'the clock was set back');
  });

  it('finds no row of a key behind one that waits, or behind one before the window', async () => {
    await append([
      [1, -1n],
      [2, -1n],
      [1, -1n],
      [3, -1n],
      [3, 99n],
      [3, -1n],
      [2, -1n],
      [5, -1n],
      [5, -1n],
    ]);
    assert.deepEqual(await look({ afterN: '1' }), [[2, 4, 7, 8, 9], null]);
    assert.deepEqual(await look({ afterN: '2' }), [[4, 8, 9], null]);
  });

  it('walks over as many rows as it is told, and says where the next look goes on', async () => {
    await append(Array.from({ length: 10 }, (_, i) => [i, i < 7 ? 99n : -1n] as const));
    assert.deepEqual(await look({ window: 4 }), [[], 4]);
    assert.deepEqual(await look({ window: 4, afterN: '4' }), [[8], 8]);
    assert.deepEqual(await look({ window: 4, afterN: '8' }), [[9, 10], null]);
    assert.deepEqual(await look({ window: 4, afterN: '4', limit: 1 }), [[8], 8]);
    assert.deepEqual(await look({ limit: 2 }), [[8, 9], 9]);
    assert.deepEqual(await look({ afterN: '10' }), [[], null]);
  });

  it('reads no more than its window, and one row of each key that may go', async () => {
    const [all, window, goes] = [60_000, 10_000, 100];
    await pool.query(
      `insert into inbox (id, key_hash, after_offset, key_id, meta, body)
       select gen_random_uuid(), n % 50000, case when n % 100 = 0 then -1 else 99 end, 'none', '', repeat('x', 500)::bytea
         from generate_series(1, $1) n`,
      [all],
    );
    await pool.query('vacuum analyze inbox');
    let read = 0;
    const count = ({ Plans = [], ...node }: PlanNode): void => {
      const rows = node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0);
      if (node['Relation Name'] === 'inbox') read += rows * node['Actual Loops'];
      Plans.forEach(count);
    };
    const client = await pool.connect();
    try {
      for (const mode of ['force_custom_plan', 'force_generic_plan'] as const) {
        await client.query(`set plan_cache_mode = ${mode}`);
        for (const afterN of ['2000', '45000']) {
          read = 0;
          const query = async ({ text, values }: { text: string; values: unknown[] }) => {
            const types = 'bigint, bigint[], float8, bigint[], int, bigint, bigint';
            await client.query(`prepare look (${types}) as ${text}`);
            const given = values.map(value => (Array.isArray(value) ? `'{${value.join()}}'` : String(value)));
            const plan = await client.query(`explain (analyze, format json) execute look (${given.join()})`);
            await client.query('deallocate look');
            count(plan.rows[0]['QUERY PLAN'][0].Plan);
            return { rows: [] };
          };
          await peekInboxPast({ query } as never, { afterN, waits: waits(), window, limit: 2_000 });
          assert.ok(read >= window && read <= window + 3 * goes, `${read} rows, ${mode}, behind ${afterN}`);
        }
      }
    } finally {
      client.release(true);
    }
  });
});
