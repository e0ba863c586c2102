import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import {
  insertRejection,
  KEPT_IN_ALL,
  KEPT_OF_A_SOURCE,
  type KeptRejection,
  listRejections,
  readRejection,
  sweepRejections,
} from '../src/rejections.ts';
import { openPool } from './rows.ts';

const REQUEST: KeptRejection = {
  requestId: '019ab2c4-0000-4000-8000-000000000001',
  rejectedAt: new Date('2026-11-29T10:00:00.123Z'),
  source: 'whatsapp',
  provider: 'twilio',
  code: 'ACKLINE_BAD_SIGNATURE',
  reason: 'wrong_signature',
  method: 'POST',
  url: 'http://127.0.0.1:8080/webhook/whatsapp?…',
  headers: { known: [['X-Twilio-Signature', 28]], others: 3 },
  bodyBytes: 4,
  bodySha256: 'ab',
  body: Buffer.from([0, 1, 254, 255]),
  secrets: 2,
  tried: { url: 12, secret: 0 },
  secretIndex: 1,
  skewMs: -31_536_000_000_000,
  diagnosis: 'url-differs',
  what: 'valid for …',
  fix: 'set publicUrl',
};

describe('refused requests that are kept', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  after(async () => {
    await pool.end();
    await database.close();
  });
  beforeEach(() => pool.query('truncate rejected_requests'));

  const fill = (source: string, count: number, age: string) =>
    pool.query(
      `insert into rejected_requests
         (request_id, rejected_at, source, provider, code, reason, method, url, headers, body_bytes, body_sha256, secrets, tried, diagnosis, what, fix)
       select gen_random_uuid(), now() - $3::interval - n * interval '1 millisecond', $1, 'p', 'c', 'r', 'POST', '/', '{}', 0, '', 0, '{}', 'd', 'w', 'f'
         from generate_series(1, $2::int) n`,
      [source, count, age],
    );
  const countsOf = async () => {
    const { rows } = await pool.query<{ source: string; count: number }>(
      'select source, count(*)::int as count from rejected_requests group by source order by source',
    );
    return Object.fromEntries(rows.map(({ source, count }) => [source, count]));
  };

  it('come back by their id as they were, and are listed without their bodies, the newest first', async () => {
    await insertRejection(pool, REQUEST);
    await insertRejection(pool, REQUEST); // an insert whose answer was lost
    const later = {
      ...REQUEST,
      requestId: randomUUID(),
      source: 'payments',
      rejectedAt: new Date(),
      body: null,
    };
    await insertRejection(pool, { ...later, secretIndex: null, skewMs: null });
    assert.deepEqual(await readRejection(pool, REQUEST.requestId), REQUEST);
    assert.equal(await readRejection(pool, randomUUID()), null);
    const sources = async (source?: string) =>
      (await listRejections(pool, { limit: 10, source: source ?? null })).map(row => row.source);
    assert.deepEqual(await sources(), ['payments', 'whatsapp']);
    assert.deepEqual(await sources('whatsapp'), ['whatsapp']);
    const [, listed] = await listRejections(pool, { limit: 10 });
    const { body: _body, ...facts } = REQUEST;
    assert.deepEqual(listed, facts);
  });

  it('are removed after seven days, and the oldest of a source that has too many', async () => {
    await fill('busy', KEPT_OF_A_SOURCE + 30, '1 hour');
    await fill('quiet', 3, '6 days 23 hours');
    await fill('gone', 3, '7 days 1 hour');
    assert.equal(await sweepRejections(pool), 33);
    assert.deepEqual(await countsOf(), { busy: KEPT_OF_A_SOURCE, quiet: 3 });
    const { rows } = await pool.query<{ oldest: boolean }>(
      `select min(rejected_at) > now() - interval '1 hour 1 second' as oldest from rejected_requests where source = 'busy'`,
    );
    assert.deepEqual(rows, [{ oldest: true }]);
    assert.equal(await sweepRejections(pool), 0);
  });

  it('are bounded over all sources', async () => {
    const sources = KEPT_IN_ALL / KEPT_OF_A_SOURCE;
    for (let n = 0; n < sources; n += 1) await fill(`source-${n}`, KEPT_OF_A_SOURCE, '1 hour');
    await fill('oldest', 50, '2 hours');
    assert.equal(await sweepRejections(pool), 50);
    assert.equal((await countsOf())['oldest'], undefined);
  });
});
