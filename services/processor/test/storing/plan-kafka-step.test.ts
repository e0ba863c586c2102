import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type PeekedRow, planKafkaStep } from '../../src/storing/plan-kafka-step.ts';

const row = (n: number, afterOffset: bigint, keyHash = 7): PeekedRow => ({
  n: String(n),
  id: `row-${n}`,
  keyHash,
  afterOffset,
  appendedMs: 0,
  bodyBytes: 10,
});
const NONE: ReadonlySet<bigint> = new Set();
const record = (offset: bigint, keyHash = 7) => ({ offset, event: { id: `sent-later-${offset}`, keyHash } });
const LIMITS = { rows: 3, bytes: 1_000 };

describe('what one transaction stores of a Kafka batch', () => {
  it('is all of it, with the rows that belong before its records', () => {
    assert.deepEqual(planKafkaStep([record(5n), record(6n)], [], LIMITS), {
      kind: 'whole',
      rows: [],
      uncertainOffsets: NONE,
    });
    assert.deepEqual(planKafkaStep([record(5n), record(6n)], [row(1, 5n), row(2, 6n)], LIMITS), {
      kind: 'whole',
      rows: [{ n: '1', beforeOffset: 6n, isUncertain: false }],
      uncertainOffsets: NONE,
    });
  });

  it('is only the rows before it where there may be more than it saw', () => {
    const waiting = [row(1, -1n), row(2, -1n), row(3, 5n)];
    const early = ['1', '2'].map(n => ({ n, beforeOffset: 5n, isUncertain: false }));
    assert.deepEqual(planKafkaStep([record(5n), record(6n)], waiting, LIMITS), {
      kind: 'rows-first',
      rows: early,
    });
    const heavy = planKafkaStep([record(5n), record(6n)], waiting.slice(0, 2), { rows: 3, bytes: 15 });
    assert.deepEqual(heavy, { kind: 'rows-first', rows: early.slice(0, 1) });
  });

  it('is nothing where no row comes before it and there may be more: fewer records have fewer rows', () => {
    const waiting = [row(1, 5n), row(2, 5n, 8), row(3, 6n)];
    assert.deepEqual(planKafkaStep([record(5n), record(6n, 8)], waiting, LIMITS), { kind: 'halve' });
    assert.deepEqual(planKafkaStep([record(5n)], waiting, LIMITS), {
      kind: 'whole',
      rows: [],
      uncertainOffsets: NONE,
    });
  });
});
