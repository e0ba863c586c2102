import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ensureLanes, lockLane } from '@ackline/store/lanes';
import { inTransaction } from '@ackline/store/transaction';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { routeUnrouted } from '../src/late-routing.ts';
import { createRules, type Rules } from '../src/rules.ts';
import { createLaneStorer } from '../src/storing/lane-storer.ts';
import { destinationConfig, routeConfig, ruleOf, sourceConfig } from './configs.ts';
import { kafkaBatch, lateDeps, openPool, sampleEvent } from './events.ts';

/** What a processor knows whose release has the provider, and whose file the source. */
const rules = createRules({
  tenants: [],
  sources: [sourceConfig({ name: 'new', provider: 'line' })],
  routes: [
    routeConfig({ name: 'messages', match: { source: 'new', type: 'message', tenant: null, where: null } }),
    routeConfig({ name: 'follows', match: { source: 'new', type: 'follow', tenant: null, where: null } }),
  ],
  destinations: [destinationConfig({ ordering: 'key' })],
});
const oldRelease = { ...rules, fanOut: ruleOf({ routing: 'unrouted' }), providerOf: () => undefined };
const withoutSource = { ...rules, fanOut: oldRelease.fanOut };

let events = 0;
function lineEvent(userId: string, type = 'message') {
  events += 1;
  return { type, webhookEventId: `e${events}`, source: { type: 'user', userId } };
}

function lineBody(...list: readonly object[]) {
  const body = Buffer.from(JSON.stringify({ destination: 'bot', events: list }));
  const orderingKey = list.length === 0 ? null : 'bot';
  // As the ingress identifies it: a single event names the whole body.
  const [only] = list as readonly { webhookEventId: string }[];
  const dedup = list.length === 1 && only !== undefined ? { dedupKey: only.webhookEventId } : {};
  return sampleEvent({ source: 'new', provider: 'line', type: 'batch', orderingKey, body, ...dedup });
}

describe('a body with several events that was stored before its provider was known', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
    await ensureLanes(pool, 1);
    await pool.query(`
      create function slow_event() returns trigger language plpgsql as
        $$ begin perform pg_sleep(0.15); return new; end $$;
      create trigger slow before insert on events for each row when (new.type = 'slow') execute function slow_event()`);
  });
  const empty = () =>
    pool.query('truncate event_keys, events, unrouted_events, deliveries, finished_deliveries, quarantine');
  beforeEach(empty);
  after(async () => {
    await pool.end();
    await database.close();
  });

  /** `first`: where the lane goes on. */
  async function store(bodies: Parameters<typeof kafkaBatch>[0], under: Rules, first = 0n): Promise<void> {
    const desk = { tryReserve: () => null, start: () => undefined, wake: () => undefined };
    const storer = createLaneStorer({
      pool,
      lanes: () => 1,
      rules: () => ({ ...under, desk }),
      listener: { stored: () => undefined, quarantined: () => undefined, refused: () => undefined },
    });
    await storer.storeKafkaBatch(kafkaBatch(bodies, { first }));
  }
  async function routeLate(by = pool, told: string[] = []): Promise<readonly number[]> {
    const took: number[] = [];
    const onKeptWhole = (bodies: readonly { id: string }[]) => void told.push(...bodies.map(({ id }) => id));
    const onQuarantined = (origin: string, reason: string) => void told.push(`${origin} ${reason}`);
    const deps = { ...lateDeps(by, rules), onKeptWhole, onQuarantined };
    do took.push(await routeUnrouted(deps, 'new'));
    while (took.at(-1) !== 0);
    return took;
  }
  async function storedEvents(): Promise<readonly Record<string, unknown>[]> {
    const { rows } = await pool.query(
      `select e.id, e.type, e.dedup_key, e.ordering_key, e.tier, e.routing, convert_from(e.body, 'utf8') as body,
              k.event_id = e.id as has_key, d.route, d.state, d.followed, d.ordering_key as delivery_key
         from events e left join event_keys k using (source, dedup_key) left join deliveries d on d.event_id = e.id
        order by e.seq, d.route`,
    );
    return rows;
  }

  it('is routed by each of its events, as if it had been known', async () => {
    const bodies = [
      lineBody(lineEvent('ada'), lineEvent('bob', 'follow'), lineEvent('ada', 'unfollow')),
      lineBody(lineEvent('ada', 'follow')),
      lineBody(),
      lineBody(lineEvent('bob'), lineEvent('ada')),
    ];
    await store(bodies, rules);
    const expected = await storedEvents();
    assert.equal(expected.filter(({ route }) => route !== null).length, 5);
    await empty();
    await store(bodies, oldRelease);
    assert.equal((await storedEvents()).length, 4);
    assert.deepEqual(await routeLate(), [2, 2, 0]);
    const sorted = (rows: readonly Record<string, unknown>[]) =>
      rows.toSorted((a, b) => String(a['id']).localeCompare(String(b['id'])));
    const late = await storedEvents();
    assert.deepEqual(sorted(late), sorted(expected));
    const ofKeys = (rows: typeof late) =>
      rows.filter(row => row['ordering_key'] !== null).map(row => row['id']);
    assert.deepEqual(ofKeys(late), ofKeys(expected));
  });

  it('is no event twice where a repeat of it was split before', async () => {
    const [ada, bob] = [lineEvent('ada'), lineEvent('bob')];
    await store([lineBody(ada, bob)], oldRelease);
    await store([lineBody(ada)], rules, 1n);
    await routeLate();
    const stored = await storedEvents();
    assert.deepEqual(
      stored.map(row => row['dedup_key']),
      [ada.webhookEventId, bob.webhookEventId],
    );
    assert.ok(stored.every(row => row['routing'] === 'routed'));
  });

  it('is known when it comes again, before it is split and after that', async () => {
    const [ada, bob] = [lineEvent('ada'), lineEvent('bob')];
    const body = lineBody(ada, bob);
    await store([body], oldRelease);
    await store([body], rules, 1n);
    assert.equal((await storedEvents()).length, 1);
    await routeLate();
    await store([body], oldRelease, 2n);
    await store([body], rules, 3n);
    const stored = await storedEvents();
    assert.deepEqual(
      stored.map(row => row['dedup_key']),
      [ada.webhookEventId, bob.webhookEventId],
    );
    const { rows } = await pool.query<{ count: number }>('select count(*)::int from event_keys');
    assert.equal(rows[0]?.count, 3);
  });

  it('is not split again where only its source was not known', async () => {
    await store([lineBody(lineEvent('ada'), lineEvent('bob'))], withoutSource);
    const before = (await storedEvents()).map(({ id }) => id);
    assert.equal(before.length, 2);
    assert.deepEqual(await routeLate(), [2, 0]);
    const stored = await storedEvents();
    assert.deepEqual(
      stored.map(({ id, route }) => [id, route]),
      before.map(id => [id, 'messages']),
    );
  });

  it('stays as it is while its source is not known', async () => {
    await store([lineBody(lineEvent('ada'), lineEvent('bob'))], oldRelease);
    const before = await storedEvents();
    assert.equal(await routeUnrouted(lateDeps(pool, withoutSource), 'new'), 0);
    assert.deepEqual(await storedEvents(), before);
    assert.deepEqual(await routeLate(), [1, 0]);
  });

  it('is split with fewer others where all of them take too long together', async () => {
    const slow = () => lineBody(lineEvent('ada', 'slow'), lineEvent('bob', 'slow'));
    await store([slow(), slow(), slow(), slow()], oldRelease);
    const impatient = openPool(database.url, 500); // time for two of their events in one statement, not for four
    try {
      assert.deepEqual(await routeLate(impatient), [1, 1, 1, 1, 0]);
    } finally {
      await impatient.end();
    }
    assert.equal((await storedEvents()).length, 8);
  });

  it('stays whole where it takes too long alone, or has what PostgreSQL refuses', async () => {
    await pool.query("alter table events add constraint no_poison check (type <> 'poison')");
    const slow = lineBody(...['ada', 'bob', 'cy', 'di'].map(name => lineEvent(name, 'slow')));
    const poison = lineBody(lineEvent('ada', 'poison'), lineEvent('bob'));
    await store([slow, poison, lineBody(lineEvent('ada'), lineEvent('bob'))], oldRelease);
    const impatient = openPool(database.url, 500);
    const told: string[] = [];
    try {
      assert.deepEqual(await routeLate(impatient, told), [1, 1, 1, 0]);
    } finally {
      await impatient.end();
      await pool.query('alter table events drop constraint no_poison');
    }
    const stored = await storedEvents();
    assert.deepEqual(
      stored.map(({ type, routing }) => [type, routing]),
      [
        ['batch', 'unmatched'],
        ['batch', 'unmatched'],
        ['message', 'routed'],
        ['message', 'routed'],
      ],
    );
    assert.ok(stored.every(row => row['has_key'] === true));
    assert.deepEqual(told, [slow.id, poison.id]);
  });

  it('is kept in quarantine, as what was never stored, where PostgreSQL refuses its events and the whole', async () => {
    const [refused, good] = ['poison', 'message'].map(type =>
      lineBody(lineEvent('ada', type), lineEvent('bob')),
    );
    assert.ok(refused && good);
    await store([refused, good], oldRelease);
    await pool.query(`alter table events add constraint no_poison
      check (type <> 'poison' and (id <> '${refused.id}' or routing <> 'unmatched'))`);
    const told: string[] = [];
    try {
      assert.deepEqual(await routeLate(pool, told), [1, 1, 0]);
    } finally {
      await pool.query('alter table events drop constraint no_poison');
    }
    assert.deepEqual(told, [`unrouted:${refused.id} SQLSTATE 23514`]);
    const { rows } = await pool.query('select origin, body from quarantine');
    assert.deepEqual(rows, [{ origin: `unrouted:${refused.id}`, body: refused.body }]);
    assert.deepEqual(
      (await storedEvents()).map(({ type, body }) => [type, String(body).includes('poison')]),
      [
        ['message', false],
        ['message', false],
      ],
    );
    await store([refused], rules, 2n); // its keys were given back
    assert.equal((await storedEvents()).length, 4);
  });

  it('waits for a head that somebody has locked, and is split once that is free', async () => {
    await store([lineBody(lineEvent('ada'))], rules);
    await store([lineBody(lineEvent('ada'), lineEvent('bob'))], oldRelease, 1n);
    const before = await storedEvents();
    const impatient = openPool(database.url, 500);
    await inTransaction(pool, async client => {
      await client.query('set local idle_in_transaction_session_timeout = 0');
      assert.equal((await client.query('select from deliveries for update')).rowCount, 1);
      await assert.rejects(routeLate(impatient), { code: '55P03' });
    });
    await impatient.end();
    assert.deepEqual(await storedEvents(), before);
    const told: string[] = [];
    assert.deepEqual([await routeLate(pool, told), told], [[1, 0], []]);
    assert.equal((await storedEvents()).length, 3);
  });

  it('is split under the lock of its lane', async () => {
    await store([lineBody(lineEvent('ada'), lineEvent('bob'))], oldRelease);
    const holder = await pool.connect();
    await holder.query('begin');
    await lockLane(holder, 0);
    const routed = routeUnrouted(lateDeps(pool, rules), 'new');
    try {
      await waitFor(async () => {
        const { rows } = await pool.query(
          "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        );
        return rows.length === 1;
      });
      assert.equal((await storedEvents()).length, 1);
    } finally {
      await holder.query('commit').catch(() => undefined); // ended by the server where nobody waits for it
      holder.release(true);
    }
    assert.equal(await routed, 1);
    assert.equal((await storedEvents()).length, 2);
  });
});
