import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { recordOutcomes } from '@ackline/store/delivery-outcomes';
import { createPool } from '@ackline/store/pool';
import {
  BY_INDEX,
  countInbox,
  countOpenWork,
  countParked,
  countQuarantined,
  countUnrouted,
  countWork,
  MAX_COUNTED,
} from '@ackline/store/work-figures';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool, QueryConfig } from 'pg';
import { claim, openPool, outcomeOf, storeDeliveries } from './rows.ts';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** As many as are counted over all: a backlog that is over every share. */
const BIG = MAX_COUNTED;
const SHARE = MAX_COUNTED / 2;

describe('figures of work, with 100,000 due and 100,000 parked', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = createPool({
      connectionString: database.url,
      applicationName: 'store-test',
      max: 2,
      limitMs: 120_000,
      onError: () => undefined,
    });
    const rows = (count: number, destination: string, columns: string) =>
      `insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, priority, ordering_key, state,
                               due_at, blocks, followed, replay, created_at, finished_at, attempts, lease_id, lease_until)
       select gen_random_uuid(), current_date, nextval('event_seq'), gen_random_uuid(), 's', 't' || n % 3, 'r', '${destination}',
              'normal', ${columns} from generate_series(1, ${count}) n`;
    const plain = "false, false, false, now() - interval '1 hour', null, '[]', null, null";
    await pool.query(rows(BIG, 'aaa', `null, 'due', now() + interval '1 hour', ${plain}`));
    await pool.query(rows(3, 'crm', `null, 'due', now(), ${plain}`));
    await pool.query(
      rows(
        2,
        'crm',
        `null, 'due', now(), false, false, true, now() - interval '9 hours', null, '[]', null, null`,
      ),
    );
    await pool.query(
      rows(
        1,
        'crm',
        `'k', 'due', now(), false, true, false, now() - interval '2 hours', null, '[]', null, null`,
      ),
    );
    await pool.query(rows(4, 'crm', `'k', 'waiting', now(), ${plain}`));
    await pool.query(
      rows(
        5,
        'crm',
        `null, 'leased', now(), false, false, false, now(), null, '[]', gen_random_uuid(), now() + interval '1 minute'`,
      ),
    );
    const parked = (status: number) =>
      `null, 'parked', now(), false, false, false, now(), now(), '[{"status":${status}}]', null, null`;
    await pool.query(rows(BIG, 'aaa', parked(500)));
    await pool.query(rows(7, 'crm', parked(400)));
    await pool.query(
      `insert into unrouted_events (seq, stored_day, source, body_bytes, stored_at)
       select n, current_date, 'removed', 1, now() - interval '10 minutes' from generate_series(1, 20000) n`,
    );
    await pool.query(
      `insert into quarantine (origin, reason, key_id, meta, body) select 'o', 'r', 'none', '', '' from generate_series(1, 6)`,
    );
    await pool.query('analyze deliveries, unrouted_events, quarantine');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  it('count what is open of each destination, and a large backlog hides no other', async () => {
    const open = await countOpenWork(pool, ['aaa', 'crm']);
    const counted = open
      .map(
        ({ destination, state, count, hasMore }) => `${destination} ${state} ${count}${hasMore ? '+' : ''}`,
      )
      .sort();
    assert.deepEqual(counted, [
      `aaa due ${SHARE}+`,
      'crm due 4',
      'crm leased 5',
      'crm replay 2',
      'crm waiting 4',
    ]);
    const due = open.find(({ destination, state }) => destination === 'crm' && state === 'due');
    assert.ok((due?.oldestS ?? 0) >= 7_200 && (due?.oldestS ?? 0) < 10_000, String(due?.oldestS));
    assert.equal(open.find(({ state }) => state === 'replay')?.oldestS, null);
  });

  it('count parked deliveries by cause, the most frequent first, each to its share', async () => {
    assert.deepEqual(await countParked(pool), [
      { destination: 'aaa', cause: 'aaa 500', count: SHARE, hasMore: true },
      { destination: 'crm', cause: 'crm 400', count: 7, hasMore: false },
    ]);
  });

  it('count unrouted events with their age, and quarantined records', async () => {
    const { count, oldestS } = await countUnrouted(pool);
    assert.equal(count, 20_000);
    assert.ok((oldestS ?? 0) >= 600);
    assert.equal(await countQuarantined(pool), 6);
  });

  it('are read together, also of a destination that is configured no longer', async () => {
    const work = await countWork(pool, ['crm']);
    assert.ok(work.open.some(({ destination, count }) => destination === 'aaa' && count === SHARE));
    assert.deepEqual([work.parked.length, work.unrouted.count, work.quarantined], [2, 20_000, 6]);
  });

  const looks: readonly { what: string; use: (explained: Pool) => Promise<unknown>; atMost: number }[] = [
    { what: 'open work', use: explained => countOpenWork(explained, ['aaa', 'crm']), atMost: SHARE + 100 },
    { what: 'parked work', use: explained => countParked(explained), atMost: SHARE + 100 },
    { what: 'the inbox', use: explained => countInbox(explained), atMost: 20_000 },
    { what: 'unrouted events', use: explained => countUnrouted(explained), atMost: 20_000 },
    { what: 'quarantined records', use: explained => countQuarantined(explained), atMost: 6 },
  ];
  for (const { what, use, atMost } of looks) {
    it(`read of ${what} no more than they count (WF1)`, async () => {
      const read = (node: PlanNode): number =>
        (node['Relation Name'] === undefined ? 0 : (node['Actual Rows'] ?? 0) * (node['Actual Loops'] ?? 1)) +
        (node.Plans ?? []).reduce((sum, child) => sum + read(child), 0);
      const plan = await planOf('analyze, format json', use);
      assert.ok(read(plan) <= atMost, `${read(plan)} rows`);
    });
  }

  it('read deliveries by an index with whatever values (WF1)', async () => {
    const whole = (node: PlanNode): readonly string[] => [
      ...(node['Node Type'] === 'Seq Scan' ? [node['Relation Name'] ?? ''] : []),
      ...(node.Plans ?? []).flatMap(whole),
    ];
    for (const { use } of looks.slice(0, 2)) {
      assert.deepEqual(whole(await planOf('generic_plan, format json', use)), []);
    }
  });

  async function planOf(options: string, use: (explained: Pool) => Promise<unknown>): Promise<PlanNode> {
    const plans: PlanNode[] = [];
    const client = await pool.connect();
    await client.query(`begin; ${BY_INDEX}`);
    const query = async ({ text, values }: QueryConfig) => {
      const given = options.startsWith('generic') ? undefined : values;
      const { rows } = await client.query(`explain (${options}) ${text}`, given);
      plans.push(rows[0]['QUERY PLAN'][0].Plan);
      return { rows: [] };
    };
    try {
      await use({ query } as unknown as Pool);
    } finally {
      await client.query('rollback');
      client.release();
    }
    assert.equal(plans.length, 1);
    return plans[0]!;
  }
});

describe('figures of a little work', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(() => pool.query('truncate inbox, events, deliveries, finished_deliveries'));
  after(async () => {
    await pool.end();
    await database.close();
  });

  it('are by destination and state, without what is finished', async () => {
    await storeDeliveries(pool, [{}, {}, {}, { destination: 'erp' }]);
    const [parked, delivered] = await claim(pool, 2);
    await recordOutcomes(pool, [
      outcomeOf(parked!, { state: 'parked', parkReason: 'exhausted' }),
      outcomeOf(delivered!, { state: 'delivered' }),
    ]);
    const work = await countWork(pool, ['crm']);
    assert.deepEqual(
      work.open.map(({ destination, state, count }) => `${destination} ${state} ${count}`),
      ['crm due 1', 'erp due 1'],
    );
    assert.deepEqual(
      work.parked.map(({ destination, count }) => `${destination} ${count}`),
      ['crm 1'],
    );
  });

  it('count what is leased at a destination that is configured no longer', async () => {
    await storeDeliveries(pool, [{}]);
    await claim(pool, 1);
    const { open } = await countWork(pool, []);
    assert.deepEqual(
      open.map(({ destination, state, count }) => `${destination} ${state} ${count}`),
      ['crm leased 1'],
    );
  });

  it('are as old as the oldest live delivery: one that a person sends again is none, also under way', async () => {
    const [again] = await storeDeliveries(pool, [{}]);
    await pool.query(
      "update deliveries set created_at = now() - interval '9 days', replay = true where id = $1",
      [again!.id],
    );
    const ages = async () =>
      (await countWork(pool, ['crm'])).open.map(({ state, oldestS }) => [state, oldestS]);
    assert.deepEqual(await ages(), [['replay', null]]);
    await pool.query(
      "update deliveries set state = 'leased', lease_id = gen_random_uuid(), lease_until = now() + interval '1 minute'",
    );
    assert.deepEqual(await ages(), [['leased', null]]);
  });

  it('have what waits in the inbox, and how long the oldest has', async () => {
    assert.deepEqual(await countInbox(pool), { count: 0, oldestS: null });
    await pool.query(`insert into inbox (id, key_hash, after_offset, appended_at, key_id, meta, body)
                      select gen_random_uuid(), 1, -1, now() - n * interval '1 minute', 'none', '', '' from generate_series(0, 2) n`);
    const { count, oldestS } = await countInbox(pool);
    assert.deepEqual([count, Math.floor((oldestS ?? 0) / 60)], [3, 2]);
  });
});
