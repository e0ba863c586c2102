import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import {
  type KeptCertificate,
  readPublishedCertificates,
  writePublishedCertificates,
} from '@ackline/store/published-certificates';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { openPool } from './rows.ts';

const HOUR_MS = 3_600_000;
const kept = (name: string, ageMs: number, chain = 'chain'): KeptCertificate => ({
  url: `https://provider.example/${name}`,
  subject: 'subject',
  chain,
  ageMs,
});

describe('certificates that are kept', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(() => pool.query('truncate published_certificates'));
  after(async () => {
    await pool.end();
    await database.close();
  });

  it('are read with their age, the youngest first', async () => {
    await writePublishedCertificates(pool, [kept('old', 5 * HOUR_MS), kept('young', HOUR_MS)]);
    const [young, old, ...others] = await readPublishedCertificates(pool);
    assert.deepEqual({ ...young, ageMs: HOUR_MS }, kept('young', HOUR_MS));
    assert.deepEqual({ ...old, ageMs: 5 * HOUR_MS }, kept('old', 5 * HOUR_MS));
    assert.ok((young?.ageMs ?? 0) >= HOUR_MS && (old?.ageMs ?? 0) >= 5 * HOUR_MS);
    assert.deepEqual(others, []);
  });

  it('are replaced by what was fetched later alone', async () => {
    await writePublishedCertificates(pool, [kept('a', 2 * HOUR_MS, 'second')]);
    await writePublishedCertificates(pool, [kept('a', 3 * HOUR_MS, 'first')]);
    assert.equal((await readPublishedCertificates(pool))[0]?.chain, 'second');
    await writePublishedCertificates(pool, [kept('a', HOUR_MS, 'third')]);
    assert.equal((await readPublishedCertificates(pool))[0]?.chain, 'third');
  });

  it('are no more than 64, and the oldest go', async () => {
    const many = Array.from({ length: 70 }, (_, at) => kept(`${at}`, at * HOUR_MS));
    await writePublishedCertificates(pool, many);
    const { rows } = await pool.query<{ count: number }>(
      'select count(*)::int as count from published_certificates',
    );
    assert.equal(rows[0]?.count, 64);
    assert.deepEqual(
      (await readPublishedCertificates(pool)).map(({ url }) => url),
      many.slice(0, 64).map(({ url }) => url),
    );
  });
});
