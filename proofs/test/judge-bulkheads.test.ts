import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BulkheadFigures, type BulkheadPhase, judge, p99Of } from '../src/bulkheads/judge-bulkheads.ts';
import { readWaits } from '../src/bulkheads/wait-metric.ts';

const WITHOUT: BulkheadPhase = {
  bad: false,
  seconds: 10,
  arrived: 1_000,
  p50: 10,
  p99: 40,
  started: 1_000,
  startedLate: 0,
  requests: { hangs: 0, fails: 0, stuck: 0 },
  hanging: 0,
};
const WITH: BulkheadPhase = {
  ...WITHOUT,
  bad: true,
  requests: { hangs: 20, fails: 9, stuck: 10 },
  hanging: 20,
};

/** Two rounds; what differs is in the second one. */
function run({ without = {}, within = {}, ...rest }: Change): BulkheadFigures {
  return {
    phases: [WITHOUT, WITH, { ...WITHOUT, ...without }, { ...WITH, ...within }],
    fine: { accepted: 4_000, arrived: 4_000 },
    stuckRows: 10_000,
    wantedStuckRows: 10_000,
    concurrency: 20,
    ...rest,
  };
}

interface Change extends Partial<Omit<BulkheadFigures, 'phases'>> {
  readonly without?: Partial<BulkheadPhase>;
  readonly within?: Partial<BulkheadPhase>;
}

describe('the judge of the bulkheads', () => {
  it('finds nothing wrong where it is as fast beside bad destinations', () => {
    assert.deepEqual(judge(run({})), []);
  });

  it('allows a tenth more, and no more than that', () => {
    assert.deepEqual(judge(run({ within: { p99: 48 } })), []);
    assert.equal(judge(run({ within: { p99: 48.1 } })).length, 1);
  });

  it('allows what a phase without them had too', () => {
    assert.equal(p99Of(run({ without: { p99: 60 } }).phases).allowed, 60);
    assert.deepEqual(judge(run({ without: { p99: 60 }, within: { p99: 79 } })), []);
  });

  for (const [what, change, expected] of [
    ['a phase in which nothing arrived', { within: { p99: Number.NaN } }, /p99 is NaN/],
    ['an attempt that waited', { within: { startedLate: 1 } }, /^1 attempts of the others waited/],
    ['a lost event', { fine: { accepted: 4_000, arrived: 3_999 } }, /^1 accepted events/],
    ['a phase without an attempt', { within: { started: 0 } }, /no attempt/],
    ['slots that did not hang', { within: { hanging: 19 } }, /^not all slots/],
    [
      'a stuck key that was left alone',
      { within: { requests: { ...WITH.requests, stuck: 0 } } },
      /^the head/,
    ],
    ['a stuck key that got through', { stuckRows: 9_999 }, /^the stuck key has 9999/],
    ['work of the bad ones in a phase without it', { without: { requests: WITH.requests } }, /^in 1 phases/],
  ] as const) {
    it(`finds ${what}`, () => {
      const broken = judge(run(change));
      assert.equal(broken.length, 1, broken.join('; '));
      assert.match(broken[0] ?? '', expected);
    });
  }

  it('finds a destination that was never tried', () => {
    const untried = { ...WITH, requests: { ...WITH.requests, fails: 0 } };
    assert.match(judge({ ...run({}), phases: [WITHOUT, untried] })[0] ?? '', /^the one that fails/);
  });

  it('lets an attempt wait in a phase without them: that is not for their sake', () => {
    assert.deepEqual(judge(run({ without: { startedLate: 1 } })), []);
  });
});

describe('the waits of a destination', () => {
  const line = (kind: string, labels: string, value: number) =>
    `ackline_delivery_wait_seconds_${kind}{${labels}destination="fine",lane="live"} ${value}`;

  it('counts what is above the bucket of one second', () => {
    const text = [
      line('bucket', 'le="0.1",', 5),
      line('bucket', 'le="1",', 7),
      line('bucket', 'le="10",', 9),
      line('count', '', 9),
      line('count', '', 4).replace('fine', 'hangs'),
    ].join('\n');
    assert.deepEqual(readWaits(text, 'fine'), { started: 9, late: 2 });
  });

  it('knows nothing where there is no such bucket', () => {
    assert.throws(
      () => readWaits([line('bucket', 'le="2",', 9), line('count', '', 9)].join('\n'), 'fine'),
      /1 s/,
    );
  });
});
