import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { claimDue, findDue } from '@ackline/store/delivery-claims';
import { promote, recordOutcomes } from '@ackline/store/delivery-outcomes';
import { sweepExpiredLeases } from '@ackline/store/expired-leases';
import { findUnroutedSources, takeUnrouted } from '@ackline/store/unrouted-events';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool, QueryConfig } from 'pg';
import { GOES_ON, openPool, outcomeOf } from './rows.ts';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

const BIG = 20_000;

describe('with very much that is scheduled, parked, or waits for one stuck key', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
    const rows = (count: number, columns: string) =>
      `insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, priority, ordering_key, state,
                               due_at, blocks, followed)
       select gen_random_uuid(), current_date, nextval('event_seq'), gen_random_uuid(), 's', 't' || n % 3, 'r', 'crm', 'normal',
              ${columns} from generate_series(1, ${count}) n`;
    await pool.query(rows(BIG, "null, 'due', now() + interval '1 hour', false, false"));
    await pool.query(rows(BIG, "null, 'parked', now(), false, false"));
    await pool.query(rows(1, "'stuck', 'parked', now(), true, true"));
    await pool.query(rows(BIG / 2, "'stuck', 'waiting', now(), false, false"));
    await pool.query(rows(20, "null, 'due', now(), false, false"));
    await pool.query("delete from deliveries where tenant = 't2' and due_at <= now()"); // all of it is scheduled
    await pool.query(
      `insert into unrouted_events (seq, stored_day, source, body_bytes)
       select n, current_date, 'removed', 100 from generate_series(1, ${BIG}) n`,
    );
    await pool.query('analyze deliveries, unrouted_events');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  /** Rows that the statements of `use` read, by the plan that they ran with. */
  async function rowsRead(use: (explained: Pool) => Promise<unknown>): Promise<number> {
    const plans = await explain('analyze, format json', use);
    const read = (node: PlanNode): number => {
      const own =
        node['Relation Name'] === undefined
          ? 0
          : (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0);
      return (
        own * (node['Actual Loops'] ?? 1) + (node.Plans ?? []).reduce((sum, child) => sum + read(child), 0)
      );
    };
    return plans.reduce((sum, plan) => sum + read(plan), 0);
  }

  /** Tables that the plans for any values, as a named statement gets one, read from end to end. */
  async function readWhole(use: (explained: Pool) => Promise<unknown>): Promise<readonly string[]> {
    const plans = await explain('generic_plan, format json', use);
    const whole = (node: PlanNode): readonly string[] => [
      ...(node['Node Type'] === 'Seq Scan' ? [node['Relation Name'] ?? ''] : []),
      ...(node.Plans ?? []).flatMap(whole),
    ];
    return plans.flatMap(whole);
  }

  async function explain(
    options: string,
    use: (explained: Pool) => Promise<unknown>,
  ): Promise<readonly PlanNode[]> {
    const plans: PlanNode[] = [];
    const query = async (config: QueryConfig | string, values?: unknown[]) => {
      const text = typeof config === 'string' ? config : config.text;
      if (/^(begin|commit|rollback|set local .*)$/.test(text)) return { rows: [] };
      const given = typeof config === 'string' ? values : config.values;
      const generic = options.startsWith('generic');
      const { rows } = generic
        ? await pool.query(`explain (${options}) ${text}`)
        : await pool.query(`explain (${options}) ${text}`, given);
      plans.push(rows[0]['QUERY PLAN'][0].Plan);
      return { rows: [] };
    };
    const connect = () => Promise.resolve({ query, release: () => undefined });
    await use({ query, connect } as unknown as Pool);
    assert.ok(plans.length > 0);
    return plans;
  }

  const request = {
    destination: 'crm',
    leaseId: randomUUID(),
    leaseMs: 60_000,
    limit: 5,
    maxBytes: 1_000_000,
  };
  const from = ['t0', 't1', 't2'].map(tenant => ({ tenant, priority: 'normal' as const, quota: 3 }));
  const stuck = { destination: 'crm', source: 's', orderingKey: 'stuck' };
  const looks: readonly { what: string; use: (explained: Pool) => Promise<unknown> }[] = [
    { what: 'a look for what is due', use: explained => findDue(explained, ['crm', 'erp']) },
    { what: 'a claim', use: explained => claimDue(explained, { ...request, from }) },
    { what: 'a claim of replays', use: explained => claimDue(explained, { ...request, from: 'replays' }) },
    {
      what: 'an outcome',
      use: explained => recordOutcomes(explained, [outcomeOf({ id: randomUUID(), leaseId: randomUUID() })]),
    },
    { what: 'a sweep', use: explained => sweepExpiredLeases(explained, GOES_ON) },
    {
      what: 'the promotion of a key that 10,000 wait for',
      use: explained => promote(explained as never, [stuck]),
    },
    { what: 'a look for unrouted events', use: explained => findUnroutedSources(explained, ['s', 'other']) },
    {
      what: 'a batch of unrouted events',
      use: explained => takeUnrouted(explained as never, 'removed', { rows: 5, bytes: 1_000_000 }),
    },
  ];
  for (const { what, use } of looks) {
    it(`${what} reads a handful of rows`, async () => {
      assert.deepEqual(await readWhole(use), []);
      const read = await rowsRead(use);
      assert.ok(read < 100, `${read} rows`);
    });
  }
});
