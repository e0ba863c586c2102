import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InboxPeek } from '@ackline/store/inbox';
import {
  createInboxRelease,
  type InboxRelease,
  type LanesNow,
  MAX_STORED_BYTES,
  MAX_WAIT_MS,
} from '../src/inbox-release.ts';
import {
  LEAST_OWN_WAIT_MS,
  MAX_KNOWN_WAIT_MS,
  MAX_SHARED_WAIT_MS,
  type StandingLane,
} from '../src/lane-stillness.ts';

const LANES = 4;
const LARGE_BYTES = 600 * 1024;
/** Between two looks, where somebody looks at all. */
const LOOK_MS = 1_000;

function row(n: number, overrides: Partial<InboxPeek> = {}): InboxPeek {
  return { n: String(n), keyHash: 1, afterOffset: -1n, ageMs: 10, bodyBytes: 100, ...overrides };
}

interface Asked extends LanesNow {
  readonly rows: readonly InboxPeek[];
}

function input(rows: readonly InboxPeek[], overrides: Partial<LanesNow> = {}): Asked {
  const watermarks = new Map(Array.from({ length: LANES }, (_, lane) => [lane, 10n] as const));
  return { rows, lanes: LANES, watermarks, storedOffsets: new Map([[1, 10n]]), nowMs: 0, ...overrides };
}

/** With the numbers of the rows alone. */
function decideOn(release: InboxRelease, { rows, ...lanes }: Asked) {
  const { released, large, ...counts } = release.decide(rows, lanes);
  return { released: released.map(({ n }) => n), large: large.map(({ n }) => n), ...counts };
}

/** What is decided at the last of looks that are `LOOK_MS` apart, over so long. */
function decideFor(
  release: InboxRelease,
  { fromMs, ms, asked }: { fromMs: number; ms: number; asked: Asked },
) {
  for (let passedMs = 0; passedMs < ms; passedMs += LOOK_MS)
    release.decide(asked.rows, { ...asked, nowMs: fromMs + passedMs });
  return decideOn(release, { ...asked, nowMs: fromMs + ms });
}

const stored = (lane: number, offset: bigint) => ({ storedOffsets: new Map([[lane, offset]]) });

describe('inbox release', () => {
  it('holds nothing where there is no Kafka, and is sure of it', () => {
    const rows = [row(1), row(2, { keyHash: 2 })];
    const decision = decideOn(
      createInboxRelease(),
      input(rows, { watermarks: null, storedOffsets: new Map() }),
    );
    assert.deepEqual(decision, {
      released: ['1', '2'],
      large: [],
      waiting: 0,
      heldKeyHashes: [],
      uncertain: 0,
    });
  });

  it('holds a row until what its partition held when it was first seen is stored', () => {
    const release = createInboxRelease();
    assert.deepEqual(decideOn(release, input([row(1)], stored(1, 9n))).released, []);
    const later = { watermarks: new Map([[1, 500n]]), storedOffsets: new Map([[1, 10n]]) };
    assert.deepEqual(
      decideOn(release, input([row(1)], later)).released,
      ['1'],
      'later records do not move the barrier',
    );
  });

  it('holds a row for what its appender knew to be acked, where the watermark is behind that', () => {
    const rows = [row(1, { afterOffset: 20n })];
    assert.deepEqual(decideOn(createInboxRelease(), input(rows, stored(1, 20n))).released, []);
    assert.deepEqual(decideOn(createInboxRelease(), input(rows, stored(1, 21n))).released, ['1']);
  });

  it('takes a lane of which nothing is stored as standing at its start', () => {
    const empty = { watermarks: new Map([[1, 0n]]), storedOffsets: new Map() };
    assert.deepEqual(decideOn(createInboxRelease(), input([row(1)], empty)).released, ['1']);
    assert.equal(decideOn(createInboxRelease(), input([row(1)], { storedOffsets: new Map() })).waiting, 1);
  });

  it('lets a row go after the longest wait, and counts it as uncertain', () => {
    const rows = [row(1, { ageMs: MAX_WAIT_MS })];
    assert.deepEqual(decideOn(createInboxRelease(), input(rows, stored(1, 0n))), {
      released: ['1'],
      large: [],
      waiting: 0,
      heldKeyHashes: [],
      uncertain: 1,
    });
  });

  it('lets rows go at once when no broker answers, but for those whose key has a record in it', () => {
    const rows = [
      row(1, { afterOffset: 5n }),
      row(2, { keyHash: 5, afterOffset: 2n }),
      row(3, { keyHash: 2 }),
    ];
    const away = { watermarks: null, storedOffsets: new Map([[1, 3n]]) };
    assert.deepEqual(decideOn(createInboxRelease(), input(rows, away)), {
      released: ['2', '3'],
      large: [],
      waiting: 1,
      heldKeyHashes: [1],
      uncertain: 0,
    });
  });

  it('lets a row go before the record of its key after the longest wait, and counts it', () => {
    const release = createInboxRelease();
    const rows = [row(1, { afterOffset: 5n, ageMs: MAX_KNOWN_WAIT_MS }), row(2, { afterOffset: 5n })];
    const away = { watermarks: null, storedOffsets: new Map([[1, 3n]]) };
    assert.deepEqual(
      decideOn(release, input(rows, away)).released,
      [],
      'this processor knows of no standing still',
    );
    assert.deepEqual(decideFor(release, { fromMs: 0, ms: MAX_KNOWN_WAIT_MS, asked: input(rows, away) }), {
      released: ['1'],
      large: [],
      waiting: 1,
      heldKeyHashes: [1],
      uncertain: 1,
    });
  });

  it('holds a row for the record of its key as long as its lane comes nearer, however old it is', () => {
    const release = createInboxRelease();
    const rows = [row(1, { afterOffset: 9n, ageMs: 3_600_000 })];
    for (let offset = 0n; offset < 10n; offset++) {
      const fromMs = Number(offset) * MAX_KNOWN_WAIT_MS;
      const isAway = offset % 2n === 1n; // the broker does not answer each time
      const asked = input(rows, { ...stored(1, offset), ...(isAway ? { watermarks: null } : {}) });
      const ms = MAX_KNOWN_WAIT_MS - LOOK_MS;
      assert.deepEqual(decideFor(release, { fromMs, ms, asked }).released, [], `at ${offset}`);
    }
    const { released, uncertain } = decideOn(release, input(rows, { ...stored(1, 10n), nowMs: 1_000_000 }));
    assert.deepEqual([released, uncertain], [['1'], 0]);
  });

  it('lets a row go before the record of its key where its lane stands still, and counts it', () => {
    const release = createInboxRelease();
    const rows = [row(1, { afterOffset: 5n, ageMs: 3_600_000 })];
    const asked = input(rows, stored(1, 3n));
    const ms = MAX_KNOWN_WAIT_MS - 1;
    assert.deepEqual(decideFor(release, { fromMs: 0, ms, asked }).released, []);
    const { released, uncertain } = decideOn(release, { ...asked, nowMs: MAX_KNOWN_WAIT_MS });
    assert.deepEqual([released, uncertain], [['1'], 1]);
  });

  it('takes no lane as standing still for a time in which nobody could look', () => {
    const release = createInboxRelease();
    const asked = input([row(1, { afterOffset: 5n, ageMs: 3_600_000 })], stored(1, 3n));
    const dayMs = 86_400_000;
    assert.deepEqual(decideOn(release, asked).released, []);
    assert.deepEqual(decideOn(release, { ...asked, nowMs: dayMs }).released, [], 'PostgreSQL was away');
    const known = decideFor(release, { fromMs: dayMs, ms: MAX_KNOWN_WAIT_MS, asked });
    assert.deepEqual([known.released, known.uncertain], [['1'], 1]);
  });

  it('counts what processors that ended before saw of a lane that is still there, and waits twice as long then', () => {
    const asked = input([row(1, { afterOffset: 5n, ageMs: 3_600_000 })], stored(1, 3n));
    const lifeMs = MAX_KNOWN_WAIT_MS / 4;
    let standing: readonly StandingLane[] = [];
    const lives: number[] = [];
    for (let life = 1; life <= 9; life++) {
      const release = createInboxRelease();
      const elsewhere = { lane: 1, stored: 2n, stillMs: MAX_SHARED_WAIT_MS };
      release.inherit([...standing, elsewhere, { ...elsewhere, lane: 0 }]);
      const decision = decideFor(release, { fromMs: life * 1e9, ms: lifeMs, asked });
      if (decision.released.length > 0) lives.push(life);
      assert.equal(decision.uncertain, decision.released.length);
      standing = [...standing, ...release.standing()];
    }
    assert.deepEqual(lives, [8, 9]);
    const moved = createInboxRelease();
    moved.inherit(standing);
    assert.deepEqual(decideOn(moved, { ...asked, ...stored(1, 4n) }).released, [], 'it came nearer');
  });

  it('looks itself before it lets go what others waited for: the broker may be back with this start', () => {
    const asked = input([row(1, { afterOffset: 5n, ageMs: 3_600_000 })], stored(1, 3n));
    const release = createInboxRelease();
    release.inherit([{ lane: 1, stored: 3n, stillMs: MAX_SHARED_WAIT_MS }]);
    const before = decideFor(release, { fromMs: 0, ms: LEAST_OWN_WAIT_MS - 1, asked });
    assert.deepEqual(before.released, []);
    const { released, uncertain } = decideOn(release, { ...asked, nowMs: LEAST_OWN_WAIT_MS });
    assert.deepEqual([released, uncertain], [['1'], 1]);
  });

  it('tells of the lanes alone that rows wait for', () => {
    const release = createInboxRelease();
    const rows = [row(1, { afterOffset: 5n }), row(2, { keyHash: 2 })];
    const asked = input(rows, { storedOffsets: new Map([0, 1, 2, 3].map(lane => [lane, 3n])) });
    decideFor(release, { fromMs: 0, ms: 2_000, asked });
    assert.deepEqual(release.standing(), [{ lane: 1, stored: 3n, stillMs: 2_000 }]);
    release.decide([row(3)], { ...asked, nowMs: 3_000 });
    assert.deepEqual(release.standing(), []);
  });

  it('hands on no time in which no row waited for a lane: an idle lane stands still, too', () => {
    const idle = input([row(1, { keyHash: 2, afterOffset: 5n })], stored(1, 3n));
    const asked = { ...idle, rows: [row(2, { afterOffset: 5n, ageMs: 3_600_000 })] };
    const release = createInboxRelease();
    decideFor(release, { fromMs: 0, ms: MAX_SHARED_WAIT_MS, asked: idle });
    const young = { ...asked, rows: [row(2, { afterOffset: 5n })] };
    decideFor(release, { fromMs: MAX_SHARED_WAIT_MS, ms: 2 * LOOK_MS, asked: young });
    const next = createInboxRelease();
    next.inherit(release.standing());
    assert.deepEqual(
      decideOn(next, { ...asked, nowMs: 1e9 }).released,
      [],
      'its record may be read any moment',
    );
    assert.deepEqual(release.standing(), [{ lane: 1, stored: 3n, stillMs: 2 * LOOK_MS }]);
  });

  it('tells which rows wait for a known record, as it decides itself', () => {
    const storedOffsets = new Map([0, 1, 2].map(lane => [lane, 3n] as const));
    const still = createInboxRelease();
    const fromMs = 0;
    decideFor(still, { fromMs, ms: MAX_KNOWN_WAIT_MS, asked: input([], { storedOffsets }) });
    const rows = [-1, MAX_KNOWN_WAIT_MS - 1, MAX_KNOWN_WAIT_MS].flatMap(ageMs =>
      [3n, 9n, 10n, 20n].flatMap(afterOffset =>
        [0, 1, 2, 3].map(keyHash => row(1, { keyHash, afterOffset, ageMs })),
      ),
    );
    const counts = [still, createInboxRelease()].flatMap(release =>
      [{}, { watermarks: null }].map(broker => {
        const { rows: _, ...lanes } = input([], { storedOffsets, nowMs: MAX_KNOWN_WAIT_MS, ...broker });
        const { stored: reached, maxAgeMs, longUntil } = release.waits(lanes);
        const waiting = rows.filter(({ keyHash, afterOffset, ageMs }) => {
          const isYoung = ageMs >= 0 && ageMs < maxAgeMs;
          return afterOffset >= reached[keyHash]! && (isYoung || afterOffset < longUntil[keyHash]!);
        });
        assert.deepEqual(
          waiting,
          rows.filter(one => release.decide([one], lanes).waiting === 1),
        );
        return waiting.length;
      }),
    );
    assert.deepEqual(counts, [16, 16, 32, 48]);
  });

  it('waits for no record that the log does not have, but for its time', () => {
    const [old, young] = [MAX_KNOWN_WAIT_MS, MAX_KNOWN_WAIT_MS - 1].map(ageMs =>
      decideOn(createInboxRelease(), input([row(1, { afterOffset: 10n, ageMs })], stored(1, 9n))),
    );
    assert.deepEqual([young?.released, old?.released, old?.uncertain], [[], ['1'], 1]);
  });

  it('holds each row whose key has an earlier record, however many keys wait before it', () => {
    const unknown = Array.from({ length: 600 }, (_, n) => row(n, { keyHash: n * LANES + 1 }));
    const known = Array.from({ length: 600 }, (_, n) =>
      row(600 + n, { keyHash: (600 + n) * LANES + 1, afterOffset: 5n }),
    );
    const decision = decideOn(createInboxRelease(), input([...unknown, ...known], stored(1, 5n)));
    assert.deepEqual([decision.released, decision.waiting, decision.uncertain], [[], 1_200, 0]);
  });

  it('lets a waiting row go when the broker goes away while it waits', () => {
    const release = createInboxRelease();
    assert.equal(decideOn(release, input([row(1)], stored(1, 0n))).waiting, 1);
    assert.deepEqual(decideOn(release, input([row(1)], { watermarks: null, ...stored(1, 0n) })).released, [
      '1',
    ]);
  });

  it('never lets a row overtake an earlier one of its key, but one of another key', () => {
    const rows = [row(1, { afterOffset: 50n }), row(2), row(3, { keyHash: 2 })];
    const storedOffsets = new Map([
      [1, 10n],
      [2, 10n],
    ]);
    assert.deepEqual(decideOn(createInboxRelease(), input(rows, { storedOffsets })).released, ['3']);
  });

  it('keeps the barrier of a row behind those that a look begins with', () => {
    const release = createInboxRelease();
    const held = row(1, { afterOffset: 50n });
    const behind = row(2, { keyHash: 5 });
    for (const part of [[held], [held, behind], [held]]) decideOn(release, input(part, stored(1, 5n)));
    const grown = { watermarks: new Map([[1, 500n]]), ...stored(1, 10n) };
    assert.deepEqual(decideOn(release, input([held, behind], grown)).released, ['2']);
  });

  it('keeps barriers of the rows that were looked at lately, and no others', () => {
    for (const [looks, released] of [
      [1, ['1']],
      [2, []],
    ] as const) {
      const release = createInboxRelease();
      const at = (look: number) => ({ nowMs: look * MAX_WAIT_MS });
      decideOn(release, input([row(1)], stored(1, 0n)));
      for (let look = 1; look <= looks; look++)
        decideOn(release, input([row(2)], { ...stored(1, 0n), ...at(look) }));
      const grown = { watermarks: new Map([[1, 30n]]), storedOffsets: new Map([[1, 10n]]) };
      assert.deepEqual(decideOn(release, input([row(1)], { ...grown, ...at(looks) })).released, released);
    }
  });

  describe('of large rows', () => {
    const noKafka = { watermarks: null, storedOffsets: new Map() };
    const large = (n: number, keyHash: number, bodyBytes = LARGE_BYTES) => row(n, { keyHash, bodyBytes });

    it('lets them go behind all others, and the later rows of their keys later', () => {
      const rows = [
        row(1, { keyHash: 1 }),
        large(2, 1),
        row(3, { keyHash: 1 }),
        large(4, 1),
        row(5, { keyHash: 2 }),
      ];
      assert.deepEqual(decideOn(createInboxRelease(), input(rows, noKafka)), {
        released: ['1', '5'],
        large: ['2'],
        waiting: 0,
        heldKeyHashes: [1],
        uncertain: 0,
      });
    });

    it('lets as many go together as one transaction takes, and one at least', () => {
      const fitting = Math.floor(MAX_STORED_BYTES / LARGE_BYTES);
      const many = Array.from({ length: fitting + 3 }, (_, n) => large(n, n));
      assert.equal(decideOn(createInboxRelease(), input(many, noKafka)).large.length, fitting);
      const larger = [1, 2].map(n => large(n, n, MAX_STORED_BYTES + 1));
      assert.deepEqual(decideOn(createInboxRelease(), input(larger, noKafka)).large, ['1']);
    });

    it('holds those back that wait for what comes before them, as any other', () => {
      const rows = [row(1, { afterOffset: 50n, bodyBytes: LARGE_BYTES }), large(2, 5)];
      const decision = decideOn(createInboxRelease(), input(rows));
      assert.deepEqual([decision.large, decision.waiting], [['2'], 1]);
    });
  });
});
