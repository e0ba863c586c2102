// What the console asks, on tables with very much in them: each look reads by an index, and so many rows and no more, whatever the
// filter leaves of them.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { pageAudit } from '@ackline/store/audit';
import { countDue } from '@ackline/store/destinations';
import {
  readDeliveriesOf,
  readDelivery,
  eventOfKey,
  locateEvent,
  readFacts,
  readPayload,
} from '@ackline/store/event-details';
import { readRange } from '@ackline/store/event-feed';
import { listEventsAt } from '@ackline/store/event-list';
import { findPlaces, NEWEST, placeBefore, placeSince } from '@ackline/store/event-places';
import { findPlacesAfter } from '@ackline/store/events-after';
import { countParkedUpTo, pageParked } from '@ackline/store/parked';
import { readCauses } from '@ackline/store/parked-causes';
import { pageRejections } from '@ackline/store/rejections';
import { countPendingReplays, pageReplays } from '@ackline/store/replays';
import { readDeliveryTotals, readRatedSources, readSourcePoints } from '@ackline/store/totals-history';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import pg, { type Pool } from 'pg';
import { openPool } from './rows.ts';

const EVENTS = 120_000;
const DAYS = 6;
const PARKED = 100_000;
const FILLING_LIMIT_MS = 120_000;
/** Rows that a look may read: its bound, twice where it looks at two tables, and what it then shows. */
const MOST_ROWS = 25_000;

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

interface Query {
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
}

describe('what the console asks of full tables', { timeout: 300_000 }, () => {
  let database: TestDatabase;
  let pool: Pool;
  const known = { event: '', parked: '', day: '', seq: '' };

  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url, 3, FILLING_LIMIT_MS);
    for (let day = 1; day < DAYS; day++) {
      for (const table of ['events', 'finished_deliveries'])
        await pool.query(
          `do $$ begin execute format('create table if not exists ${table}_%s partition of ${table} for values from (%L) to (%L)',
             to_char(current_date - ${day}, 'YYYYMMDD'), current_date - ${day}, current_date - ${day - 1}); end $$`,
        );
    }
    const columns =
      'seq, id, source, tenant, provider, type, dedup_key, ordering_key, received_at, stored_at, stored_day, priority, tier, routing, key_id, meta, body';
    await pool.query(
      `insert into events (${columns})
       select n, gen_random_uuid(), 's' || n % 5, 't' || n % 3, 'p', 'type' || n % 7, 'd' || n, 'k' || n % 1000, at, at, at::date, 'normal',
              'inbox', 'routed', 'none', '{}', '{}'
         from (select n, date_trunc('day', now()) - interval '${DAYS - 1} days'
                         + (n::float8 / ${EVENTS}) * (now() - date_trunc('day', now()) + interval '${DAYS - 1} days') as at
                 from generate_series(1, ${EVENTS}) n) e`,
    );
    await pool.query("select setval('event_seq', $1)", [EVENTS]);
    await pool.query(
      'insert into event_keys (source, dedup_key, event_id) select source, dedup_key, id from events',
    );
    // As in an hour of much trouble: an index alone does not know yet which rows are there.
    await pool.query('alter table deliveries set (autovacuum_enabled = off)');
    const common =
      'id, stored_day, seq, event_id, source, tenant, route, destination, priority, state, finished_at, attempts';
    await pool.query(
      `insert into deliveries (${common})
       select gen_random_uuid(), stored_day, seq, id, source, tenant, 'r', 'd' || seq % 4, 'normal', 'parked', stored_at,
              jsonb_build_array(jsonb_build_object('status', 500 + seq % 10))
         from events order by seq limit ${PARKED}`,
    );
    await pool.query(
      `insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, priority, state)
       select gen_random_uuid(), stored_day, seq, id, source, tenant, 'r', 'd' || seq % 4, 'normal', 'due'
         from events order by seq desc limit 10000`,
    );
    // Of a tenant of which nothing is parked, as many as are parked of all others.
    await pool.query(
      `insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, priority, state)
       select gen_random_uuid(), current_date, n, gen_random_uuid(), 's1', 'sound', 'r', 'd5', 'normal', 'due' from generate_series(1, ${PARKED}) n`,
    );
    await pool.query(
      `insert into finished_deliveries (${common})
       select gen_random_uuid(), stored_day, seq, id, source, tenant, 'r2', 'd9', 'normal', 'delivered', stored_at, '[]' from events`,
    );
    await pool.query(
      "insert into audit (actor, action, subject) select 'a' || n % 10, 'x', 's' || n from generate_series(1, 100000) n",
    );
    await pool.query(
      `insert into replays (id, created_by, filter, rate_per_s, trickle, state)
       select gen_random_uuid(), 'me', '{"state":"parked","tenant":"t1"}', 1, 1, 'done' from generate_series(1, 20000)`,
    );
    await pool.query(
      `insert into rejected_requests (request_id, rejected_at, source, provider, code, reason, method, url, headers, body_bytes,
         body_sha256, secrets, tried, diagnosis, what, fix)
       select gen_random_uuid(), now() - n * interval '1 s', 's' || n % 100, 'p', 'c', 'r', 'POST', 'u', '{}', 0, '', 1, '{}', 'd', 'w', 'f'
         from generate_series(1, 10000) n`,
    );
    // 20 sources of which something comes each minute of 30 days, folded as they are.
    for (const [from, until, grain] of [
      ['30 days', '3 days', '1 hour'],
      ['3 days', '7 hours', '10 minutes'],
      ['7 hours', '0 s', '1 minute'],
    ])
      await pool.query(
        `insert into source_totals
         select at, 's' || n, 't' || n % 3, 5, 0, 0, array_fill(7::bigint, array[30]), 5, 0
           from generate_series(date_bin('1 hour', now() - $1::interval, 'epoch'), now() - $2::interval, $3::interval) at,
                generate_series(1, 20) n on conflict do nothing`,
        [from, until, grain],
      );
    await pool.query(
      `insert into delivery_totals select at, source, tenant, 'd' || d, 1, 1, 1 from source_totals, generate_series(1, 3) d`,
    );
    for (const table of [
      'events',
      'event_keys',
      'finished_deliveries',
      'audit',
      'replays',
      'rejected_requests',
    ])
      await pool.query(`vacuum analyze ${table}`);
    await pool.query('vacuum analyze source_totals, delivery_totals');
    await pool.query('analyze deliveries');
    const { rows } = await pool.query(
      'select e.id as event, d.id as parked, e.stored_day::text as day, e.seq from events e join deliveries d on d.event_id = e.id where e.seq = 50000',
    );
    Object.assign(known, rows[0]);
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  /** A statement with a name comes to have one plan, which is made for any values. */
  async function explainNamed({ name, text, values }: Required<Query>) {
    const literals = values.map(value =>
      pg.escapeLiteral(Array.isArray(value) ? `{${value.join(',')}}` : String(value)),
    );
    const client = await pool.connect();
    try {
      await client.query('set plan_cache_mode = force_generic_plan');
      await client.query(`prepare "${name} explained" as ${text}`);
      return await client.query(
        `explain (analyze, format json) execute "${name} explained" (${literals.join(', ')})`,
      );
    } finally {
      client.release(true);
    }
  }

  /** What the statements of `use` read, by the plans that they ran with. */
  async function planned(use: (explained: Pick<Pool, 'query'>) => Promise<unknown>) {
    const plans: PlanNode[] = [];
    const explained = {
      query: async (query: string | Query, given: unknown[] = []) => {
        const {
          name,
          text,
          values = given,
        } = typeof query === 'string' ? { name: undefined, text: query } : query;
        const result =
          name === undefined
            ? await pool.query(`explain (analyze, format json) ${text}`, values)
            : await explainNamed({ name, text, values });
        plans.push((result.rows[0] as { 'QUERY PLAN': [{ Plan: PlanNode }] })['QUERY PLAN'][0].Plan);
        return pool.query(text, values);
      },
    } as unknown as Pick<Pool, 'query'>;
    await use(explained);
    assert.ok(plans.length > 0);
    const nodes = (node: PlanNode): readonly PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodes)];
    const read = plans.flatMap(nodes).filter(node => node['Relation Name'] !== undefined);
    return {
      whole: read.filter(node => node['Node Type'] === 'Seq Scan').map(node => node['Relation Name'] ?? ''),
      rows: read.reduce(
        (sum, node) =>
          sum + (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'],
        0,
      ),
    };
  }

  const totals = (ms: number) => ({ since: new Date(Date.now() - ms), stepS: 60, tenant: null });
  const first = { before: NEWEST, limit: 50 };
  const page = { before: null, limit: 50 };
  const behind = (seq: string) => ({
    after: { storedDay: known.day, seq },
    until: { storedDay: new Date().toISOString().slice(0, 10), seq: String(EVENTS) },
    limit: 100,
  });
  const looks: Readonly<
    Record<string, { most: number; ask: (pool: Pick<Pool, 'query'>) => Promise<unknown> }>
  > = {
    'the newest events': { most: 500, ask: q => findPlaces(q, {}, first) },
    'a page far back': {
      most: 500,
      ask: q => findPlaces(q, {}, { ...first, before: { storedDay: known.day, seq: known.seq } }),
    },
    'events of a source that has none': {
      most: MOST_ROWS,
      ask: q => findPlaces(q, { source: 'none' }, first),
    },
    'events of a tenant and key': {
      most: MOST_ROWS,
      ask: q => findPlaces(q, { tenant: 't1', orderingKey: 'k7' }, first),
    },
    'events with a delivery in a state': {
      most: MOST_ROWS,
      ask: q => findPlaces(q, { state: 'parked', destination: 'none' }, first),
    },
    'events with a finished delivery': {
      most: MOST_ROWS,
      ask: q => findPlaces(q, { destination: 'none' }, first),
    },
    'the place of a time': {
      most: 100,
      ask: q => placeBefore(q, new Date(Date.now() - 2 * 86_400_000).toISOString()),
    },
    'the place since a time': {
      most: 100,
      ask: q => placeSince(q, new Date(Date.now() - 2 * 86_400_000).toISOString()),
    },
    'the next events behind a place': { most: 700, ask: q => findPlacesAfter(q, {}, behind('50000')) },
    'all events, from before the first one': {
      most: 1_000,
      ask: q => findPlacesAfter(q, {}, { ...behind('0'), after: { storedDay: '2020-01-01', seq: '0' } }),
    },
    'the next events of sources that have none': {
      most: MOST_ROWS,
      ask: q => findPlacesAfter(q, { sources: ['none', 'neither'] }, behind('50000')),
    },
    'the next events with a delivery that none has': {
      most: MOST_ROWS,
      ask: q => findPlacesAfter(q, { destination: 'none', tenant: 't1' }, behind('50000')),
    },
    'events at their places': {
      most: 100,
      ask: q => listEventsAt(q, [{ storedDay: known.day, seq: known.seq }]),
    },
    'an event by its id': { most: 50, ask: q => locateEvent(q, known.event) },
    'an id that is none': { most: 50, ask: q => locateEvent(q, randomUUID()) },
    'an event by its key': { most: 5, ask: q => eventOfKey(q, { source: 's0', dedupKey: 'd50000' }) },
    'facts of an event': { most: 20, ask: q => readFacts(q, { storedDay: known.day, seq: known.seq }) },
    'a payload': { most: 20, ask: q => readPayload(q, { storedDay: known.day, seq: known.seq }) },
    'deliveries of an event': {
      most: 50,
      ask: q => readDeliveriesOf(q, { id: known.event, storedDay: known.day }),
    },
    'a delivery': { most: 50, ask: q => readDelivery(q, known.parked) },
    'what is parked': { most: 500, ask: q => pageParked(q, {}, page) },
    'what is parked for a cause': { most: 3_000, ask: q => pageParked(q, { cause: 'd0 504' }, page) },
    'what is parked of a source that has none': {
      most: MOST_ROWS,
      ask: q => pageParked(q, { source: 'none' }, page),
    },
    causes: { most: PARKED + 1_000, ask: q => readCauses(q, null) },
    'causes of a tenant': { most: PARKED, ask: q => readCauses(q, 't1') },
    'what is due': { most: 8_000, ask: q => countDue(q, ['d0', 'd1', 'd2', 'd3', 'none']) },
    'the audit': { most: 500, ask: q => pageAudit(q, {}, page) },
    'the audit of nobody': { most: MOST_ROWS, ask: q => pageAudit(q, { actor: 'nobody' }, page) },
    'totals of the last minutes': { most: 2_000, ask: q => readSourcePoints(q, totals(300_000)) },
    'totals of six hours': { most: 9_000, ask: q => readSourcePoints(q, totals(6 * 3_600_000)) },
    'totals of six hours by source': { most: 9_000, ask: q => readRatedSources(q, totals(6 * 3_600_000)) },
    'deliveries of six hours': { most: 26_000, ask: q => readDeliveryTotals(q, totals(6 * 3_600_000)) },
    'how much is parked': { most: PARKED, ask: q => countParkedUpTo(q, null) },
    'how much of a tenant is parked': { most: PARKED / 2, ask: q => countParkedUpTo(q, 't1') },
    'how much is parked of a tenant that has none': { most: 10, ask: q => countParkedUpTo(q, 'sound') },
    'replays that are pending': { most: 10, ask: q => countPendingReplays(q, null) },
    replays: { most: 500, ask: q => pageReplays(q, null, page) },
    'refused requests': { most: 500, ask: q => pageRejections(q, null, page) },
    'a range of the live stream': {
      most: 2_000,
      ask: q =>
        readRange(q, {
          after: String(EVENTS - 300),
          until: String(EVENTS),
          limit: 500,
        }),
    },
  };

  for (const [name, { most, ask }] of Object.entries(looks)) {
    it(`${name}: by an index, and no more than ${most} rows`, async () => {
      const { whole, rows } = await planned(ask);
      // Of a table with a page or two a whole look is the cheapest one.
      const large = whole.filter(
        table => !/^(kept_events|unrouted_events|.*_default|.*_(\d{8}))$/.test(table) || rows > most,
      );
      assert.deepEqual(large, []);
      assert.ok(rows <= most, `${rows} rows`);
    });
  }

  it('what is parked is counted as it is, of all and of a tenant', async () => {
    const { rows } = await pool.query<{ count: number }>(
      "select count(*)::int as count from deliveries where state = 'parked' and tenant = 't1'",
    );
    assert.deepEqual(await countParkedUpTo(pool, 't1'), { count: rows[0]?.count, hasMore: false });
    assert.deepEqual(await countParkedUpTo(pool, 'sound'), { count: 0, hasMore: false });
    assert.deepEqual(await countParkedUpTo(pool, null), { count: PARKED, hasMore: true });
  });

  it('a list that is cut says how far it came, and goes on there until the end', async () => {
    let before = NEWEST;
    let found = 0;
    let cuts = 0;
    for (;;) {
      const look = await findPlaces(pool, { orderingKey: 'k7', type: 'type0' }, { before, limit: 5 });
      found += look.found.length;
      if (look.isCut) cuts += 1;
      if (look.last === null) break;
      before = look.last;
    }
    const { rows } = await pool.query<{ count: number }>(
      "select count(*)::int as count from events where ordering_key = 'k7' and type = 'type0'",
    );
    assert.equal(found, rows[0]?.count);
    assert.ok(cuts > 5, `${cuts} cuts`);
  });

  it('events behind a place come once each, in order, over days and windows until the end', async () => {
    const search = { sources: ['s1', 's2'], type: 'type0' };
    const { until } = behind('0');
    const found: string[] = [];
    let after = { storedDay: '2020-01-01', seq: '0' };
    while (after.seq !== until.seq) {
      const look = await findPlacesAfter(pool, search, { after, until, limit: 500 });
      found.push(...look.found.map(({ seq }) => seq));
      after = look.end;
    }
    const { rows } = await pool.query<{ seq: string }>(
      "select seq from events where source in ('s1', 's2') and type = 'type0' order by seq",
    );
    assert.deepEqual(
      found,
      rows.map(({ seq }) => seq),
    );
    assert.ok(found.length > 5_000, `${found.length}`);
  });

  it('a list that begins at a time begins there, however much is newer', async () => {
    const until = new Date(Date.now() - 3 * 86_400_000).toISOString();
    const before = await placeBefore(pool, until);
    const { found } = await findPlaces(pool, { storedUntil: until }, { before, limit: 1 });
    const { rows } = await pool.query<{ seq: string }>(
      'select seq from events where stored_at <= $1 order by stored_at desc, seq desc limit 1',
      [until],
    );
    assert.equal(found[0]?.seq, rows[0]?.seq);
  });
});
