import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import {
  readSecretUses,
  removeSecretWatcher,
  secretFingerprint,
  type ToldSecret,
  writeSecretUses,
} from '@ackline/store/secret-uses';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { openPool } from './rows.ts';

const WATCHER = '019ab2c4-0000-4000-8000-000000000001';
const AT = Date.UTC(2026, 10, 22, 12);
const told = (fingerprint: string, uses: number, lastUsedAt: number | null, source = 'crm'): ToldSecret => ({
  source,
  fingerprint,
  uses,
  lastUsedAt,
});

describe('what secrets were used for', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  const write = (some: readonly ToldSecret[], watcher = WATCHER) => writeSecretUses(pool, some, watcher);
  beforeEach(() => pool.query('truncate secret_uses, secret_watchers'));
  after(async () => {
    await pool.end();
    await database.close();
  });

  /** By fingerprint: uses, requests of others since, last use. */
  const known = async () =>
    Object.fromEntries(
      (await readSecretUses(pool)).map(use => [
        use.fingerprint,
        [use.uses, use.othersSince, use.lastUsedAt?.getTime() ?? null],
      ]),
    );

  it('is added up over ingresses, and the last use is the latest of them', async () => {
    await write([told('old', 5, AT), told('new', 0, null)]);
    await write([told('old', 2, AT - 1_000), told('new', 0, null)]);
    assert.deepEqual(await known(), { old: [7, 0, AT], new: [0, 7, null] });
    await write([told('old', 0, AT), told('new', 40, AT + 5_000)]);
    await write([told('old', 0, null), told('new', 2, AT + 4_000)]);
    assert.deepEqual(await known(), { old: [7, 42, AT], new: [42, 0, AT + 5_000] });
  });

  it('counts nothing of another source, also where it has the same secret', async () => {
    await write([told('same', 3, AT), told('same', 0, null, 'shop'), told('b', 0, null)]);
    const uses = (await readSecretUses(pool)).map(use => [
      use.source,
      use.fingerprint,
      use.uses,
      use.othersSince,
    ]);
    assert.deepEqual(uses, [
      ['crm', 'b', 0, 3],
      ['crm', 'same', 3, 0],
      ['shop', 'same', 0, 0],
    ]);
    assert.notEqual(secretFingerprint('crm', 's'), secretFingerprint('shop', 's'));
  });

  it('is watched anew after a pause, and remembers what is older', async () => {
    await write([told('a', 1, AT)]);
    const age = (minutes: number) =>
      pool.query(
        `update secret_uses set watched_since = now() - interval '3 days', first_listed_at = now() - interval '9 days',
                last_listed_at = now() - $1 * interval '1 minute'`,
        [minutes],
      );
    await age(4);
    await write([told('a', 0, null)]);
    const [watched] = await readSecretUses(pool);
    assert.ok((watched?.watchedMs ?? 0) >= 3 * 86_400_000);
    await age(6);
    await write([told('a', 0, null)]);
    const [paused] = await readSecretUses(pool);
    assert.ok((paused?.watchedMs ?? Infinity) < 86_400_000);
    assert.ok(Date.now() - (paused?.firstListedAt.getTime() ?? 0) >= 8 * 86_400_000);
    assert.equal(paused?.uses, 1);
  });

  it('is watched by all ingresses, and no longer than since the last word of one that is silent and has not ended', async () => {
    const silent = '019ab2c4-0000-4000-8000-000000000002';
    const watchedDays = async () =>
      Math.floor(((await readSecretUses(pool))[0]?.watchedMs ?? Number.NaN) / 86_400_000);
    await write([told('a', 0, null)]);
    await pool.query("update secret_uses set watched_since = now() - interval '9 days'");
    await write([told('a', 0, null)], silent);
    assert.equal(await watchedDays(), 9, 'it tells');
    await pool.query("update secret_watchers set told_at = now() - interval '2 days' where id = $1", [
      silent,
    ]);
    assert.equal(await watchedDays(), 2);
    await write([told('a', 1, AT)], silent);
    assert.equal(await watchedDays(), 9, 'it has told what it was silent about');
    await pool.query("update secret_watchers set told_at = now() - interval '2 days' where id = $1", [
      silent,
    ]);
    await removeSecretWatcher(pool, silent);
    assert.equal(await watchedDays(), 9, 'it has ended');
  });

  it('is forgotten of what no ingress has had for long', async () => {
    await write([told('gone', 1, AT), told('stays', 1, AT)]);
    await pool.query(
      "update secret_uses set last_listed_at = now() - interval '91 days' where fingerprint = 'gone'",
    );
    await write([told('stays', 0, null)]);
    assert.deepEqual(Object.keys(await known()), ['stays']);
  });

  it('is written by many ingresses at once, each with its own order, and none fails', async () => {
    const some = ['a', 'b', 'c', 'd'].map(name => told(name, 1, AT));
    await Promise.all(Array.from({ length: 30 }, (_, n) => write(n % 2 === 0 ? some : some.toReversed())));
    assert.deepEqual((await known())['a'], [30, 0, AT]);
  });
});
