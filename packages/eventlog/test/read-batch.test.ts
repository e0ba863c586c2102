import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LaneBehind } from '@ackline/store/lanes';
import type { EachBatchPayload } from 'kafkajs';
import { createLaneProgress } from '../src/lane-progress.ts';
import { encodeRecord } from '../src/kafka-record.ts';
import { readBatch } from '../src/read-batch.ts';
import { sampleEvent } from './event-sample.ts';

interface Setup {
  /** Where the lane has to go on; null: it stands still. */
  expected?: bigint | null;
  fetchedFrom?: number;
  count?: number;
  store?: (said: string[], pending: { records: number; bytes: number }) => Promise<void>;
  commit?: () => Promise<void>;
  isRunning?: () => boolean;
  /** The offset that the lane's next record will get. */
  end?: number;
}

/** One fetch of lane 3, and what became of it, in order. */
async function read({ expected = 10n, fetchedFrom = 10, count = 3, ...setup }: Setup) {
  const said: string[] = [];
  const state = { epoch: 1 };
  const messages = Array.from({ length: count }, (_, i) => {
    const { value, headers } = encodeRecord(sampleEvent());
    return { offset: String(fetchedFrom + i), timestamp: String(1_000 + i), value, headers };
  });
  const payload = {
    batch: {
      partition: 3,
      fetchedOffset: String(fetchedFrom),
      highWatermark: String(setup.end ?? 1000),
      messages,
      firstOffset: () => String(fetchedFrom),
      lastOffset: () => String(fetchedFrom + count - 1),
    },
    resolveOffset: (offset: string) => void said.push(`resolve ${offset}`),
    heartbeat: async () => undefined,
    commitOffsetsIfNecessary: async (offsets: { topics: { partitions: { offset: string }[] }[] }) => {
      await setup.commit?.();
      said.push(`commit ${offsets.topics[0]?.partitions[0]?.offset}`);
    },
    isRunning: setup.isRunning ?? (() => true),
    isStale: () => false,
  } as unknown as EachBatchPayload;
  const lags = new Map<number, number>();
  const firstAt = new Map<number, number>();
  const pending = { records: 0, bytes: 0 };
  const progress = createLaneProgress(() => 0);
  await readBatch(payload, {
    topic: 't',
    topicId: 'id',
    async storeLane(batch) {
      await setup.store?.(said, pending);
      if (said.includes('rebalance')) state.epoch += 1;
      said.push(`store ${batch.records[0]?.offset} to ${batch.nextOffset}`);
    },
    positions: {
      get epoch() {
        return state.epoch;
      },
      expected: () => expected,
      storedTo: () => expected,
      advance: (_: number, offset: bigint) => void said.push(`advance ${offset}`),
      reposition: () => void said.push('reposition'),
      goBack: () => void said.push('go back'),
      retryLater: () => void said.push('retry later'),
    } as never,
    counts: { stored: 0 },
    pending,
    lags,
    firstAt,
    progress,
    log: { warn: (_: unknown, line?: string) => void said.push(String(line)) } as never,
  });
  return { said, lags, firstAt, movingSince: progress.earliest(firstAt), pending };
}

describe('reading a batch', () => {
  it('stores first, then moves on, then commits', async () => {
    const { said, lags } = await read({});
    assert.deepEqual(said, ['store 10 to 13', 'resolve 12', 'advance 13', 'commit 13']);
    assert.equal(lags.get(3), 987);
  });

  it('knows how far behind a lane is, and since when, also while it can not store', async () => {
    const away = await read({ store: () => Promise.reject(new Error('away')) });
    assert.equal(away.lags.get(3), 990);
    assert.equal(away.firstAt.get(3), 1_000);
    const failsLater = await read({
      count: 700,
      store: async lines => {
        if (lines.length > 0) throw new Error('away');
      },
    });
    assert.equal(failsLater.lags.get(3), 490);
    assert.equal(failsLater.firstAt.get(3), 1_500, 'the first record that is not stored');
    const more = await read({});
    assert.equal(more.firstAt.get(3), 1_002, 'what is behind the fetch came after its last record');
    const all = await read({ end: 13 });
    assert.equal(all.lags.get(3), 0);
    assert.equal(all.firstAt.has(3), false);
  });

  it('is known to get on once a piece of it is stored, and not for being read', async () => {
    const stuck = await read({ store: () => Promise.reject(new Error('no lock')) });
    assert.equal(stuck.firstAt.get(3), 1_000);
    assert.equal(stuck.movingSince, null);
    const slow = await read({
      count: 700,
      store: async lines => {
        if (lines.length > 0) throw new Error('no lock any more');
      },
    });
    assert.equal(slow.movingSince, 1_500);
  });

  it('takes a large fetch in pieces, each committed before the next is stored', async () => {
    const { said } = await read({ count: 700 });
    assert.deepEqual(
      said.filter(line => /store|commit/.test(line)),
      ['store 10 to 510', 'commit 510', 'store 510 to 710', 'commit 710'],
    );
  });

  it('hands over nothing of a lane whose position is not known yet', async () => {
    assert.deepEqual((await read({ expected: null })).said, []);
  });

  it('drops a batch that leaves a gap or goes back, and asks where the lane stands', async () => {
    assert.deepEqual((await read({ expected: 9n })).said, ['reposition']);
    assert.deepEqual((await read({ expected: 11n })).said, ['reposition']);
  });

  it('neither resolves nor commits what was stored under an earlier assignment', async () => {
    const { said } = await read({ count: 700, store: async lines => void lines.push('rebalance') });
    assert.deepEqual(said, ['rebalance', 'store 10 to 510']);
  });

  it('leaves the offset where it is when storing fails, and tries later', async () => {
    const { said } = await read({ count: 700, store: () => Promise.reject(new Error('away')) });
    assert.deepEqual(said, ['kafka.store-failed', 'retry later']);
  });

  it('goes back where PostgreSQL has lost what was stored before', async () => {
    const behind = () => Promise.reject(new LaneBehind('to 10'));
    assert.deepEqual((await read({ store: behind })).said, ['kafka.store-failed', 'go back']);
  });

  it('goes on when the commit to Kafka fails: PostgreSQL has the offset', async () => {
    const { said } = await read({ commit: () => Promise.reject(new Error('coordinator moved')) });
    assert.deepEqual(said, ['store 10 to 13', 'resolve 12', 'advance 13', 'kafka.commit-failed']);
  });

  it('counts a fetch as pending until each of its pieces is committed', async () => {
    const seen: number[] = [];
    const bytes: number[] = [];
    const { pending } = await read({
      count: 700,
      store: async (_, { records, bytes: held }) => {
        seen.push(records);
        bytes.push(held);
      },
    });
    assert.deepEqual(seen, [700, 200]);
    assert.deepEqual(bytes, [700 * 15, 200 * 15]); // bodies of 15 bytes
    assert.deepEqual(pending, { records: 0, bytes: 0 });
  });

  it('counts nothing as pending any more once it has failed, or is dropped', async () => {
    const none = { records: 0, bytes: 0 };
    const failed = await read({ count: 700, store: () => Promise.reject(new Error('away')) });
    assert.deepEqual(failed.pending, none);
    const moved = await read({ count: 700, store: async lines => void lines.push('rebalance') });
    assert.deepEqual(moved.pending, none);
    assert.deepEqual((await read({ expected: 9n })).pending, none);
  });

  it('finishes the piece in hand and takes no other when it is told to end', async () => {
    let pieces = 0;
    const { said } = await read({ count: 700, isRunning: () => pieces++ === 0 });
    assert.deepEqual(said, ['store 10 to 510', 'resolve 509', 'advance 510', 'commit 510']);
  });
});
