import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { listAudit } from '@ackline/store/audit';
import { cacheKeyHash, clearCache, readCacheClears, sweepCacheClears } from '@ackline/store/cache-clears';
import { readHideKey } from '@ackline/store/hidden-keys';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { openPool } from './rows.ts';

describe('what is cleared of caches', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query('truncate cache_clears, audit');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  const clear = (destination: string, keyHash: string | null = null) =>
    clearCache(pool, { destination, keyHash, actor: 'anna' });
  const known = async (after = 0) =>
    (await readCacheClears(pool, after)).map(({ destination, keyHash }) => [destination, keyHash]);

  it('is read in its order, what is newer than the last that was read', async () => {
    await clear('bot', 'h1');
    await clear('crm');
    const [first] = await readCacheClears(pool, 0);
    await clear('bot', 'h1');
    assert.deepEqual(await known(), [
      ['crm', null],
      ['bot', 'h1'],
    ]);
    assert.deepEqual(await known(first?.version), await known());
    const last = (await readCacheClears(pool, 0)).at(-1)?.version;
    assert.deepEqual(await known(last), []);
  });

  it('of a whole destination stands for its keys', async () => {
    await clear('bot', 'h1');
    await clear('bot', 'h2');
    await clear('bot');
    assert.deepEqual(await known(), [['bot', null]]);
  });

  it('has versions that only grow, whatever the clock does', async () => {
    await clear('bot');
    await pool.query('update cache_clears set version = version + 86400000');
    const [before] = await readCacheClears(pool, 0);
    await Promise.all([clear('crm'), clear('bot'), clear('mail')]);
    const versions = (await readCacheClears(pool, before?.version ?? 0)).map(({ version }) => version);
    assert.equal(new Set(versions).size, 3);
  });

  it('is a thousand keys of a destination at most: then all of it', async () => {
    await pool.query(
      "insert into cache_clears (destination, key_hash, version) select 'bot', n::text, n from generate_series(1, 1000) n",
    );
    assert.equal(await clear('bot', 'one-more'), false);
    assert.equal(await clear('crm', 'one-more'), true);
    assert.equal(await clear('bot'), true);
    assert.equal(await clear('bot', 'one-more'), true);
  });

  it('of a destination that is gone is forgotten two days later, and no other', async () => {
    for (const destination of ['bot', 'crm', 'gone', 'just-gone']) await clear(destination, 'h1');
    await clear('gone');
    await pool.query(
      "update cache_clears set version = version - 172800001 where destination in ('bot', 'gone')",
    );
    assert.equal(await sweepCacheClears(pool, ['bot', 'crm']), 1);
    assert.deepEqual(await known(), [
      ['bot', 'h1'],
      ['crm', 'h1'],
      ['just-gone', 'h1'],
    ]);
  });

  it('is in the audit, with no key in the clear, nor by a hash that finds it by trying', async () => {
    const keyHash = cacheKeyHash('+49 151 1');
    const hidden = (await readHideKey(pool))('bot', keyHash);
    await clear('bot', keyHash);
    await clear('bot');
    assert.deepEqual(
      (await listAudit(pool, { limit: 10 })).map(({ actor, action, subject, details }) => [
        actor,
        action,
        subject,
        details,
      ]),
      [
        ['anna', 'cache.cleared', 'bot', {}],
        ['anna', 'cache.cleared', 'bot', { keyHash: hidden }],
      ],
    );
    assert.match(hidden, /^#[0-9a-f]{8}$/);
  });
});
