import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { HeaderPairs } from '@ackline/shared/envelope';
import { encodeMeta } from '@ackline/shared/envelope-codec';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import pg from 'pg';
import { ranCli } from '../ran-cli.ts';

const DELIVERY = '019ab2c4-0000-7000-8000-00000000000a';
const MISSING = '019ab2c4-0000-7000-8000-0000000000ff';

describe('a replay with another body, by command', () => {
  let folder: string;
  let database: TestDatabase;
  let client: pg.Client;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-edit-'));
    await writeFile(join(folder, 'body.json'), '{"amount": 5}\n');
    await writeFile(join(folder, 'broken.json'), '{"amount": ');
    database = await createTestDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });
  beforeEach(() => client.query('truncate events, deliveries, finished_deliveries, delivery_edits, audit'));
  after(async () => {
    await client.end();
    await database.close();
    await rm(folder, { recursive: true });
  });

  async function park(headers: HeaderPairs): Promise<void> {
    const meta = encodeMeta({
      source: 'telegram',
      tenant: 'default',
      provider: 'telegram',
      type: 'message',
      dedupKey: 'k',
      orderingKey: null,
      occurredAt: null,
      receivedAt: 0,
      method: 'POST',
      url: 'https://hooks.example.com/',
      headers,
      priority: 'normal',
      traceparent: null,
      notBefore: null,
      id: '019ab2c4-0000-7000-8000-000000000001',
    } as never);
    await client.query(
      `insert into events (seq, id, source, tenant, provider, type, dedup_key, received_at, priority, tier, routing, key_id, meta, body)
       values (1, '019ab2c4-0000-7000-8000-000000000001', 'telegram', 'default', 'telegram', 'message', 'k', now(), 'normal', 'inbox',
               'routed', 'none', $1, 'as it came')`,
      [meta],
    );
    await client.query(
      `insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, priority, state, park_reason, finished_at)
       select '${DELIVERY}', stored_day, 1, id, source, tenant, 'all', 'crm', 'normal', 'parked', 'exhausted', now() from events`,
    );
  }
  const edit = (file: string, { id = DELIVERY, input = '' } = {}) =>
    ranCli(['replay', id, '--edit', file], {
      folder,
      input: Readable.from([Buffer.from(input)]),
      environment: { DATABASE_URL: database.url },
    });
  async function bodies(): Promise<readonly string[]> {
    const { rows } = await client.query<{ body: Buffer }>('select body from delivery_edits order by n');
    return rows.map(row => row.body.toString());
  }

  it('takes the bytes of a file, or of standard input, as they are', async () => {
    await park([['content-type', 'application/json; charset=utf-8']]);
    assert.match((await edit('body.json')).out, /is sent to crm again/);
    assert.deepEqual(await bodies(), ['{"amount": 5}\n']);
    assert.match((await edit('body.json')).out, /not finished yet/);
    await client.query("update deliveries set state = 'parked', finished_at = now()");
    assert.equal((await edit('-', { input: '[1, 2]' })).exitCode, 0);
    assert.deepEqual(await bodies(), ['{"amount": 5}\n', '[1, 2]']);
  });

  it('refuses what is not JSON for an event that came as JSON, and changes nothing', async () => {
    await park([['Content-Type', 'application/vnd.api+json']]);
    for (const result of [await edit('broken.json'), await edit('-', { input: '' })]) {
      assert.equal(result.exitCode, 1);
      assert.match(
        result.err,
        /\[ACKLINE_USAGE\] The event came as application\/vnd\.api\+json, and for that the body is not JSON/,
      );
    }
    assert.deepEqual(await bodies(), []);
    const { rows } = await client.query('select state from deliveries');
    assert.deepEqual(rows, [{ state: 'parked' }]);
  });

  it('takes any bytes for an event that came as something else', async () => {
    await park([['content-type', 'application/x-www-form-urlencoded']]);
    assert.equal((await edit('-', { input: 'Body=hello' })).exitCode, 0);
    assert.deepEqual(await bodies(), ['Body=hello']);
  });

  it('says what is not there: the file, the delivery', async () => {
    await park([]);
    assert.match((await edit('nowhere.json')).err, /ENOENT/);
    assert.match((await edit('body.json', { id: MISSING })).err, /\[ACKLINE_NOT_FOUND\]/);
    assert.match(
      (await edit('-', { input: 'x'.repeat(25 * 1024 * 1024 + 1) })).err,
      /\[ACKLINE_USAGE\] The body is over 25 MiB/,
    );
  });
});
