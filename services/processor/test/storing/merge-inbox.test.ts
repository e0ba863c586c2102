import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rowsWithinBytes, placeInboxRows, type WaitingRow } from '../../src/storing/merge-inbox.ts';
import { seededRandom } from '../seeded-random.ts';

const row = (n: number, keyHash: number, afterOffset: number): WaitingRow => ({
  n: String(n),
  keyHash,
  afterOffset: BigInt(afterOffset),
});

function place(rows: readonly WaitingRow[], offsets: readonly number[]): string[] {
  return placeInboxRows(rows, offsets.map(BigInt)).map(({ n, beforeOffset }) => `${n}<${beforeOffset}`);
}

describe('the place of an inbox row in a Kafka batch', () => {
  it('is before all of it for a row that came after nothing of it', () => {
    assert.deepEqual(place([row(1, 7, -1), row(2, 7, 9)], [10, 11]), ['1<10', '2<10']);
  });

  it('is after the last record that was acked before it', () => {
    assert.deepEqual(place([row(1, 7, 10), row(2, 7, 11)], [10, 11, 15]), ['1<11', '2<15']);
  });

  it('is none for a row that belongs behind the batch, nor for the later rows of its key', () => {
    assert.deepEqual(place([row(1, 7, 11), row(2, 7, -1), row(3, 8, -1)], [10, 11]), ['3<10']);
  });

  it('follows the earlier row of the key, though the later one knew of fewer acks', () => {
    assert.deepEqual(place([row(1, 7, 11), row(2, 7, 3)], [10, 11, 12]), ['1<12', '2<12']);
  });

  it('is none in a batch without records', () => {
    assert.deepEqual(place([row(1, 7, -1)], []), []);
  });

  it('keeps the rows of each key in order, and each behind what was acked before it, whatever comes', () => {
    const random = seededRandom(20261122);
    const below = (limit: number) => Math.floor(random() * limit);
    for (let round = 0; round < 500; round++) {
      let offset = below(20);
      const offsets = Array.from({ length: below(8) }, () => BigInt((offset += 1 + below(3))));
      const rows = Array.from({ length: below(12) }, (_, n) => row(n, below(3), below(40) - 1));
      const placed = placeInboxRows(rows, offsets);
      for (const keyHash of [0, 1, 2]) {
        const ofKey = rows.filter(one => one.keyHash === keyHash);
        const ours = placed.filter(({ n }) => ofKey.some(one => one.n === n));
        // a prefix of the key's rows: none is left waiting before one that goes
        assert.deepEqual(
          ours.map(({ n }) => n),
          ofKey.slice(0, ours.length).map(({ n }) => n),
          `round ${round}`,
        );
        for (const [index, { n, beforeOffset }] of ours.entries()) {
          assert.ok(offsets.includes(beforeOffset));
          assert.ok(beforeOffset > ofKey.find(one => one.n === n)!.afterOffset, `round ${round}`);
          assert.ok(index === 0 || beforeOffset >= ours[index - 1]!.beforeOffset, `round ${round}`);
        }
        // and the first that stays really belongs behind the batch
        const reached = ofKey.slice(0, ours.length + 1).map(one => one.afterOffset);
        if (ours.length < ofKey.length) {
          assert.ok(
            reached.some(after => offsets.every(one => one <= after)),
            `round ${round}`,
          );
        }
      }
    }
  });
});

describe('rows whose bodies fit together', () => {
  /** Each row is of a key of its own, where none is named. */
  const within = (
    max: number,
    ...sizes: readonly (number | readonly [bodyBytes: number, keyHash: number])[]
  ) =>
    rowsWithinBytes(
      sizes.map((size, n) =>
        typeof size === 'number'
          ? { bodyBytes: size, keyHash: 1_000 + n }
          : { bodyBytes: size[0], keyHash: size[1] },
      ),
      max,
    ).map(one => one.bodyBytes);

  it('are the first ones, and behind them what has room too', () => {
    assert.deepEqual(within(10, 4, 6, 1), [4, 6]);
    assert.deepEqual(within(10, 4, 7, 1), [4, 1]);
    assert.deepEqual(within(10, 99, 1, 2), [1, 2]);
    assert.deepEqual(within(10, 1, 2, 3), [1, 2, 3]);
    assert.deepEqual(within(10), []);
  });

  it('are none behind one of its key that has no room', () => {
    assert.deepEqual(within(10, [4, 1], [7, 2], [1, 2], [2, 1], [1, 2]), [4, 2]);
  });

  it('are one at least, though it is larger than the limit', () => {
    assert.deepEqual(within(10, 99, 98), [99]);
    assert.deepEqual(within(10, [99, 1], [1, 1]), [99]);
  });
});
