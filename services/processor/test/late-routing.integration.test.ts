import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import {
  createLateRouting,
  type LateRouting,
  type LateRoutingDeps,
  routeUnrouted,
} from '../src/late-routing.ts';
import { createRules, type Rules } from '../src/rules.ts';
import { createUpkeep } from '../src/upkeep.ts';
import { destinationConfig, routeConfig, ruleOf, sourceConfig, spin } from './configs.ts';
import { lateDeps, openPool } from './events.ts';

/** What one transaction takes of a source. */
const BATCH = 200;

describe('late routing', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query('truncate events, unrouted_events, deliveries, finished_deliveries, quarantine');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  function routing(
    sources: readonly string[],
    overrides: Partial<Rules> = {},
    parts: Partial<LateRoutingDeps> = {},
  ): LateRouting & { logged: string[] } {
    const logged: string[] = [];
    const note = (_fields: object, event: string) => void logged.push(event);
    const rules = createRules({
      tenants: [],
      sources: sources.map(name => sourceConfig({ name })),
      routes: [routeConfig()],
      destinations: [destinationConfig({ ordering: 'key' })],
    });
    const made = createLateRouting({
      pool,
      rules: () => ({ ...rules, ...overrides }),
      intake: { lanes: () => 1 },
      log: { info: note, error: note } as never,
      onRouted: () => undefined,
      onKeptWhole: () => undefined,
      onQuarantined: (origin, reason) => void logged.push(`${origin} ${reason}`),
      ...parts,
    });
    return Object.assign(made, { logged });
  }

  /** So many events that wait, each with a body of one byte. */
  async function storeUnrouted(source: string, count: number, meta = '{}'): Promise<void> {
    await pool.query(
      `with stored as (
         insert into events (seq, id, source, tenant, provider, type, dedup_key, ordering_key, received_at, priority, tier, routing,
                             key_id, meta, body)
         select nextval('event_seq'), gen_random_uuid(), $1, 'default', 'telegram', 'message', $1 || n, 'chat-' || n % 7, now(),
                'normal', 'inbox', 'unrouted', 'none', $3::bytea, 'x' from generate_series(1, $2::int) n
         returning seq, stored_day, source)
       insert into unrouted_events (source, seq, stored_day, body_bytes) select source, seq, stored_day, 1 from stored`,
      [source, count, meta],
    );
  }
  async function countOf(text: string): Promise<number> {
    const { rows } = await pool.query<{ count: number }>(`select count(*)::int as count from ${text}`);
    return rows[0]!.count;
  }

  it('takes all that waits of the sources that are known, to the places of their order', async () => {
    await storeUnrouted('new', 450);
    await storeUnrouted('removed', 3);
    await routing(['new', 'telegram']).routeFirst();
    assert.equal(await countOf("unrouted_events where source = 'removed'"), 3);
    assert.equal(await countOf('unrouted_events'), 3);
    assert.equal(await countOf("events where routing = 'routed'"), 450);
    assert.equal(await countOf("deliveries where state = 'due' and followed"), 7); // the heads of seven chats
    assert.equal(await countOf("deliveries where state = 'waiting'"), 443);
    const { rows } = await pool.query(
      `select from deliveries d where state = 'waiting'
          and seq < (select seq from deliveries h where h.ordering_key = d.ordering_key and h.state = 'due')`,
    );
    assert.deepEqual(rows, [], 'the first of each chat is its head');
  });

  it('by two at once takes each event once, the first of its key before the others', async () => {
    await storeUnrouted('new', 900);
    await Promise.all([routing(['new']).routeFirst(), routing(['new']).routeFirst()]);
    assert.equal(await countOf('deliveries'), 900);
    const heads = await pool.query<{ seq: string }>(
      "select seq from deliveries where state = 'due' order by seq",
    );
    const firsts = await pool.query<{ seq: string }>(
      'select min(seq) as seq from events group by ordering_key order by 1',
    );
    assert.deepEqual(heads.rows, firsts.rows);
  });

  it('holds up a start for two seconds at most', async t => {
    await storeUnrouted('new', 4 * BATCH);
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    await routing(['new'], {}, { onRouted: () => void (now += 1_100) }).routeFirst();
    assert.equal(await countOf('unrouted_events'), 2 * BATCH);
  });

  it('of a source that can’t be routed holds up no other', async () => {
    await storeUnrouted('bad', 2);
    await storeUnrouted('new', 2);
    const fanOut: Rules['fanOut'] = function* rule(event) {
      if (event.source === 'bad') throw new Error('no');
      yield;
      return { routing: 'unmatched' };
    };
    const routed = routing(['bad', 'new'], { fanOut });
    await routed.routeFirst();
    assert.equal(await countOf("events where routing = 'unmatched'"), 2);
    assert.equal(await countOf("unrouted_events where source = 'bad'"), 2);
    assert.ok(routed.logged.includes('events.not-routed'));
  });

  it('leaves what its rules do not know after all, and ends', async () => {
    await storeUnrouted('new', 3);
    await routing(['new'], { fanOut: ruleOf({ routing: 'unrouted' }) }).routeFirst();
    assert.equal(await countOf('unrouted_events'), 3);
    await routing(['new']).routeFirst();
    assert.equal(await countOf('deliveries'), 3);
  });

  it('of what takes long to decide keeps its transaction, and leaves what that has no time for to the next', async () => {
    await storeUnrouted('new', 50);
    const impatient = openPool(database.url, 400);
    const fanOut = ruleOf({ routing: 'routed', routes: [routeConfig()] }, () => spin(30));
    const destinations = new Map([['crm', destinationConfig({ ordering: 'key' })]]);
    const deps = lateDeps(impatient, { fanOut, destinations, providerOf: () => undefined });
    const took: number[] = [];
    do took.push(await routeUnrouted(deps, 'new'));
    while (took.at(-1) !== 0);
    assert.ok(took.length > 2, took.join());
    assert.equal(await countOf('deliveries'), 50);
    assert.equal(await countOf('unrouted_events'), 0);
    await impatient.end();
  });

  it('of an event that PostgreSQL refuses alone keeps it for a person, and goes on with those behind it', async () => {
    await storeUnrouted('new', 30);
    await pool.query("alter table deliveries add constraint no_poison check (ordering_key <> 'chat-3')");
    const routed = routing(['new']);
    try {
      await waitFor(async () => {
        await routed.routeFirst(); // for two seconds at most
        return (await countOf('unrouted_events')) === 0;
      });
    } finally {
      await pool.query('alter table deliveries drop constraint no_poison');
    }
    assert.equal(await countOf('deliveries'), 26);
    assert.equal(await countOf('events'), 26);
    const { rows } = await pool.query<{ origin: string; reason: string; body: Buffer }>(
      'select origin, reason, body from quarantine order by id',
    );
    assert.equal(rows.length, 4);
    for (const { origin, reason, body } of rows) {
      assert.match(origin, /^unrouted:[0-9a-f-]{36}$/);
      assert.deepEqual([reason, body.toString()], ['SQLSTATE 23514', 'x']);
      assert.ok(routed.logged.includes(`${origin} ${reason}`));
    }
  });

  it('keeps nothing in quarantine where PostgreSQL refuses every event', async () => {
    await storeUnrouted('new', 3);
    await pool.query('alter table deliveries add constraint no_poison check (false)');
    const routed = routing(['new']);
    try {
      await routed.routeFirst();
    } finally {
      await pool.query('alter table deliveries drop constraint no_poison');
    }
    assert.ok(routed.logged.includes('events.not-routed'));
    assert.equal(await countOf('unrouted_events'), 3);
    assert.equal(await countOf('quarantine'), 0);
    await routed.routeFirst();
    assert.equal(await countOf('deliveries'), 3);
  });

  it('of an event that can’t be opened brings its delivery all the same, for a person to see', async () => {
    await storeUnrouted('new', 1, 'no meta');
    const routed = routing(['new']);
    await routed.routeFirst();
    assert.equal(await countOf("deliveries where state = 'due'"), 1);
    assert.ok(routed.logged.includes('event.unreadable'));
  });

  it('of an event that can’t be opened keeps it for a person where only a filter could tell who wants it', async () => {
    await storeUnrouted('new', 1, 'no meta');
    await storeUnrouted('new', 1, '{"v":1}');
    const where = { test: () => false };
    const filtered = createRules({
      sources: [sourceConfig({ name: 'new' })],
      tenants: [],
      routes: [routeConfig({ match: { source: null, type: null, tenant: null, where } as never })],
      destinations: [destinationConfig()],
    });
    await routing(['new'], filtered).routeFirst();
    assert.equal(await countOf('unrouted_events'), 0);
    const { rows } = await pool.query(
      `select q.reason, convert_from(q.body, 'utf8') as body from quarantine q join events e on q.origin = 'event:' || e.id`,
    );
    const kept = { reason: 'ACKLINE_ENVELOPE_INVALID', body: 'x' };
    assert.deepEqual(rows, [kept, kept]);
  });

  it('that takes long does not keep expired leases from being swept', async () => {
    await storeUnrouted('new', 1);
    await pool.query(
      `insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, priority, state, lease_id, lease_until)
       values (gen_random_uuid(), current_date, 1, gen_random_uuid(), 's', 't', 'r', 'crm', 'normal', 'leased', gen_random_uuid(),
               now() - interval '1 minute')`,
    );
    const holder = await pool.connect();
    await holder.query('begin');
    await holder.query('select from unrouted_events for update'); // somebody else routes, and takes long
    const ending = new AbortController();
    let swept = 0;
    const upkeep = createUpkeep({
      pool,
      rules: () => ({ destinations: new Map() }),
      log: { error: () => undefined, warn: () => undefined } as never,
      onSwept: ({ interrupted }) => {
        swept += interrupted;
      },
    });
    const running = [upkeep, routing(['new'])].map(component => component.run(ending.signal));
    try {
      await waitFor(() => swept === 1);
    } finally {
      ending.abort();
      await holder.query('commit');
      holder.release();
      await Promise.all(running);
    }
  });
});
