import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { spawnService } from '@ackline/testkit/spawn-service';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool, PoolClient } from 'pg';
import { createDaySweep } from '../../src/retaining/day-sweep.ts';
import { createRetention, type Retention, type RetentionDeps } from '../../src/retaining/retention.ts';
import { openPool } from '../events.ts';

type Logging = Retention & { readonly logged: string[] };

const HOLDER = fileURLToPath(new URL('./retention-holder.ts', import.meta.url));
const DAY_MS = 86_400_000;
/** The holder's; shorter than in use, so that the test is. */
const IDLE_MS = 1_000;
/** Nothing ends it. */
const ON = new AbortController().signal;
const nothing = () => undefined;

describe('retention', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query('truncate event_keys, cache_clears, source_totals');
  });
  const made: Retention[] = [];
  afterEach(async () => {
    for (const one of made.splice(0)) one.letGo();
    // The server may take a moment to end a connection.
    const held =
      "select from pg_locks l join pg_database d on d.oid = l.database where d.datname = current_database() and locktype = 'advisory'";
    await waitFor(async () => (await pool.query(held)).rowCount === 0, { what: 'the lock to be free' });
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  function retention(overrides: Partial<RetentionDeps> = {}): Logging {
    const logged: string[] = [];
    const note = (_fields: object, event: string) => void logged.push(event);
    const one = createRetention({
      pool,
      retention: () => ({ eventsDays: 30, dedupMs: 8 * DAY_MS }),
      topicRetentionMs: null,
      isRefused: () => false,
      destinations: () => [],
      log: { info: note, warn: note, error: note } as never,
      ...overrides,
    });
    made.push(one);
    return Object.assign(one, { logged });
  }

  async function insertKeys(...ages: readonly number[]): Promise<void> {
    await pool.query(
      `insert into event_keys (source, dedup_key, event_id, stored_at)
       select 's', age::text, gen_random_uuid(), now() - age * interval '1 day' from unnest($1::float8[]) age`,
      [ages],
    );
  }
  async function keptKeys(): Promise<readonly string[]> {
    const { rows } = await pool.query<{ key: string }>(
      'select dedup_key as key from event_keys order by stored_at',
    );
    return rows.map(row => row.key);
  }

  it('folds totals of minutes as they age, and forgets them after 30 days', async () => {
    await pool.query(
      `insert into source_totals
       select now() - age * interval '1 hour' + n * interval '1 minute', 's', 't', 1, 0, 0, '{}', 0, 0
         from unnest('{1, 10, 100, 721}'::int[]) age, generate_series(0, 29) n`,
    );
    await retention().round(ON);
    const { rows } = await pool.query<{ age: number; rows: number; sum: number }>(
      `select round(extract(epoch from now() - at) / 36000)::int as age, count(*)::int as rows, sum(accepted_kafka)::int as sum
         from source_totals group by 1 order by 1`,
    );
    assert.deepEqual(
      rows.map(({ age, sum }) => [age, sum]),
      [
        [0, 30],
        [1, 30],
        [10, 30],
      ],
    );
    const [minutes, tens, hours] = rows.map(row => row.rows);
    // Half an hour lies in four tens of minutes at most, and in two hours.
    assert.ok(minutes === 30 && tens! <= 4 && hours! <= 2, JSON.stringify(rows));
  });

  it('forgets totals after 30 days and folds the others where a fold always fails, says so, and counts nothing twice', async () => {
    const add = (source: string, hours: number, minute: number, accepted: string) =>
      pool.query(
        `insert into source_totals
         select date_bin('1 hour', now() - $2 * interval '1 hour', 'epoch') + $3 * interval '1 minute', $1, 't', $4, 0, 0, '{}', 0, 0`,
        [source, hours, minute, accepted],
      );
    // Together more than a bigint holds, so that they never fold.
    for (const minute of [1, 2]) await add('huge', 40, minute, '9000000000000000000');
    for (const minute of [1, 2]) await add('sound', 100, minute, '1');
    await add('over', 721, 1, '1');
    const rows = async () =>
      (
        await pool.query<{ source: string; rows: number; accepted: string }>(
          `select source, count(*)::int as rows, sum(accepted_kafka) as accepted from source_totals group by 1 order by 1`,
        )
      ).rows;
    const one = retention();
    for (let round = 1; round <= 2; round += 1) {
      await one.round(ON);
      assert.deepEqual(await rows(), [
        { source: 'huge', rows: 2, accepted: '18000000000000000000' },
        { source: 'sound', rows: 1, accepted: '2' },
      ]);
      assert.equal(one.logged.filter(event => event === 'retention.totals-failed').length, round);
    }
    await pool.query("update source_totals set accepted_kafka = 3 where source = 'huge'");
    await one.round(ON);
    assert.deepEqual(await rows(), [
      { source: 'huge', rows: 1, accepted: '6' },
      { source: 'sound', rows: 1, accepted: '2' },
    ]);
    assert.equal(one.logged.filter(event => event === 'retention.totals-failed').length, 2);
  });

  it('forgets what handlers did once when the dedup window is over, not before, and never by a refused file', async () => {
    await pool.query('truncate handler_once');
    await pool.query(
      `insert into handler_once (destination, key, claim, delivery, held_until, begun_at)
       select 'bot', age::text, gen_random_uuid(), gen_random_uuid(), now(), now() - age * interval '1 day'
         from unnest('{0, 7.99, 8.01, 100}'::float8[]) age`,
    );
    const kept = async () => {
      const { rows } = await pool.query<{ key: string }>('select key from handler_once order by begun_at');
      return rows.map(row => row.key);
    };
    await retention({ isRefused: () => true }).round(ON);
    assert.equal((await kept()).length, 4);
    let topicMs: number | null = null; // no broker has told yet
    const one = retention({ topicRetentionMs: () => topicMs });
    await one.round(ON);
    assert.equal((await kept()).length, 4);
    topicMs = DAY_MS;
    await one.round(ON);
    assert.deepEqual(await kept(), ['7.99', '0']);
    assert.deepEqual(one.logged, ['retention.once-removed']);
  });

  it('forgets what was cleared of caches of destinations that are gone, and never by a refused file', async () => {
    await pool.query(
      "insert into cache_clears (destination, key_hash, version) values ('bot', '', 1), ('gone', '', 2), ('gone', 'h1', 3)",
    );
    const kept = async () =>
      (await pool.query<{ destination: string }>('select destination from cache_clears')).rows;
    await retention({ isRefused: () => true }).round(ON);
    assert.equal((await kept()).length, 3);
    const one = retention({ destinations: () => ['bot'] });
    await one.round(ON);
    assert.deepEqual(await kept(), [{ destination: 'bot' }]);
    assert.deepEqual(one.logged, ['retention.clears-removed']);
  });

  it('forgets refused requests after seven days, also by a refused file, which says nothing of them', async () => {
    await pool.query(
      `insert into rejected_requests
         (request_id, rejected_at, source, provider, code, reason, method, url, headers, body_bytes, body_sha256, secrets, tried, diagnosis, what, fix)
       select gen_random_uuid(), now() - age * interval '1 day', age::text, 'p', 'c', 'r', 'POST', '/', '{}', 0, '', 0, '{}', 'd', 'w', 'f'
         from unnest('{0, 6.99, 7.01}'::float8[]) age`,
    );
    const one = retention({ isRefused: () => true });
    await one.round(ON);
    const { rows } = await pool.query<{ source: string }>(
      'select source from rejected_requests order by source',
    );
    assert.deepEqual(rows, [{ source: '0' }, { source: '6.99' }]);
    assert.ok(one.logged.includes('retention.rejected-removed'));
  });

  it('forgets sessions of the console that are over, and those of a token that was revoked', async () => {
    await pool.query(
      `with token as (
         insert into console_tokens (name, token_sha256, scopes, created_by, revoked_at) values ('t', '', '{view}', 'me', now()) returning id
       )
       insert into console_sessions (session_sha256, name, role, token_id, scopes, expires_at, used_at)
       select decode(n::text, 'escape'), n::text, case when n < 4 then 'r' end, case when n = 4 then token.id end, '{view}',
              now() + expires * interval '1 minute', now() - rested * interval '1 minute'
         from token, (values (1, 60, 59), (2, -1, 0), (3, 60, 61), (4, 60, 0)) s (n, expires, rested)`,
    );
    const one = retention({ isRefused: () => true });
    await one.round(ON);
    assert.deepEqual((await pool.query('select name from console_sessions')).rows, [{ name: '1' }]);
    assert.ok(one.logged.includes('retention.sessions-removed'));
  });

  it('removes dedup keys that are older than the window, and no other', async () => {
    await insertKeys(0, 7.99, 8.01, 100);
    const one = retention();
    assert.equal(await one.round(ON), true);
    assert.deepEqual(await keptKeys(), ['7.99', '0']);
    assert.deepEqual(one.logged, ['retention.keys-removed']);
  });

  /** Every second one is older than the window. */
  async function insertManyKeys(count: number): Promise<void> {
    const piece = 50_000; // within the limit of a statement
    for (let from = 1; from <= count; from += piece) {
      await pool.query(
        `insert into event_keys (source, dedup_key, event_id, stored_at)
         select 's', n::text, gen_random_uuid(), now() - case when n % 2 = 0 then interval '9 days' else interval '1 hour' end
           from generate_series($1::int, $2::int) n`,
        [from, Math.min(count, from + piece - 1)],
      );
    }
  }
  const countKeys = async () =>
    (await pool.query<{ count: number }>('select count(*)::int as count from event_keys')).rows[0]!.count;

  it('removes in one round what a hot minute has brought', async () => {
    await insertManyKeys(500_000);
    const one = retention();
    await one.round(ON);
    assert.equal(await countKeys(), 250_000);
    assert.deepEqual(one.logged, ['retention.keys-removed']);
  });

  it('ends a round of keys in time, says that it is behind, and goes on there', async () => {
    await insertManyKeys(60_000);
    let clock = 0;
    const one = retention({ now: () => (clock += 10_000) }); // each look at the clock
    await one.round(ON);
    const left = await countKeys();
    assert.ok(left > 30_000 && left < 60_000, String(left));
    assert.deepEqual(one.logged, ['retention.keys-behind', 'retention.keys-removed']);
    for (let n = 0; n < 5; n++) await one.round(ON);
    assert.equal(await countKeys(), 30_000);
  });

  it('removes no key while nobody knows how long the topic keeps its records, then by that', async () => {
    await insertKeys(14.99, 15.01);
    let topicMs: number | null = null;
    const one = retention({ topicRetentionMs: () => topicMs });
    await one.round(ON);
    assert.deepEqual(await keptKeys(), ['15.01', '14.99']);
    topicMs = 14 * DAY_MS;
    await one.round(ON);
    assert.deepEqual(await keptKeys(), ['14.99']);
    assert.deepEqual(one.logged, ['retention.window-raised', 'retention.keys-removed']);
  });

  it('says that a topic without end has no window', async () => {
    const one = retention({ topicRetentionMs: () => -1 });
    await one.round(ON);
    await one.round(ON);
    assert.deepEqual(one.logged, ['retention.topic-without-end']);
  });

  it('is the work of one processor, also between its rounds, and of another one when that has ended', async () => {
    const [one, other] = [retention(), retention()];
    assert.equal(await one.round(ON), true);
    await insertKeys(9);
    assert.equal(await other.round(ON), false);
    assert.deepEqual(await keptKeys(), ['9']);
    assert.equal(await one.round(ON), true);
    one.letGo();
    await waitFor(() => other.round(ON));
    assert.equal(await one.round(ON), false);
  });

  it('goes to another processor where the one that has it stands still, and that one learns it', async () => {
    await using holder = await spawnService(HOLDER, { args: [database.url, String(IDLE_MS)] });
    await waitFor(() => holder.output().includes('has it\n'), { timeoutMs: 30_000 });
    const other = retention();
    assert.equal(await other.round(ON), false);
    holder.kill('SIGSTOP');
    await waitFor(() => other.round(ON), { timeoutMs: 30_000 });
    holder.kill('SIGCONT');
    await waitFor(() => holder.output().includes('has it not\n'), { timeoutMs: 30_000 });
    assert.equal(await other.round(ON), true);
    await holder.stop('SIGKILL');
  });

  it('goes to another processor when the one that has it is killed', async () => {
    await using holder = await spawnService(HOLDER, { args: [database.url, String(60_000)] });
    await waitFor(() => holder.output().includes('has it\n'), { timeoutMs: 30_000 });
    await holder.stop('SIGKILL');
    const other = retention();
    await waitFor(() => other.round(ON), { timeoutMs: 30_000 });
  });

  it('ends with the process in the middle of a statement, however long that takes', async () => {
    await insertKeys(9);
    const blocker = await pool.connect();
    try {
      await blocker.query('begin');
      await blocker.query('select from event_keys for update');
      const ending = new AbortController();
      const one = retention();
      const round = one.round(ending.signal);
      const isWaiting =
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
      await waitFor(async () => (await pool.query(isWaiting)).rowCount === 1, { what: 'the sweep to wait' });
      ending.abort();
      await round;
      assert.deepEqual(one.logged, []);
      await blocker.query('commit'); // now the statement could end
    } finally {
      blocker.release();
    }
  });

  it('makes days to come, patiently where somebody reads for long', async () => {
    const { rows } = await pool.query<{ name: string }>(
      "select max(relname) as name from pg_class where relname ~ '^events_[0-9]{8}$'",
    );
    const name = rows[0]!.name;
    await pool.query(`drop table ${name}`);
    const reader = await pool.connect();
    const one = retention();
    try {
      await reader.query('begin');
      await reader.query('select from events');
      await one.round(ON);
      assert.deepEqual(one.logged, ['partitions.not-created']);
      await reader.query('commit');
    } finally {
      reader.release();
    }
    await one.round(ON);
    assert.equal((await pool.query('select from pg_class where relname = $1', [name])).rowCount, 1);
  });

  it('waits longer for a day each time, and says at last that it is stuck: then it goes in a gap between readers', async () => {
    await pool.query(
      `create table events_20200101 partition of events for values from ('2020-01-01') to ('2020-01-02')`,
    );
    const one = retention();
    const readers = openPool(database.url);
    const reader = await readers.connect();
    try {
      await reader.query('begin');
      await reader.query('select from events');
      for (let tries = 1; tries <= 5; tries++) {
        await one.round(ON);
        assert.deepEqual(one.stuck, { day: '2020-01-01', tries });
      }
      const busy = Array<string>(4).fill('retention.day-busy');
      assert.deepEqual(one.logged, [...busy, 'retention.day-stuck']);
      const round = one.round(ON);
      // Longer than the first tries did.
      await waitFor(
        async () =>
          (
            await readers.query(
              "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and now() - query_start > interval '500 ms'",
            )
          ).rowCount === 1,
        { what: 'a long wait for the lock' },
      );
      await reader.query('commit');
      await round;
      assert.equal(one.stuck, null);
      assert.equal(one.logged.at(-1), 'retention.day-dropped');
    } finally {
      reader.release();
      await readers.end();
      await pool.query('drop table if exists events_20200101');
    }
  });

  it('counts a day that fails as stuck, and the next one has its turn', async () => {
    for (const [name, from, to] of [
      ['events_20200101', '2020-01-01', '2020-01-02'],
      ['events_20200102', '2020-01-02', '2020-01-03'],
    ]) {
      await pool.query(`create table ${name} partition of events for values from ('${from}') to ('${to}')`);
    }
    await pool.query('create view reports as select count(*) from events_20200101'); // of somebody else
    let clock = 0;
    const one = retention({ now: () => clock });
    try {
      for (let tries = 1; tries <= 2; tries++) {
        await one.round(ON);
        await one.round(ON); // rests
        assert.deepEqual(one.stuck, { day: '2020-01-01', tries });
        clock += 600_000;
      }
      assert.deepEqual(one.logged, ['retention.day-failed', 'retention.day-dropped', 'retention.day-failed']);
    } finally {
      await pool.query('drop view reports');
    }
    await one.round(ON);
    assert.equal(one.stuck, null);
    assert.equal(one.logged.at(-1), 'retention.day-dropped');
  });

  it('lets a day that fails rest, also while somebody is in the way of another one', async () => {
    await pool.query(`
      create table finished_deliveries_20200101 partition of finished_deliveries for values from ('2020-01-01') to ('2020-01-02');
      create view reports as select count(*) from finished_deliveries_20200101;
      create table events_20200102 partition of events for values from ('2020-01-02') to ('2020-01-03')`);
    let clock = 0;
    const one = retention({ now: () => clock });
    const reader = await pool.connect();
    try {
      await reader.query('begin');
      await reader.query('select from events');
      for (const minute of [0, 1, 9, 10]) {
        clock = minute * 60_000;
        await one.round(ON);
      }
      const [failed, busy] = ['retention.day-failed', 'retention.day-busy'];
      assert.deepEqual(
        one.logged.filter(event => event.includes('day')),
        [failed, busy, busy, busy, failed, busy],
      );
      assert.deepEqual(one.stuck, { day: '2020-01-01', tries: 2 });
    } finally {
      await reader.query('commit');
      reader.release();
      await pool.query('drop view reports');
    }
    for (const minute of [11, 20]) {
      clock = minute * 60_000;
      await one.round(ON);
    }
    assert.equal(one.stuck, null);
    assert.deepEqual(one.logged.slice(-2), Array<string>(2).fill('retention.day-dropped'));
  });

  it('leaves a day to the replay that has listed some of it meanwhile, and the next one has its turn', async () => {
    await pool.query(`
      create table finished_deliveries_20200101 partition of finished_deliveries for values from ('2020-01-01') to ('2020-01-02');
      create table events_20200102 partition of events for values from ('2020-01-02') to ('2020-01-03')`);
    const client = await pool.connect();
    const days = createDaySweep({
      retention: () => ({ eventsDays: 30, dedupMs: 8 * DAY_MS }),
      isRefused: () => false,
      log: { info: nothing, warn: nothing, error: nothing },
    });
    const listing = {
      async query(text: string, values?: unknown[]) {
        const result = await client.query(text, values);
        if (text.includes('order by day')) await listOne('2020-01-01');
        return result;
      },
    } as unknown as PoolClient;
    try {
      await days.sweep(listing, ON);
      assert.equal(days.stuck, null);
      assert.deepEqual(await partitionsOf('2020'), ['finished_deliveries_20200101']);
    } finally {
      client.release();
      await pool.query('truncate replays, replay_items; drop table finished_deliveries_20200101');
    }
  });

  it('removes nothing by a file that is refused, makes days, and leaves the rest to a processor whose file is good', async () => {
    const [latest = ''] = (await partitionsOf('2')).filter(name => name.startsWith('events')).slice(-1);
    await pool.query(`
      drop table ${latest};
      create table events_20200101 partition of events for values from ('2020-01-01') to ('2020-01-02')`);
    await insertKeys(9);
    let isRefused = true;
    const [one, other] = [retention({ isRefused: () => isRefused }), retention()];
    assert.deepEqual(one.unable, { days: true, keys: true });
    for (let n = 0; n < 2; n++) assert.equal(await one.round(ON), false);
    assert.deepEqual(one.logged, ['retention.given-up'], 'said once');
    assert.ok((await partitionsOf('2')).includes(latest), 'it may be that no other file is good');
    assert.deepEqual(await partitionsOf('2020'), ['events_20200101']);
    assert.deepEqual(await keptKeys(), ['9']);

    await waitFor(() => other.round(ON));
    assert.deepEqual(other.logged, ['retention.day-dropped', 'retention.keys-removed']);
    isRefused = false;
    assert.deepEqual(one.unable, { days: false, keys: false });
    assert.equal(await one.round(ON), false);
    other.letGo();
    await waitFor(() => one.round(ON));
  });

  for (const [how, offMs] of [
    ['60 days ahead of', -60 * DAY_MS],
    ['two hours behind', 2 * 3_600_000],
  ] as const) {
    it(`removes nothing while PostgreSQL's clock is ${how} the processor's, makes days, and leaves the rest to one that agrees`, async () => {
      const [latest = ''] = (await partitionsOf('2')).filter(name => name.startsWith('events')).slice(-1);
      await pool.query(`
        drop table ${latest};
        create table events_20200101 partition of events for values from ('2020-01-01') to ('2020-01-02');
        truncate handler_once, rejected_requests, source_totals, console_sessions;
        insert into source_totals select now() - interval '31 days', 's', 't', 1, 0, 0, '{}', 0, 0;
        insert into handler_once (destination, key, claim, delivery, held_until, begun_at)
        select 'bot', 'k', gen_random_uuid(), gen_random_uuid(), now(), now() - interval '9 days';
        insert into cache_clears (destination, key_hash, version) values ('gone', '', 2);
        insert into console_sessions (session_sha256, name, role, scopes, expires_at, used_at)
        select '', 's', 'r', '{view}', now() - interval '1 minute', now();
        insert into rejected_requests
          (request_id, rejected_at, source, provider, code, reason, method, url, headers, body_bytes, body_sha256, secrets, tried, diagnosis, what, fix)
        select gen_random_uuid(), now() - interval '8 days', 's', 'p', 'c', 'r', 'POST', '/', '{}', 0, '', 0, '{}', 'd', 'w', 'f'`);
      await insertKeys(9);
      const left = async () => {
        const { rows } = await pool.query<{ count: number }>(
          `select (select count(*) from handler_once)::int + (select count(*) from cache_clears)
                + (select count(*) from console_sessions) + (select count(*) from rejected_requests)
                + (select count(*) from source_totals) + (select count(*) from event_keys) as count`,
        );
        return Number(rows[0]?.count);
      };
      let offset: number = offMs;
      const wallNow = () => Date.now() + offset;
      const [one, other] = [retention({ wallNow }), retention()];
      for (let n = 0; n < 2; n++) assert.equal(await one.round(ON), false);
      assert.deepEqual(one.logged, ['retention.given-up'], 'said once');
      assert.deepEqual(one.unable, { days: true, keys: true });
      assert.ok((await partitionsOf('2')).includes(latest));
      assert.deepEqual(await partitionsOf('2020'), ['events_20200101']);
      assert.equal(await left(), 6);

      await waitFor(() => other.round(ON));
      assert.deepEqual(await partitionsOf('2020'), []);
      assert.equal(await left(), 0);
      offset = 0;
      other.letGo();
      await waitFor(() => one.round(ON));
      assert.deepEqual(one.unable, { days: false, keys: false });
    });
  }

  for (const [change, overrides] of Object.entries({
    'is refused': (isChanged: () => boolean) => ({ isRefused: isChanged }),
    'keeps days for longer': (isChanged: () => boolean) => ({
      retention: () => ({ eventsDays: isChanged() ? 3_650 : 30, dedupMs: 8 * DAY_MS }),
    }),
  })) {
    it(`drops no further day where its file ${change} meanwhile`, async () => {
      await pool.query(`
        create table events_20200101 partition of events for values from ('2020-01-01') to ('2020-01-02');
        create table events_20200102 partition of events for values from ('2020-01-02') to ('2020-01-03')`);
      const one: Logging = retention(
        overrides(() => one.logged.includes('retention.day-dropped')), // after the first
      );
      await one.round(ON);
      assert.deepEqual(await partitionsOf('2020'), ['events_20200102']);
      await pool.query('drop table events_20200102');
    });
  }

  it('leaves the keys to another processor where no broker has told it for ten minutes how long they are needed', async () => {
    await insertKeys(14.99, 15.01);
    let clock = 0;
    const one = retention({ topicRetentionMs: () => null, now: () => clock });
    assert.deepEqual(one.unable, { days: false, keys: true });
    for (const term of [0, 11]) {
      clock = term * 60_000;
      await waitFor(() => one.round(ON)); // nobody else is there
      clock = (term + 9) * 60_000;
      assert.equal(await one.round(ON), true);
      clock = (term + 10) * 60_000;
      assert.equal(await one.round(ON), false);
    }
    assert.deepEqual(one.logged, ['retention.given-up', 'retention.given-up'], 'said each time');
    assert.deepEqual(await keptKeys(), ['15.01', '14.99']);
    const other = retention({ topicRetentionMs: () => 14 * DAY_MS });
    await waitFor(() => other.round(ON));
    assert.deepEqual(await keptKeys(), ['14.99']);
  });

  it('goes on counting a day that fails from term to term, and shows it until another processor has the lock', async () => {
    await pool.query(`
      create table events_20200101 partition of events for values from ('2020-01-01') to ('2020-01-02');
      create view reports as select count(*) from events_20200101`);
    try {
      let clock = 0;
      const one = retention({ topicRetentionMs: () => null, now: () => clock });
      for (const tries of [2, 3, 4]) {
        await waitFor(() => one.round(ON)); // nobody else is there
        clock += 600_000;
        assert.equal(await one.round(ON), false, 'given up');
        assert.deepEqual(one.stuck, { day: '2020-01-01', tries });
      }
      const other = retention();
      await waitFor(() => other.round(ON));
      assert.deepEqual(other.stuck, { day: '2020-01-01', tries: 1 });
      assert.equal(await one.round(ON), false);
      assert.equal(one.stuck, null);
    } finally {
      await pool.query('drop view reports; drop table events_20200101');
    }
  });

  it('begins each term with a look at days, however short ago its last one was', async () => {
    const one = retention();
    assert.equal(await one.round(ON), true);
    await pool.query(
      "create table events_20200101 partition of events for values from ('2020-01-01') to ('2020-01-02')",
    );
    await one.round(ON);
    assert.deepEqual(one.logged, []);
    one.letGo();
    const reader = await pool.connect();
    await reader.query('begin; lock table events_20200101 in access share mode');
    await waitFor(() => one.round(ON), { what: 'the next term' });
    assert.deepEqual(one.logged, ['retention.day-busy']);
    await reader.query('rollback');
    reader.release();
    await one.round(ON);
    assert.deepEqual(one.logged, ['retention.day-busy', 'retention.day-dropped']);
  });

  async function listOne(day: string): Promise<void> {
    await pool.query(
      `with r as (
         insert into replays (id, created_by, filter, rate_per_s, trickle, state, counted)
         values (gen_random_uuid(), 'anna', '{"state": "delivered"}', 50, 5, 'announced', 1) returning id
       )
       insert into replay_items (replay_id, n, delivery_id, finished_day, destination)
       select id, 1, gen_random_uuid(), $1, 'crm' from r`,
      [day],
    );
  }
  async function partitionsOf(years: string): Promise<readonly string[]> {
    const { rows } = await pool.query<{ name: string }>(
      `select relname as name from pg_class where relkind = 'r' and relname ~ ('_' || $1 || '[0-9]+$') order by relname`,
      [years],
    );
    return rows.map(row => row.name);
  }

  it('drops days that are over for longer than configured, whatever becomes of the keys', async () => {
    await pool.query(`
      do $$ declare day date; begin
        for day in select (now() at time zone 'utc')::date - n from unnest(array[2, 3]) n loop
          execute format('create table %I partition of events for values from (%L) to (%L)',
                         'events_' || to_char(day, 'YYYYMMDD'), day, day + 1);
        end loop;
      end $$`);
    const one = retention({
      retention: () => ({ eventsDays: 2, dedupMs: 8 * DAY_MS }),
      topicRetentionMs: () => {
        throw new Error('no');
      },
    });
    await one.round(ON);
    await one.round(ON);
    const ofKeys = Array.from({ length: 4 }, () => 'retention.failed'); // and of what handlers did once, in both rounds
    assert.deepEqual(one.logged, ['retention.day-dropped', ...ofKeys]);
    const { rows } = await pool.query(
      "select from pg_class where relname ~ '^events_[0-9]{8}$' and right(relname, 8) < to_char(now() at time zone 'utc', 'YYYYMMDD')",
    );
    assert.equal(rows.length, 1);
  });
});
