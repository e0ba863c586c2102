import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type BatchRecord,
  placeInboxRows,
  rowsWithinBytes,
  type WaitingRow,
} from '../../src/storing/merge-inbox.ts';
import { seededRandom } from '../seeded-random.ts';

/** Two ingresses: rows are of the one and records of the other, where nothing else is said. */
const [ONE, OTHER] = ['aaaaaaaa', 'bbbbbbbb'];

/** An id of this time and process, as ids of one process at one time differ by what is between the two. */
const idAt = (ms: number, rest = 0, process = ONE) => {
  const digits = ms.toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-${rest.toString(16).padStart(4, '0')}${process}`;
};
const LATE_MS = 1_000_000;

/** Appended when its id says, where nothing else is said. */
const row = (n: number, keyHash: number, afterOffset: number, sentMs = 0): WaitingRow => ({
  n: String(n),
  id: idAt(sentMs, n),
  keyHash,
  afterOffset: BigInt(afterOffset),
  appendedMs: sentMs,
});

const record = (offset: number, keyHash = 7, sentMs = LATE_MS, process = OTHER): BatchRecord => ({
  offset: BigInt(offset),
  event: { id: idAt(sentMs, offset, process), keyHash },
});

function place(rows: readonly WaitingRow[], records: readonly BatchRecord[]): string[] {
  return placeInboxRows(rows, records).rows.map(({ n, beforeOffset }) => `${n}<${beforeOffset}`);
}

function uncertain(rows: readonly WaitingRow[], records: readonly BatchRecord[]): string[] {
  return placeInboxRows(rows, records).rows.flatMap(({ n, isUncertain }) => (isUncertain ? [n] : []));
}

/** Offsets of records that are stored without knowing of a row that stays. */
function uncertainRecords(rows: readonly WaitingRow[], records: readonly BatchRecord[]): bigint[] {
  return [...placeInboxRows(rows, records).uncertainOffsets];
}

describe('the place of an inbox row in a Kafka batch', () => {
  it('is before all of it for a row that came after nothing of it', () => {
    assert.deepEqual(place([row(1, 7, -1), row(2, 7, 9)], [record(10), record(11)]), ['1<10', '2<10']);
  });

  it('is after the last record that was acked before it', () => {
    const records = [10, 11, 15].map(offset => record(offset));
    assert.deepEqual(place([row(1, 7, 10), row(2, 7, 11)], records), ['1<11', '2<15']);
  });

  it('is none for a row that belongs behind the batch, nor for the later rows of its key', () => {
    const records = [record(9, 8), record(10), record(11)];
    assert.deepEqual(place([row(1, 7, 11), row(2, 7, -1), row(3, 8, -1)], records), ['3<9']);
  });

  it('follows the earlier row of the key, though the later one knew of fewer acks', () => {
    const records = [10, 11, 12].map(offset => record(offset));
    assert.deepEqual(place([row(1, 7, 11), row(2, 7, 3)], records), ['1<12', '2<12']);
  });

  it('is none in a batch without records of its key', () => {
    assert.deepEqual(place([row(1, 7, -1)], []), []);
    assert.deepEqual(place([row(1, 7, -1)], [record(10, 8), { offset: 11n, event: null }]), []);
  });

  it('is behind what another ingress sent before it, of which its own knew nothing', () => {
    const records = [record(10, 7, 1_000), record(11, 8, 5_000), record(12, 7, 9_000)];
    assert.deepEqual(place([row(1, 7, -1, 4_000)], records), ['1<11']);
    assert.deepEqual(place([row(1, 7, -1, 500)], records), ['1<10']);
    assert.deepEqual(uncertain([row(1, 7, -1, 4_000)], records), []);
  });

  it('is none where all records of its key here were sent before it: the next ones may have been, too', () => {
    const records = [record(10, 7, 1_000), record(11, 8, 9_000)];
    assert.deepEqual(place([row(1, 7, -1, 4_000), row(2, 7, -1, 500)], records), []);
  });

  it('is before what its own ingress sent in the same millisecond', () => {
    const sent = [idAt(4_000, 1), idAt(4_000, 2)];
    const [first, second] = sent as [string, string];
    const records = [{ offset: 10n, event: { id: second, keyHash: 7 } }];
    assert.deepEqual(place([{ ...row(1, 7, -1), id: first }], records), ['1<10']);
  });

  it('is that of the copy of its event that Kafka took late', () => {
    const copy = row(1, 7, -1, 4_000);
    const records = [record(10, 7, 1_000), { offset: 11n, event: { id: copy.id, keyHash: 7 } }];
    assert.deepEqual([place([copy], records), uncertain([copy], records)], [['1<11'], []]);
  });

  it('is uncertain where two clocks may not tell, unless its own ingress knew', () => {
    const records = [record(10, 7, 4_050), record(11, 7, 9_000)];
    assert.deepEqual(uncertain([row(1, 7, -1, 4_000)], records), ['1']);
    assert.deepEqual(uncertain([row(1, 7, 10, 4_000)], records), []);
  });

  it('is certain among what its own ingress sent, however close', () => {
    const own = [record(10, 7, 3_990, ONE), record(11, 7, 4_010, ONE)];
    assert.deepEqual(place([row(1, 7, -1, 4_000)], own), ['1<11']);
    assert.deepEqual(uncertain([row(1, 7, -1, 4_000)], own), []);
    assert.deepEqual(uncertainRecords([row(1, 7, -1, 4_000)], own.slice(0, 1)), []);
  });

  it('is uncertain where its ingress has a clock that differs from PostgreSQL’s by more, before a record or behind it', () => {
    const ofAnother = [record(10, 7, 10_000), record(11, 7, LATE_MS)];
    const ahead = { ...row(1, 7, -1, 15_000), appendedMs: 10_050 };
    const behind = { ...row(2, 7, -1, 5_000), appendedMs: 10_050 };
    assert.deepEqual([place([ahead], ofAnother), uncertain([ahead], ofAnother)], [['1<11'], ['1']]);
    assert.deepEqual([place([behind], ofAnother), uncertain([behind], ofAnother)], [['2<10'], ['2']]);
    const long = [record(10, 7, 1_000), record(11, 7, LATE_MS)];
    assert.deepEqual([uncertain([ahead], long), uncertain([behind], long)], [[], []]);
  });

  it('makes those uncertain that go before a row that stays, and may belong behind it', () => {
    const records = [record(9, 7, 4_950), record(10, 7, 1_000), record(11, 7, 4_920), record(12, 8, 4_990)];
    const stays = row(1, 7, 9, 5_000);
    assert.deepEqual(place([stays], records), []);
    assert.deepEqual(uncertainRecords([stays], records), [11n]);
    const ofClockAhead = { ...row(2, 7, 9, 5_000), appendedMs: 1_050 };
    assert.deepEqual(uncertainRecords([ofClockAhead], records), [10n, 11n]);
    assert.deepEqual(uncertainRecords([row(3, 7, 9, 9_000), ofClockAhead], records), [10n, 11n]);
  });

  it('keeps the rows of each key in order, and each behind what was acked before it, whatever comes', () => {
    const random = seededRandom(20261122);
    const below = (limit: number) => Math.floor(random() * limit);
    for (let round = 0; round < 500; round++) {
      let offset = below(20);
      const records = Array.from({ length: below(8) }, () =>
        record((offset += 1 + below(3)), below(3), below(1_000)),
      );
      const rows = Array.from({ length: below(12) }, (_, n) => row(n, below(3), below(40) - 1, below(1_000)));
      const placed = placeInboxRows(rows, records).rows;
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
          const { afterOffset, id } = ofKey.find(one => one.n === n)!;
          assert.ok(beforeOffset > afterOffset, `round ${round}`);
          assert.ok(index === 0 || beforeOffset >= ours[index - 1]!.beforeOffset, `round ${round}`);
          // and none goes with the batch but before a later record of its key
          const behind = records.filter(one => one.offset >= beforeOffset && one.event?.keyHash === keyHash);
          assert.ok(
            behind.some(({ event }) => event!.id > id),
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
