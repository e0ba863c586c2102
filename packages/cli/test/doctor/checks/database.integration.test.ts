import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { migrate } from '@ackline/store/migrate';
import { writeHeartbeat } from '@ackline/store/processors';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { startDatabaseServer } from '@ackline/testkit/database-server';
import { freePort } from '@ackline/testkit/free-port';
import pg from 'pg';
import { type DoctorFolder, openDoctorFolder, parseReport, type ReportJson } from '../run-doctor.ts';

const CONFIG = `sources:
  - { name: tg, provider: telegram, path: /tg, secrets: [{ env: TG }] }
routes:
  - { name: all, destination: bot }
  - { name: too, destination: crm }
destinations:
  - { name: bot, type: http, url: http://127.0.0.1:1/updates }
  - { name: crm, type: http, url: http://127.0.0.1:1/crm }
`;

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

const told = ({ findings }: ReportJson) =>
  findings.map(({ id, subject, what }) => `${id} ${subject ?? '–'}: ${what}`);

/** Connections, at most. */
const OF_OTHER_TESTS = 30;

describe('ackline doctor: the database and the work in it', () => {
  let folder: DoctorFolder;
  let database: TestDatabase;
  before(async () => {
    folder = await openDoctorFolder();
    await folder.write('ackline.yaml', CONFIG);
  });
  after(() => folder[Symbol.asyncDispose]());
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.close());

  const usableConnections = () =>
    withClient(database.url, async client => {
      const { rows } = await client.query<{ usable: number }>(
        "select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as usable",
      );
      return rows[0]?.usable ?? 0;
    });

  async function look(env: Readonly<Record<string, string>> = {}): Promise<ReportJson> {
    const ran = await folder.run({ DATABASE_URL: database.url, ...env }, '--json');
    assert.equal(ran.err, '');
    return parseReport(ran);
  }

  it('finds nothing in a new database, where nothing waits and nothing runs', async () => {
    assert.deepEqual(told(await look()), []);
  });

  it('a server whose clock is two days ahead is found', async () => {
    await withClient(database.url, client =>
      client.query(`
        create schema ahead;
        create function ahead.clock_timestamp() returns timestamptz language sql as
          $$ select pg_catalog.clock_timestamp() + interval '2 days' $$;
        do $do$ begin
          execute format('alter database %I set search_path = ahead, pg_catalog, public', current_database());
        end $do$`),
    );
    assert.deepEqual(told(await look()), [
      "clocks-differ –: the server's clock is 48.0 h ahead of this machine's",
    ]);
  });

  it('a schema that is newer is found, and the work is not looked at', async () => {
    await withClient(database.url, client =>
      client.query("insert into schema_migrations (version, name) values (9999, '9999-later.sql')"),
    );
    const report = await look();
    assert.match(
      told(report).join(),
      /^schema-newer –: The database schema is at version 9999, this release knows \d+ and does not work behind 9999$/,
    );
    assert.ok(report.notLookedAt.some(({ part }) => part === 'the work'));
  });

  it('a database with nothing in it is older than the release', async () => {
    const empty = await createTestDatabase({ migrated: false });
    try {
      const report = await look({ DATABASE_URL: empty.url });
      assert.match(
        told(report).join(),
        /^schema-older –: The database schema is at version 0, this release needs \d+$/,
      );
    } finally {
      await empty.close();
    }
  });

  it('work that waits, was given up or is held is found, by what it is about', async () => {
    const attempts = '[{"at": "2026-01-01T00:00:00Z", "ms": 3, "outcome": "park", "status": 503}]';
    const insert = (values: string) => `
      insert into deliveries (stored_day, id, seq, event_id, source, tenant, route, priority, destination, state, created_at, park_reason,
                              finished_at, attempts)
        select current_date, gen_random_uuid(), n, gen_random_uuid(), 'tg', 'default', 'all', 'normal', ${values} from generate_series(1, 3) n;`;
    await withClient(database.url, client =>
      client.query(`
        ${insert(`'bot', 'parked', now(), 'exhausted', now(), '${attempts}'`)}
        ${insert("'bot', 'due', now() - interval '20 minutes', null, null, '[]'")}
        ${insert("'crm', 'due', now() - interval '20 minutes', null, null, '[]'")}
        ${insert("'erp', 'due', now(), null, null, '[]'")}
        insert into destination_states (name, status, failures, epoch, reopens_at)
          values ('crm', 'OPEN', 10, 1, now() + interval '1 minute');
        insert into unrouted_events (source, seq, stored_day, body_bytes, stored_at)
          values ('gone', 1, current_date, 2, now() - interval '1 hour');
        insert into quarantine (origin, reason, key_id, meta, body) values ('inbox:1', 'SQLSTATE 23514', 'none', '', '');`),
    );
    assert.deepEqual(told(await look()), [
      'processor-missing –: no processor runs, and 9 pieces of work wait',
      'record-quarantined –: 1 record could not be stored',
      'breaker-open destination crm: its circuit breaker is open after 10 failures',
      'delivery-late destination bot: 3 deliveries are open, the oldest for 20 min',
      'work-unconfigured destination erp: 3 deliveries are open for it, and the file does not name it',
      'work-parked destination bot: 3 parked with the cause "bot 503"',
      'event-unrouted –: 1 event of a source that no processor knows, the oldest for 60 min',
    ]);
  });

  it('a paused destination is found with its reason, and its work is not called late', async () => {
    await withClient(database.url, client =>
      client.query(`
        insert into deliveries (stored_day, id, seq, event_id, source, tenant, route, priority, destination, state, created_at)
          values (current_date, gen_random_uuid(), 1, gen_random_uuid(), 'tg', 'default', 'all', 'normal', 'bot', 'due', now() - interval '1 hour');
        insert into paused_destinations (name, reason, paused_at) values ('bot', E'answered 410\\u001b[2J', '2026-11-22 19:05:00Z')`),
    );
    assert.deepEqual(told(await look()).slice(1), [
      'destination-paused destination bot: it is paused since 2026-11-22 19:05:00.000: answered 410·[2J',
    ]);
  });

  it('processors tell what they refused, can not drop, and how late they are', async () => {
    const lagSince = Date.now() - 600_000;
    await withClient(database.url, async client => {
      await client.query(
        "insert into inbox (id, key_hash, after_offset, appended_at, key_id, meta, body) values (gen_random_uuid(), 1, -1, now() - interval '5 minutes', 'none', '', '')",
      );
      await writeHeartbeat(client as never, 'p-1', {
        config: { loaded_at: 1, error: 'ACKLINE_CONFIG_INVALID' },
        stuckDay: { day: '2026-10-01' },
        intake: { kafka: { lag: 1_204, lagSince } },
      });
      await writeHeartbeat(client as never, 'p-2', { intake: { kafka: null }, stuckDay: null, config: null });
    });
    assert.deepEqual(told(await look()), [
      'intake-late inbox: 1 event wait to be stored, the oldest for 5 min',
      'intake-late Kafka: 1,204 records wait to be stored, the oldest for 10 min',
      'config-refused processor p-1: it refused the file (ACKLINE_CONFIG_INVALID)',
      'retention-stuck processor p-1: it could not drop a day that is over',
    ]);
  });

  it('pools that may want more connections than the server has are found before they do', async () => {
    const usable = await usableConnections();
    await withClient(database.url, client => writeHeartbeat(client as never, 'p-1', {}));
    await withClient(database.url, client => writeHeartbeat(client as never, 'p-2', {}));
    const over = told(await look({ DATABASE_POOL_MAX: String(usable), INGRESS_PROCESSES: '2' }));
    const pools = 2 * (usable + 2) + 15 + 5;
    const sentence = `connections-over –: the pools may want ${pools} (2 × ${usable + 2} of processors, 15 of an ingress, 5 of the console), the server gives ${usable}: it should give `;
    const found = over.join();
    assert.ok(found.startsWith(sentence), found);
    // They may be connected to the same server just now.
    assert.ok(Number.parseInt(found.slice(sentence.length), 10) >= pools + 10, found);
    const exactly = Math.floor((usable - 10 - OF_OTHER_TESTS) / 2) - 2;
    assert.deepEqual(told(await look({ DATABASE_POOL_MAX: String(exactly) })), []);
    const others = await Promise.all(
      Array.from({ length: OF_OTHER_TESTS + 3 }, async () => {
        const client = new pg.Client({ connectionString: database.url, application_name: 'their-app' });
        await client.connect();
        return client;
      }),
    );
    const scarce = told(await look({ DATABASE_POOL_MAX: String(exactly) }));
    await Promise.all(others.map(client => client.end()));
    assert.match(scarce.join(), /^connections-scarce –: .*, and others have \d+ now: it should give \d+$/);
  });

  it('the connections of handlers count, twice since they are replaced, and what they have is not of others', async () => {
    await using withHandler = await openDoctorFolder();
    await withHandler.write('bot.ts', 'export const bot = 1;\n');
    await withHandler.write(
      'ackline.yaml',
      CONFIG.replace(
        'type: http, url: http://127.0.0.1:1/crm',
        'type: handler, module: ./bot.ts, threads: 8, connections: 10',
      ),
    );
    await withClient(database.url, client => writeHeartbeat(client as never, 'p-1', {}));
    const poolMax = (await usableConnections()) - 20;
    const env = { DATABASE_URL: database.url, DATABASE_POOL_MAX: String(poolMax) };
    const found = told(parseReport(await withHandler.run(env, '--json'))).join();
    const each = poolMax + 2 + 160;
    const sum = `connections-over –: the pools may want ${each + 10} (1 × ${each} of processors, handlers 160 of each, 5 of an ingress, 5 of the console)`;
    assert.ok(found.startsWith(sum), found);
  });

  it('a server that is away, hangs up or refuses is one finding without the password', async () => {
    const port = await freePort();
    const away = await look({ DATABASE_URL: `postgres://u:hunter2@127.0.0.1:${port}/x` });
    assert.match(told(away).join(), /^database-unreachable –: PostgreSQL does not answer \(.*ECONNREFUSED/);
    const url = new URL(database.url);
    url.pathname = '/not_there';
    assert.match(
      told(await look({ DATABASE_URL: url.href })).join(),
      /3D000.*database "not_there" does not exist/,
    );
    assert.doesNotMatch(JSON.stringify(away), /hunter2/);
  });
});

describe('ackline doctor: a server that is set wrongly', () => {
  it('names that it takes no changes, or lets its tables grow', async () => {
    await using folder = await openDoctorFolder();
    await folder.write('ackline.yaml', CONFIG);
    await using server = await startDatabaseServer();
    await migrate(server.url);
    for (const sql of [
      'alter system set autovacuum = off',
      'alter system set default_transaction_read_only = on',
      'select pg_reload_conf()',
    ]) {
      await withClient(server.url, client => client.query(sql));
    }
    const report = parseReport(await folder.run({ DATABASE_URL: server.url }, '--json'));
    assert.deepEqual(told(report), [
      'database-read-only –: the server takes no changes',
      'autovacuum-off –: autovacuum is off',
    ]);
  });
});
