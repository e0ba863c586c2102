import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import {
  appendLargeToInbox,
  appendToInbox,
  type InboxRow,
  peekInbox,
  peekInboxOfKeys,
  peekInboxRows,
  takeInboxRows,
} from '@ackline/store/inbox';
import { inTransaction } from '@ackline/store/transaction';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { inboxRow, openPool } from './rows.ts';

describe('the inbox', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query('truncate inbox');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  const take = (ns: readonly string[]) => inTransaction(pool, client => takeInboxRows(client, ns));
  const allNs = async () => (await peekInbox(pool, 1_000)).map(row => row.n);

  it('counts an append that was tried again as appended, and keeps the first', async () => {
    const row = inboxRow({ body: Buffer.from('first') });
    await appendToInbox(pool, [row]);
    await appendToInbox(pool, [{ ...row, body: Buffer.from('second') }, inboxRow()]);
    await appendLargeToInbox(pool, { ...row, body: Buffer.from('third') });
    const taken = await take(await allNs());
    assert.equal(taken.length, 2);
    assert.equal(Buffer.from(taken[0]!.body).toString(), 'first');
  });

  const appendEach = async (rows: readonly InboxRow[]): Promise<void> => {
    for (const row of rows) await appendLargeToInbox(pool, row);
  };
  const ways = [
    ['together', (rows: readonly InboxRow[]) => appendToInbox(pool, rows)],
    ['alone', appendEach],
  ] as const;

  for (const [name, append] of ways)
    it(`gives rows that went ${name} back byte for byte, in the order of appending`, async () => {
      const bodies = [
        Buffer.alloc(0),
        Buffer.from([0, 255, 0, 92, 120, 10]),
        Buffer.alloc(1024 * 1024, 0xfe),
        Uint8Array.of(1, 2, 3, 4).subarray(1, 3), // a view of a part
        Buffer.from('{"a":"\\u0000"}'),
      ];
      const rows = bodies.map((body, n) =>
        inboxRow({ body, meta: Buffer.from(`{"n":${n}}`), keyHash: n, afterOffset: 2n ** 62n + BigInt(n) }),
      );
      await append(rows);
      const taken = await take((await allNs()).toReversed());
      assert.deepEqual(
        taken.map(row => ({
          ...row,
          n: undefined,
          meta: Buffer.from(row.meta),
          body: Buffer.from(row.body),
        })),
        rows.map(row => ({ ...row, n: undefined, meta: Buffer.from(row.meta), body: Buffer.from(row.body) })),
      );
    });

  it('tells of its first rows without their bytes, and takes nothing by it', async () => {
    await appendToInbox(pool, [
      inboxRow({ keyHash: 2_147_483_647, afterOffset: 41n, body: Buffer.from('12345') }),
      inboxRow(),
      inboxRow(),
    ]);
    const [first, ...rest] = await peekInbox(pool, 2);
    assert.equal(rest.length, 1);
    assert.equal(first!.keyHash, 2_147_483_647);
    assert.equal(first!.afterOffset, 41n);
    assert.equal(first!.bodyBytes, 5);
    assert.ok(first!.ageMs >= 0);
    assert.equal((await allNs()).length, 3);
  });

  it('finds the rows of some keys, and of some numbers, in the order of appending', async () => {
    await appendToInbox(
      pool,
      [5, 6, 5, 7, 6].map(keyHash => inboxRow({ keyHash })),
    );
    const all = await peekInbox(pool, 10);
    await inTransaction(pool, async client => {
      const ofKeys = await peekInboxOfKeys(client, [6, 5, 99], 3);
      assert.deepEqual(
        ofKeys.map(row => row.keyHash),
        [5, 6, 5],
      );
      const { rows } = await client.query<{ nowMs: number }>(
        'select (extract(epoch from now()) * 1000)::float8 as "nowMs"',
      );
      const sinceMs = ofKeys.map(({ appendedMs }) => (rows[0]?.nowMs ?? 0) - appendedMs);
      assert.ok(
        sinceMs.every(ms => ms >= 0 && ms < 60_000),
        `${sinceMs.join()} ms ago`,
      );
      const named = await peekInboxRows(client, [all[4]!.n, all[0]!.n, '999999']);
      assert.deepEqual(
        named.map(row => row.n),
        [all[0]!.n, all[4]!.n],
      );
      assert.deepEqual(await peekInboxOfKeys(client, [], 3), []);
    });
  });

  it('has a row still when the transaction that took it fails, and once only for two that want it', async () => {
    await appendToInbox(pool, [inboxRow()]);
    const ns = await allNs();
    await assert.rejects(
      inTransaction(pool, async client => {
        assert.equal((await takeInboxRows(client, ns)).length, 1);
        throw new Error('killed');
      }),
    );
    const both = await Promise.all([take(ns), take(ns)]);
    assert.equal(both.flat().length, 1);
    assert.deepEqual(await allNs(), []);
  });
});
