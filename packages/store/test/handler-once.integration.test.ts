import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { seal } from '@ackline/shared/seal';
import {
  beginOnce,
  keepOnce,
  leaveOnce,
  type OnceRequest,
  sweepOnce,
  undoOnce,
} from '@ackline/store/handler-once';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { openPool } from './rows.ts';

const HOUR_MS = 3_600_000;

describe('what a handler does once', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url, 12);
  });
  beforeEach(async () => {
    await pool.query('truncate handler_once');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  const request = (overrides: Partial<OnceRequest> = {}): OnceRequest => ({
    destination: 'bot',
    key: 'reply:1',
    claim: randomUUID(),
    delivery: randomUUID(),
    holdMs: HOUR_MS,
    mayRepeat: false,
    ...overrides,
  });
  const begin = (given: OnceRequest) => beginOnce(pool, given);
  const kindOf = async (given: OnceRequest) => (await begin(given)).kind;
  const letTimePass = () => pool.query("update handler_once set held_until = now() - interval '1 second'");

  it('is claimed by one of many that come at once, and the others find it busy', async () => {
    const kinds = await Promise.all(Array.from({ length: 12 }, () => kindOf(request())));
    assert.deepEqual(kinds.filter(kind => kind === 'claimed').length, 1);
    assert.deepEqual(new Set(kinds), new Set(['claimed', 'busy']));
  });

  it('is of its destination: another one does the same', async () => {
    assert.equal(await kindOf(request()), 'claimed');
    assert.equal(await kindOf(request({ destination: 'other' })), 'claimed');
  });

  it('keeps its result, also that it came to nothing', async () => {
    const first = request();
    const empty = request({ key: 'reply:2' });
    await begin(first);
    await begin(empty);
    assert.equal(await keepOnce(pool, first, seal(Buffer.from('{"id":7}'))), true);
    assert.equal(await keepOnce(pool, empty, null), true);
    const kept = await begin(request({ delivery: first.delivery }));
    assert.ok(kept.kind === 'kept' && kept.result !== null);
    assert.equal(Buffer.from(kept.result.bytes).toString(), '{"id":7}');
    assert.deepEqual(await begin(request({ key: 'reply:2', mayRepeat: true })), {
      kind: 'kept',
      result: null,
    });
  });

  it('that was not done is free again', async () => {
    const failed = request();
    await begin(failed);
    await undoOnce(pool, failed);
    assert.equal(await kindOf(request()), 'claimed');
  });

  it('is uncertain where its claim was left: to the next try of its delivery at once, to others when it can not be at it any more', async () => {
    const killed = request();
    await begin(killed);
    assert.equal(await kindOf(request()), 'busy');
    assert.equal(await kindOf(request({ delivery: killed.delivery })), 'uncertain');
    await letTimePass();
    assert.equal(await kindOf(request()), 'uncertain');
  });

  it('is uncertain at once where it is known that nobody is at it', async () => {
    const aborted = [request(), request({ key: 'reply:2' })];
    const done = request({ key: 'reply:3' });
    for (const claimed of [...aborted, done]) await begin(claimed);
    await keepOnce(pool, done, null);
    await leaveOnce(pool, [...aborted, done]);
    assert.equal(await kindOf(request()), 'uncertain');
    assert.equal(await kindOf(request({ key: 'reply:2' })), 'uncertain');
    assert.equal(await kindOf(request({ key: 'reply:3' })), 'kept');
  });

  it('is done again only by one that may, and only where nobody is at it', async () => {
    const killed = request();
    await begin(killed);
    assert.equal(await kindOf(request({ mayRepeat: true })), 'busy');
    await letTimePass();
    const next = request({ mayRepeat: true });
    assert.equal(await kindOf(next), 'claimed');
    assert.equal(await kindOf(request({ mayRepeat: true })), 'busy');
    // Whoever had it before has no say any more.
    assert.equal(await keepOnce(pool, killed, null), false);
    await undoOnce(pool, killed);
    await leaveOnce(pool, [killed]);
    assert.equal(await kindOf(request({ mayRepeat: true })), 'busy');
    assert.equal(await keepOnce(pool, next, null), true);
    assert.equal(await kindOf(request()), 'kept');
  });

  it('is forgotten after its time, a thousand at a time, and nothing younger', async () => {
    await pool.query(
      `insert into handler_once (destination, key, claim, delivery, held_until, begun_at)
       select 'bot', n::text, gen_random_uuid(), gen_random_uuid(), now(), now() - n * interval '1 minute'
         from generate_series(1, 1500) n`,
    );
    const sweep = () => sweepOnce(pool, 100 * 60_000 + 30_000);
    assert.deepEqual(await sweep(), { removed: 1_000, isMore: true });
    assert.deepEqual(await sweep(), { removed: 400, isMore: false });
    assert.deepEqual(await sweep(), { removed: 0, isMore: false });
    const { rows } = await pool.query(
      'select max(key::int) as oldest, count(*)::int as left from handler_once',
    );
    assert.deepEqual(rows, [{ oldest: 100, left: 100 }]);
  });
});
