import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { insertEvents } from '@ackline/store/events';
import { isFinal, readRange, readSeqMark } from '@ackline/store/event-feed';
import type { EventPlace } from '@ackline/store/event-places';
import { findPlacesAfter } from '@ackline/store/events-after';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool, PoolClient } from 'pg';
import { eventRow, openPool } from './rows.ts';

describe('what is final of the events (EF)', () => {
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

  async function storing(): Promise<{ client: PoolClient; seq: string }> {
    const client = await pool.connect();
    await client.query('begin');
    const row = eventRow();
    const places = await insertEvents(client, [row]);
    return { client, seq: places.get(row.id)!.seq };
  }

  async function end({ client }: { client: PoolClient }, how: 'commit' | 'rollback'): Promise<void> {
    await client.query(how);
    client.release();
  }

  const seqsUpTo = async (until: string) =>
    (await readRange(pool, { after: '0', until, limit: 100 })).map(({ seq }) => seq);

  it('nothing is final while a transaction may still store something before it, and all is once that ended', async () => {
    const slow = await storing();
    const quick = await storing();
    await end(quick, 'commit');
    const mark = await readSeqMark(pool);
    assert.equal(mark.seq, quick.seq);
    assert.equal(mark.storing.size, 1);
    assert.equal(isFinal(mark, await readSeqMark(pool)), false);
    assert.deepEqual(await seqsUpTo(mark.seq), [quick.seq]); // what a reader by `seq` alone would have gone on behind
    const later = await storing(); // it stores behind the mark, and is not waited for
    await end(slow, 'commit');
    const now = await readSeqMark(pool);
    assert.equal(now.storing.size, 1);
    assert.equal(isFinal(mark, now), true);
    assert.deepEqual(await seqsUpTo(mark.seq), [slow.seq, quick.seq]);
    await end(later, 'rollback');
    assert.equal((await readSeqMark(pool)).storing.size, 0);
  });

  it('what comes behind a place is found, whatever the clock of PostgreSQL was set to meanwhile', async () => {
    const after = await readSeqMark(pool);
    const seqs: string[] = [];
    for (const days of [0, 5, 0, 400, -5, -400]) {
      const one = await storing();
      await end(one, 'commit');
      await pool.query('update events set stored_day = stored_day + $2::int where seq = $1', [one.seq, days]);
      seqs.push(one.seq);
    }
    const until = await readSeqMark(pool);
    const range = { after: after.seq, until: until.seq, limit: 100 };
    assert.deepEqual(
      (await readRange(pool, range)).map(({ seq }) => seq),
      seqs,
    );
    for (const limit of [1, 100]) {
      const found: string[] = [];
      for (let from: EventPlace = after; from.seq !== until.seq; ) {
        const look = await findPlacesAfter(pool, {}, { after: from, until, limit });
        found.push(...look.found.map(({ seq }) => seq));
        from = look.end;
      }
      assert.deepEqual(found, seqs);
    }
  });

  it('a transaction that reads for long, or writes elsewhere, holds nobody up', async () => {
    const reader = await pool.connect();
    await reader.query('begin isolation level repeatable read');
    await reader.query('select count(*) from events');
    const writer = await pool.connect();
    await writer.query('begin');
    await writer.query("insert into audit (actor, action, subject) values ('a', 'x', 's')");
    assert.equal((await readSeqMark(pool)).storing.size, 0);
    for (const client of [reader, writer]) {
      await client.query('rollback');
      client.release();
    }
  });
});
