import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  countLanes,
  ensureLanes,
  LaneBehind,
  lockFreeLanes,
  lockLane,
  readLaneOffsets,
  setLaneBack,
  writeLaneOffset,
} from '@ackline/store/lanes';
import { inTransaction } from '@ackline/store/transaction';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { openPool } from './rows.ts';

describe('lanes', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
    await ensureLanes(pool, 3);
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  const write = (lane: number, topicId: string, nextOffset: bigint, storedTo: bigint | null = null) =>
    inTransaction(pool, client => writeLaneOffset(client, { lane, topicId, storedTo, nextOffset }));

  it('are made once, and only ever more', async () => {
    await ensureLanes(pool, 3);
    await ensureLanes(pool, 1);
    assert.equal(await countLanes(pool), 3);
  });

  it('remember where they stand, as long as the topic is the same one', async () => {
    await write(1, 'topic-a', 2n ** 62n);
    assert.deepEqual(await readLaneOffsets(pool, 'topic-a'), [
      { lane: 0, nextOffset: null },
      { lane: 1, nextOffset: 2n ** 62n },
      { lane: 2, nextOffset: null },
    ]);
    assert.deepEqual(
      (await readLaneOffsets(pool, 'topic-made-anew')).map(lane => lane.nextOffset),
      [null, null, null],
    );
    assert.equal((await readLaneOffsets(pool, null))[1]!.nextOffset, 2n ** 62n); // whichever topic it was
  });

  it('never go back for a storer that comes late, but begin anew with another topic', async () => {
    await write(0, 'topic-a', 300n);
    await write(0, 'topic-a', 200n);
    assert.equal((await readLaneOffsets(pool, 'topic-a'))[0]!.nextOffset, 300n);
    await write(0, 'topic-b', 7n);
    assert.equal((await readLaneOffsets(pool, 'topic-b'))[0]!.nextOffset, 7n);
  });

  it('are set back on purpose where their log became shorter, unless somebody wrote meanwhile', async () => {
    await write(0, 'topic-c', 300n);
    const back = { lane: 0, topicId: 'topic-c', from: 300n, to: 20n };
    assert.equal(await setLaneBack(pool, { ...back, from: 299n }), false);
    assert.equal(await setLaneBack(pool, { ...back, topicId: 'topic-d' }), false);
    assert.equal(await setLaneBack(pool, back), true);
    await write(0, 'topic-c', 21n);
    assert.equal((await readLaneOffsets(pool, 'topic-c'))[0]!.nextOffset, 21n);
  });

  it('take nothing that comes behind what they have lost', async () => {
    await write(0, 'topic-e', 300n);
    await write(0, 'topic-e', 310n, 300n);
    await write(0, 'topic-e', 305n, 300n); // by one that comes late
    for (const [topicId, storedTo] of [
      ['topic-e', 311n],
      ['topic-f', 300n], // as where nothing of it was ever stored
    ] as const) {
      await assert.rejects(write(0, topicId, 400n, storedTo), LaneBehind);
    }
    await assert.rejects(write(2, 'topic-never-stored', 400n, 0n), LaneBehind);
    assert.equal((await readLaneOffsets(pool, 'topic-e'))[0]!.nextOffset, 310n);
  });

  it('keep their offset when the transaction that wrote another fails', async () => {
    await write(2, 'topic-a', 5n);
    await assert.rejects(
      inTransaction(pool, async client => {
        await writeLaneOffset(client, { lane: 2, topicId: 'topic-a', storedTo: 5n, nextOffset: 6n });
        throw new Error('killed');
      }),
    );
    assert.equal((await readLaneOffsets(pool, 'topic-a'))[2]!.nextOffset, 5n);
  });

  it('are stored to by one at a time; others pass over a lane that is taken', async () => {
    await inTransaction(pool, async client => {
      await lockLane(client, 1);
      const free = await inTransaction(pool, other => lockFreeLanes(other, [2, 1, 0]));
      assert.deepEqual(free, [0, 2]);
    });
    assert.deepEqual(await inTransaction(pool, other => lockFreeLanes(other, [1])), [1]);
  });

  it('that nobody made can’t be locked: storing without a lock is refused', async () => {
    await assert.rejects(
      inTransaction(pool, client => lockLane(client, 99)),
      /lane 99/,
    );
  });
});
