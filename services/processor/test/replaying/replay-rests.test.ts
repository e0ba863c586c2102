import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ReplayStepped } from '@ackline/store/replay-release';
import { createReplayRests } from '../../src/replaying/replay-rests.ts';

const NOTHING = { released: 0, skipped: 0 };
const HELD: ReplayStepped = { step: { kind: 'wait', for: 'deliveries' }, ...NOTHING };
const RATED: ReplayStepped = { step: { kind: 'wait', for: 'rate' }, ...NOTHING };
const RELEASE = { kind: 'release', limit: 5, maxOpen: 100, windowMs: 1_000 } as const;

function setUp() {
  let time = 0;
  const made = createReplayRests(() => time);
  const restOf = (id: string) => {
    const from = time;
    while (made.resting().includes(id)) time += 100;
    return time - from;
  };
  return { ...made, restOf, pass: (ms: number) => (time += ms) };
}

it('who is held rests, twice as long each time and for five seconds at most', () => {
  const all = setUp();
  const rests = Array.from({ length: 7 }, () => {
    all.stepped('a', HELD);
    return all.restOf('a');
  });
  assert.deepEqual(rests, [200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
});

it('one that failed rests too, and one that could release nothing of what it was to', () => {
  const all = setUp();
  all.failed('a');
  all.stepped('b', { step: RELEASE, ...NOTHING });
  assert.deepEqual(all.resting(), ['a', 'b']);
});

it('who releases, waits for its rate, or is in the hands of others does not rest, nor as long the next time', () => {
  for (const next of [RATED, null, { step: RELEASE, released: 0, skipped: 1 }] as const) {
    const all = setUp();
    all.stepped('a', HELD);
    all.stepped('a', HELD);
    all.stepped('a', next);
    assert.equal(all.restOf('a'), 0);
    all.stepped('a', HELD);
    assert.equal(all.restOf('a'), 200);
  }
});

it('one that nobody asked for again is forgotten', () => {
  const all = setUp();
  all.stepped('a', HELD);
  all.pass(5_201);
  assert.deepEqual(all.resting(), []);
  all.stepped('a', HELD);
  assert.equal(all.restOf('a'), 200);
});
