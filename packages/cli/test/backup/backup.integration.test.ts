import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase, withDatabase } from '@ackline/testkit/database';
import { writeHeartbeat } from '@ackline/store/processors';
import { dropDay } from '@ackline/store/retention';
import pg from 'pg';
import { writeBackupFile } from '../../src/backup/backup-file.ts';
import type { BackupRecord } from '../../src/backup/backup-format.ts';
import { BACKUP_TABLES, LEFT_OUT_TABLES } from '../../src/backup/backup-tables.ts';
import { readTables } from '../../src/backup/catalog.ts';
import { takeSnapshot } from '../../src/backup/take-snapshot.ts';
import { ranCli } from '../ran-cli.ts';

let folder = '';
let source: TestDatabase;
const databases: TestDatabase[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ackline-backup-'));
  source = await createTestDatabase();
  databases.push(source);
  await withClient(source.url, fill);
});

after(async () => {
  for (const database of databases) await database.close();
  await rm(folder, { recursive: true, force: true });
});

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Rows in every table: a past day with a partition of its own, one in the default partition, bytes that are no text. */
async function fill(client: pg.Client): Promise<void> {
  await client.query(`
    create table events_20260101 partition of events for values from ('2026-01-01') to ('2026-01-02');
    create table finished_deliveries_20260101 partition of finished_deliveries for values from ('2026-01-01') to ('2026-01-02');
    insert into events (stored_day, seq, id, source, tenant, provider, type, dedup_key, received_at, priority, tier, routing, key_id, meta, body)
      select day, nextval('event_seq'), gen_random_uuid(), 's', 't', 'p', 'ty', 'k' || n, now(), 'normal', 'inbox', 'routed', 'none',
             '\\x00ff'::bytea, decode(repeat('00ff10', 500), 'hex')
        from generate_series(1, 300) n, (values (date '2026-01-01'), (date '2025-06-01'), (current_date)) d (day);
    insert into deliveries (stored_day, id, seq, event_id, source, tenant, route, destination, priority, state, attempts)
      select stored_day, gen_random_uuid(), seq, id, source, tenant, 'r', 'd', 'normal', 'parked', '[{"status": 500}]' from events;
    insert into finished_deliveries (stored_day, id, seq, event_id, source, tenant, route, destination, priority, state)
      select stored_day, gen_random_uuid(), seq, id, source, tenant, 'r2', 'd', 'normal', 'delivered' from events;
    insert into unrouted_events (seq, stored_day, source, body_bytes) select seq, stored_day, source, 1500 from events limit 5;
    insert into event_keys (source, dedup_key, event_id) select source, seq::text, id from events;
    insert into inbox (id, key_hash, after_offset, key_id, meta, body)
      select gen_random_uuid(), n, -1, 'none', '\\x01', '\\x02' from generate_series(1, 20) n;
    delete from inbox where n <= 10;
    insert into lanes (lane, topic_id, next_offset) values (0, 'topic', 42), (1, null, null);
    insert into quarantine (origin, reason, key_id, meta, body) values ('kafka', 'x', 'none', '\\x', '\\x');
    insert into paused_destinations (name, reason) values ('d', 'by hand');
    insert into audit (actor, action, subject) values ('anna', 'destination.paused', 'd');
    insert into replays (id, created_by, filter, rate_per_s, trickle, state) values (gen_random_uuid(), 'anna', '{}', 50, 5, 'announced');
    insert into replay_items (replay_id, n, delivery_id) select id, 1, gen_random_uuid() from replays;
    insert into replay_ends (replay_id, delivered) select id, 1 from replays;
    insert into delivery_edits (delivery_id, n, edited_by, key_id, body) values (gen_random_uuid(), 1, 'anna', 'none', '\\x00ff');
    insert into handler_once (destination, key, claim, delivery, held_until, done, key_id, result)
      values ('bot', 'reply:1', gen_random_uuid(), gen_random_uuid(), now(), true, 'none', '\\x7b7d');`);
}

const run = (url: string, ...args: string[]) =>
  ranCli(args, {
    folder,
    environment: { DATABASE_URL: url, ACKLINE_DATA_DIR: join(folder, '.ackline') },
  });

/** Every row of every table as text, and the sequences: two databases with the same fingerprint hold the same. */
function fingerprint(url: string): Promise<unknown> {
  return withClient(url, async client => {
    const result: Record<string, unknown> = {};
    for (const { name } of BACKUP_TABLES) {
      const { rows } = await client.query(
        `select tableoid::regclass::text as partition, count(*)::int as rows,
                md5(string_agg(t::text, ',' order by t::text)) as hash from "${name}" t group by 1 order by 1`,
      );
      result[name] = rows;
    }
    const sequences = await client.query(
      'select sequencename, last_value from pg_sequences order by sequencename',
    );
    return { ...result, sequences: sequences.rows };
  });
}

test('every table of the schema is in the backup, or left out for a reason', async () => {
  const tables = await withClient(source.url, readTables);
  const known = [...BACKUP_TABLES.map(table => table.name), ...Object.keys(LEFT_OUT_TABLES)];
  assert.deepEqual(tables, known.toSorted());
});

test('a restored database holds every row, partition and sequence of the original', async () => {
  const backup = await run(source.url, 'backup', 'whole.backup');
  assert.equal(backup.exitCode, 0, backup.err);
  assert.match(backup.out, /whole\.backup: 3,62\d rows, \d/);
  assert.equal((await stat(join(folder, 'whole.backup'))).mode & 0o777, 0o600);

  await withDatabase(async target => {
    const restore = await run(target.url, 'restore', 'whole.backup');
    assert.equal(restore.exitCode, 0, restore.err);
    assert.match(restore.out, /events +900\n/);
    assert.match(
      restore.out,
      /Start the services on this DATABASE_URL: 0 open deliveries and 10 events of the inbox go out then\./,
    );
    assert.deepEqual(await fingerprint(target.url), await fingerprint(source.url));
  });
});

test('rows that are committed while the backup runs are either in it with all that belongs to them, or not', async () => {
  await withDatabase(async database => {
    await withClient(database.url, fill);
    const busy = new AbortController();
    const writing = withClient(database.url, async client => {
      for (let n = 0; !busy.signal.aborted; n += 1) {
        // One statement, one transaction: a key and its lane offset belong together.
        await client.query(
          `with k as (insert into event_keys (source, dedup_key, event_id) values ('w', $1, gen_random_uuid()))
           update lanes set next_offset = $2 where lane = 0`,
          [String(n), n],
        );
      }
    });
    const backup = await run(database.url, 'backup', 'busy.backup');
    busy.abort();
    await writing;
    assert.equal(backup.exitCode, 0, backup.err);
    await withDatabase(async target => {
      assert.equal((await run(target.url, 'restore', 'busy.backup')).exitCode, 0);
      const { rows } = await withClient(target.url, client =>
        client.query<{ keys: number; offset: string }>(
          `select (select count(*)::int from event_keys where source = 'w') as keys, next_offset as offset from lanes where lane = 0`,
        ),
      );
      const keys = rows[0]?.keys ?? 0;
      assert.equal(rows[0]?.offset, keys === 0 ? '42' : String(keys - 1));
    });
  });
});

test('a day that is due to go while the backup runs stays until its end, so that no open delivery lacks its event', async () => {
  await withDatabase(async database => {
    await withClient(database.url, fill);
    const drop = () =>
      withClient(database.url, client =>
        dropDay(client, '2026-01-01', { signal: new AbortController().signal }),
      );
    let meanwhile: string | null = null;
    async function* droppedMeanwhile(records: AsyncIterable<BackupRecord>): AsyncGenerator<BackupRecord> {
      for await (const record of records) {
        if (record.kind === 'header') meanwhile = (await drop()).kind;
        yield record;
      }
    }
    await withClient(database.url, client =>
      writeBackupFile(join(folder, 'drop.backup'), droppedMeanwhile(takeSnapshot(client, () => undefined))),
    );
    await withDatabase(async target => {
      assert.equal((await run(target.url, 'restore', 'drop.backup')).exitCode, 0);
      const { rowCount } = await withClient(target.url, client =>
        client.query(
          `select from deliveries d where not exists (select from events e where e.stored_day = d.stored_day and e.seq = d.seq)
             and not exists (select from kept_events k where k.stored_day = d.stored_day and k.seq = d.seq)`,
        ),
      );
      assert.equal(rowCount, 0);
    });
    assert.equal(meanwhile, 'busy');
    assert.equal((await drop()).kind, 'dropped');
  });
});

test('a torn or changed file, or one that is no backup, changes nothing', async () => {
  await run(source.url, 'backup', 'good.backup');
  const good = await readFile(join(folder, 'good.backup'));
  const half = Math.floor(good.length / 2);
  await writeFile(join(folder, 'torn.backup'), good);
  await truncate(join(folder, 'torn.backup'), half);
  const flipped = Buffer.from(good);
  flipped[half] = (flipped[half] ?? 0) ^ 0xff;
  await writeFile(join(folder, 'changed.backup'), flipped);
  await writeFile(join(folder, 'other.backup'), 'select 1;');
  await withDatabase(async target => {
    const empty = await fingerprint(target.url);
    for (const file of ['torn.backup', 'changed.backup', 'other.backup', 'missing.backup']) {
      const { exitCode, err } = await run(target.url, 'restore', file);
      assert.equal(exitCode, 1, file);
      assert.match(err, /error \[ACKLINE_BACKUP_INVALID\]/, file);
    }
    assert.deepEqual(await fingerprint(target.url), empty);
  });
});

test('a database that is not empty, or that a processor works on, is refused untouched', async () => {
  await run(source.url, 'backup', 'again.backup');
  const original = await fingerprint(source.url);
  const filled = await run(source.url, 'restore', 'again.backup');
  assert.match(filled.err, /error \[ACKLINE_RESTORE_REFUSED\] The database is not empty/);
  assert.deepEqual(await fingerprint(source.url), original);

  await withDatabase(async target => {
    await withClient(target.url, client => writeHeartbeat(client, 'p1', {}));
    const running = await run(target.url, 'restore', 'again.backup');
    assert.match(running.err, /error \[ACKLINE_RESTORE_REFUSED\] A processor works on this database/);
  });
});

test('a backup of another schema version is refused', async () => {
  async function* nextVersion(records: AsyncIterable<BackupRecord>): AsyncGenerator<BackupRecord> {
    for await (const record of records) {
      if (record.kind !== 'header') yield record;
      else yield { ...record, value: { ...record.value, schemaVersion: record.value.schemaVersion + 1 } };
    }
  }
  await withClient(source.url, client =>
    writeBackupFile(join(folder, 'newer.backup'), nextVersion(takeSnapshot(client, () => undefined))),
  );
  await withDatabase(async target => {
    const { exitCode, err } = await run(target.url, 'restore', 'newer.backup');
    assert.equal(exitCode, 1);
    assert.match(err, /error \[ACKLINE_BACKUP_INVALID\] .*schema version \d+, the database has \d+/);
  });
});

test('a place that can not be written is told with its reason, and nothing is left there', async () => {
  await mkdir(join(folder, 'folder.backup'));
  for (const [file, reason] of [
    ['nowhere/x.backup', 'ENOENT'],
    ['folder.backup', 'EISDIR'],
  ] as const) {
    const { exitCode, err } = await run(source.url, 'backup', file);
    assert.equal(exitCode, 1);
    assert.match(
      err,
      new RegExp(
        `^error \\[ACKLINE_BACKUP_NOT_WRITTEN\\] .*${file} can not be written \\(${reason}\\) – Name a`,
      ),
    );
  }
  assert.ok(!(await readdir(folder)).some(name => name.includes('partial')));
});

test('a backup that fails leaves the old file and no half of a new one', async () => {
  await writeFile(join(folder, 'kept.backup'), 'old');
  const before = await readdir(folder);
  const { exitCode, err } = await run('postgres://nobody:x@127.0.0.1:1/none', 'backup', 'kept.backup');
  assert.equal(exitCode, 1);
  assert.match(err, /error \[ACKLINE_POSTGRES_UNAVAILABLE\]/);
  assert.equal(await readFile(join(folder, 'kept.backup'), 'utf8'), 'old');
  assert.deepEqual(await readdir(folder), before);
});
