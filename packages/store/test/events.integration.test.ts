import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type EventRow, insertEvents, quarantine } from '@ackline/store/events';
import { inTransaction } from '@ackline/store/transaction';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { eventRow, openPool } from './rows.ts';

describe('events', () => {
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

  const insert = (rows: readonly EventRow[]) => inTransaction(pool, client => insertEvents(client, rows));

  async function readBack(id: string): Promise<Record<string, unknown>> {
    const { rows } = await pool.query('select * from events where id = $1', [id]);
    return rows[0]!;
  }

  it('get their places in the order of the array, whatever their ids are', async () => {
    const rows = Array.from({ length: 300 }, () => eventRow());
    const places = await insert(rows);
    const seqs = rows.map(row => BigInt(places.get(row.id)!.seq));
    assert.deepEqual(
      seqs,
      seqs.toSorted((a, b) => Number(a - b)),
    );
    assert.equal(new Set(seqs).size, rows.length);
    const later = eventRow();
    const next = await insert([later]);
    assert.ok(BigInt(next.get(later.id)!.seq) > seqs.at(-1)!);
    assert.match(next.get(later.id)!.storedDay, /^\d{4}-\d\d-\d\d$/);
  });

  it('come back byte for byte', async () => {
    const bodies = [
      Buffer.alloc(0),
      Buffer.from('a\u0000b'),
      Buffer.from([0xff, 0xfe, 0x5c, 0x78]),
      Buffer.alloc(1024 * 1024, 0x80),
    ];
    const rows = bodies.map(body => eventRow({ body, meta: Buffer.from([...body.subarray(0, 3), 0, 1]) }));
    await insert(rows);
    for (const row of rows) {
      const found = await readBack(row.id);
      assert.deepEqual(found['body'], row.body);
      assert.deepEqual(found['meta'], row.meta);
    }
  });

  it('keep odd texts, nulls and milliseconds exactly', async () => {
    const odd = eventRow({
      type: 'NULL',
      dedupKey: `{"',\\}\n${'é'.repeat(500)}`,
      orderingKey: '   ',
      occurredAt: 0,
      receivedAt: 1_795_372_800_123,
      priority: 'high',
    });
    const bare = eventRow({ orderingKey: null, occurredAt: null, receivedAt: 8.64e15 });
    await insert([odd, bare]);
    const found = await readBack(odd.id);
    assert.equal(found['type'], 'NULL');
    assert.equal(found['dedup_key'], odd.dedupKey);
    assert.equal(found['ordering_key'], '   ');
    assert.deepEqual(found['occurred_at'], new Date(0));
    assert.deepEqual(found['received_at'], new Date(odd.receivedAt));
    assert.equal(found['priority'], 'high');
    const other = await readBack(bare.id);
    assert.equal(other['ordering_key'], null);
    assert.equal(other['occurred_at'], null);
  });

  it('keep the milliseconds of any time', async () => {
    const rows = Array.from({ length: 50 }, (_, n) =>
      eventRow({ receivedAt: 1_795_372_800_000 + n * 7_919 }),
    );
    await insert(rows);
    for (const row of rows) {
      assert.equal(((await readBack(row.id))['received_at'] as Date).getTime(), row.receivedAt);
    }
  });

  describe('that can’t be stored', () => {
    const record = (origin: string, topicId: string | null = null) => ({
      origin,
      topicId,
      reason: 'SQLSTATE 22P05',
      keyId: 'none',
      meta: Buffer.from([0]),
      body: Buffer.from([1, 0]),
    });
    const keep = (...records: readonly ReturnType<typeof record>[]) =>
      inTransaction(pool, client => quarantine(client, records));
    const kept = async () =>
      (
        await pool.query(
          'select origin, topic_id as "topicId", reason, key_id as "keyId", meta, body from quarantine order by id',
        )
      ).rows;
    beforeEach(() => pool.query('truncate quarantine'));

    it('are kept apart with the reason', async () => {
      const records = [record(`inbox:${randomUUID()}`), record('kafka:1:2', 'a topic')];
      assert.deepEqual(await keep(...records), new Set(records.map(({ origin }) => origin)));
      assert.deepEqual(await kept(), records);
    });

    it('are kept once where a record is read again, and not taken for that of another topic at its place', async () => {
      const first = record('kafka:1:2', 'a topic');
      const anew = record('kafka:1:2', 'the topic that was made anew');
      await keep(first);
      assert.deepEqual(await keep(first, record('kafka:1:3', 'a topic')), new Set(['kafka:1:3']));
      assert.deepEqual(await keep(anew), new Set(['kafka:1:2']));
      assert.deepEqual(await kept(), [first, record('kafka:1:3', 'a topic'), anew]);
    });

    it('are kept however often, where no topic says which they are', async () => {
      await pool.query(
        "insert into quarantine (origin, reason, key_id, meta, body) values ('kafka:1:2', 'r', 'none', '', '')", // the release before
      );
      await keep(record('kafka:1:2', 'a topic'), record('event:1'));
      await keep(record('event:1'));
      assert.equal((await kept()).length, 4);
    });
  });
});
