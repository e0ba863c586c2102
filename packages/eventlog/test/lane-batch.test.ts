import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeRecord } from '../src/kafka-record.ts';
import { cutLaneBatches, type FetchedRecord } from '../src/lane-batch.ts';
import { envelopeInKept } from '../src/kept-headers.ts';
import { startOfLane } from '../src/lane-start.ts';
import { sampleEvent } from './event-sample.ts';

function fetched(offset: number, bytes = 10): FetchedRecord {
  const { value, headers } = encodeRecord(sampleEvent({ body: Buffer.alloc(bytes) }));
  return { offset: String(offset), value, headers };
}

const LANE = { lane: 3, topicId: 'topic', storedTo: 90n, nextOffset: 5_000n };

describe('lane batches', () => {
  it('leave no gap between each other and end where the fetch ended', () => {
    const batches = cutLaneBatches(
      Array.from({ length: 1_300 }, (_, i) => fetched(100 + i)),
      LANE,
    );
    assert.deepEqual(
      batches.map(batch => batch.records.length),
      [500, 500, 300],
    );
    assert.deepEqual(
      batches.map(batch => batch.nextOffset),
      [600n, 1_100n, 5_000n],
    );
    assert.deepEqual(
      batches.map(batch => batch.records[0]?.offset),
      [100n, 600n, 1_100n],
    );
    assert.deepEqual(
      batches.map(batch => batch.storedTo),
      [90n, 600n, 1_100n],
    );
  });

  it('know behind a gap of the log what was stored before it', () => {
    const offsets = [...Array.from({ length: 500 }, (_, i) => i), 800];
    const batches = cutLaneBatches(
      offsets.map(offset => fetched(offset)),
      LANE,
    );
    assert.deepEqual(
      batches.map(({ storedTo, nextOffset }) => [storedTo, nextOffset]),
      [
        [90n, 800n],
        [500n, 5_000n],
      ],
    );
  });

  it('are bounded in bytes, with a record over the bound alone', () => {
    const MiB = 1024 * 1024;
    const sizes = [1, 5 * MiB, 2 * MiB, 2 * MiB, 9 * MiB, 1];
    const batches = cutLaneBatches(
      sizes.map((bytes, i) => fetched(i, bytes)),
      LANE,
    );
    assert.deepEqual(
      batches.map(batch => batch.records.length),
      [3, 1, 1, 1],
    );
  });

  it('carry what is no event with its bytes and the reason, in its place', () => {
    const foreign = {
      offset: '7',
      value: Buffer.from('hello'),
      headers: { a: Buffer.from('1'), b: ['x', 'y'] },
    };
    const empty = { offset: '8', value: null };
    const [batch] = cutLaneBatches([fetched(6), foreign, empty], LANE);
    const [first, second, third] = batch!.records;
    assert.ok(first && 'event' in first);
    assert.ok(second && 'invalid' in second && third && 'invalid' in third);
    assert.equal(second.offset, 7n);
    assert.deepEqual(second.invalid.value, Buffer.from('hello'));
    assert.deepEqual(JSON.parse(second.invalid.headersBytes.toString()), [
      ['a', '1'],
      ['b', 'x,y'],
    ]);
    assert.match(second.invalid.reason, /id/);
    assert.equal(third.invalid.value.length, 0);
  });

  it('carry all headers of what is no event: a release that knows them may make one of it', () => {
    const meta = `{"v":2,"text":"ü${'"'.repeat(300 * 1024)}"}`;
    const unknown = { offset: '7', value: Buffer.from('{}'), headers: { meta: Buffer.from(meta) } };
    const [record] = cutLaneBatches([unknown], LANE)[0]!.records;
    assert.ok(record && 'invalid' in record);
    assert.equal(envelopeInKept(record.invalid.headersBytes)?.toString(), meta);
  });

  it('are none for a fetch without records', () => {
    assert.deepEqual(cutLaneBatches([], LANE), []);
  });
});

describe('start of a lane', () => {
  const log = { low: 10n, high: 50n };

  it('is where PostgreSQL says, also at the very end of the log', () => {
    assert.deepEqual(startOfLane(30n, log), { offset: 30n, reason: 'stored' });
    assert.deepEqual(startOfLane(50n, log), { offset: 50n, reason: 'stored' });
    assert.deepEqual(startOfLane(10n, log), { offset: 10n, reason: 'stored' });
  });

  it('is the earliest record where nothing is stored, records are gone, or the log is shorter than what was stored', () => {
    assert.deepEqual(startOfLane(null, log), { offset: 10n, reason: 'nothing-stored' });
    assert.deepEqual(startOfLane(9n, log), { offset: 10n, reason: 'records-gone' });
    assert.deepEqual(startOfLane(51n, log), { offset: 10n, reason: 'log-shorter' });
  });
});
