import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Partitioners } from 'kafkajs';
import { keyHash, laneOf } from '../src/lane.ts';

/** Signed values of Utils.murmur2 in Apache Kafka's own UtilsTest. */
const KAFKA_GOLDEN: readonly (readonly [string, number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
];

const kafkajsPartition = Partitioners.DefaultPartitioner();

function oraclePartition(key: string, partitions: number): number {
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
    partitionErrorCode: 0,
    partitionId,
    leader: 1,
    replicas: [1],
    isr: [1],
  }));
  return kafkajsPartition({ topic: 't', partitionMetadata, message: { key, value: null } });
}

describe('lane', () => {
  it("hashes as Kafka's own test vectors say, made positive as its partitioner does", () => {
    for (const [key, signed] of KAFKA_GOLDEN) assert.equal(keyHash(key), signed & 0x7fffffff, key);
  });

  it('puts every key where another Kafka client would put it', () => {
    const keys = [
      '',
      'a',
      'ab',
      'abc',
      'abcd',
      'чат-42',
      '日本語',
      '😀',
      'telegram\u0000-100200300',
      'x'.repeat(1_001),
    ];
    for (let i = 0; i < 2_000; i += 1) keys.push(`source-${i % 7}\u0000chat-${i * 7919}`);
    for (const key of keys) {
      for (const partitions of [1, 3, 12]) {
        assert.equal(laneOf(keyHash(key), partitions), oraclePartition(key, partitions), JSON.stringify(key));
      }
    }
  });

  it('fits the integer column that keeps it', () => {
    for (let i = 0; i < 5_000; i += 1) {
      const hash = keyHash(`key-${i}`);
      assert.ok(Number.isInteger(hash) && hash >= 0 && hash <= 2_147_483_647);
    }
  });
});
