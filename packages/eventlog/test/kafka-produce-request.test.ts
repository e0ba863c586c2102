import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32c, Reader, readRecordsBatch, Writer } from '@platformatic/kafka';
import fc from 'fast-check';
import { encodeRecordBatch, readProduceResponse } from '../src/kafka-produce-request.ts';
import { encodeRecord } from '../src/kafka-record.ts';
import { sampleEvent } from './event-sample.ts';

const NOW = 1_795_372_800_000;

describe('record batch', () => {
  it('is read back by another implementation of the format, whatever the sizes', () => {
    const sizes = fc.array(fc.oneof(fc.nat(300), fc.constantFrom(0, 63, 64, 8_191, 8_192, 20_000)), {
      minLength: 1,
      maxLength: 140,
    });
    fc.assert(
      fc.property(sizes, bodySizes => {
        const records = bodySizes.map(size => encodeRecord(sampleEvent({ body: Buffer.alloc(size, size) })));
        const bytes = encodeRecordBatch(records, NOW);
        const batch = readRecordsBatch(Reader.from(bytes));
        assert.equal(batch.length, bytes.length - 12);
        assert.equal(batch.crc, crc32c(bytes.subarray(21)));
        assert.equal(batch.magic, 2);
        assert.equal(batch.producerId, -1n);
        assert.equal(batch.firstTimestamp, BigInt(NOW));
        assert.equal(batch.lastOffsetDelta, records.length - 1);
        assert.deepEqual(
          batch.records.map(({ key, value, headers, offsetDelta }) => ({ key, value, headers, offsetDelta })),
          records.map(({ key, value, headers }, offsetDelta) => ({
            key,
            value,
            headers: [[Buffer.from('meta'), headers.meta]],
            offsetDelta,
          })),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('never grows beyond what its records say of their sizes', () => {
    const records = Array.from({ length: 1_000 }, () => encodeRecord(sampleEvent()));
    const most = records.reduce((sum, record) => sum + record.sizeBytes, 0);
    assert.ok(encodeRecordBatch(records, NOW).length <= most + 61);
  });
});

describe('produce response', () => {
  it('tells each lane apart, also where one of them was refused', () => {
    const writer = Writer.create();
    const lanes = [
      [3, 0, 41n],
      [7, 10, -1n],
    ] as const;
    writer.appendArray(['events'], (topics, name) => {
      topics.appendString(name).appendArray([...lanes], (partitions, [lane, code, offset]) => {
        partitions.appendInt32(lane).appendUnsignedInt16(code).appendInt64(offset);
        partitions.appendInt64(-1n).appendInt64(0n);
        partitions.appendArray(code === 0 ? [] : [0], (errors, index) => {
          errors.appendInt32(index).appendString('too large');
        });
        partitions.appendString(code === 0 ? null : 'too large');
      });
    });
    writer.appendInt32(0).appendTaggedFields();
    assert.deepEqual(readProduceResponse(new Reader(writer.dynamicBuffer)), [
      { lane: 3, errorCode: 0, baseOffset: 41n },
      { lane: 7, errorCode: 10, baseOffset: -1n },
    ]);
  });
});
