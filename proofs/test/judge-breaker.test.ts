import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Arrival, type BreakerRun, judge, ramp } from '../src/breaker/judge-breaker.ts';

const fails = (at: number): Arrival => ({ at, status: 503, ms: 50 });
const well = (at: number, ms = 50): Arrival => ({ at, status: 200, ms });

const RUN: BreakerRun = {
  arrivals: [
    fails(900),
    fails(950),
    fails(1_010),
    well(61_000, 4_000),
    well(65_100),
    well(66_000),
    well(70_000),
  ],
  threshold: 2,
  concurrency: 20,
  slowStartMs: 30_000,
  openedAt: 1_000,
  reopensAt: 61_000,
  closedAt: 65_010,
  failedBy: [6, 5],
  openLines: 1,
  seen: {
    OPEN: { health: 'OPEN', metrics: [1, 1] },
    HALF_OPEN: { health: 'HALF_OPEN', metrics: [0.5, 0.5] },
    CLOSED: { health: 'CLOSED', metrics: [0, 0] },
  },
  accepted: 7,
  delivered: 7,
};
const broken = (overrides: Partial<BreakerRun>) =>
  judge({ ...RUN, ...overrides })
    .filter(({ holds }) => !holds)
    .map(({ name }) => name.split(/[:,]/)[0]);

describe('the judge of the breaker', () => {
  it('finds nothing wrong in a run that is right', () => {
    assert.deepEqual(broken({}), []);
    assert.deepEqual(ramp(RUN, 5), [2, 0, 0, 0, 1]);
  });

  for (const [what, overrides, expected] of [
    [
      'a request while it is open',
      { arrivals: [...RUN.arrivals, well(30_000)] },
      ['no new call until the reset'],
    ],
    ['a request before the reset', { reopensAt: 61_500 }, ['no new call until the reset']],
    ['a second request beside the probe', { arrivals: [...RUN.arrivals, well(62_000)] }, ['it is one probe']],
    ['too many at once after it closed', { arrivals: [...RUN.arrivals, well(65_101)] }, ['slow start']],
    [
      'an opening before there were as many failures',
      { threshold: 3 },
      ['failures of both processors count together'],
    ],
    [
      'failures of one processor alone',
      { failedBy: [10, 0] },
      ['failures of both processors count together'],
    ],
    ['two lines', { openLines: 2 }, ['one line says that it is open']],
    ['a lost event', { delivered: 6 }, ['nothing is lost']],
    [
      'a state that /health never had',
      { seen: { ...RUN.seen, OPEN: { health: 'CLOSED', metrics: [1, 1] } } },
      ["OPEN is seen in /health and in both processors' metrics"],
    ],
    [
      'a processor that has no metric',
      { seen: { ...RUN.seen, CLOSED: { health: 'CLOSED', metrics: [0, null] } } },
      ["CLOSED is seen in /health and in both processors' metrics"],
    ],
  ] as const) {
    it(`finds ${what}`, () => {
      assert.deepEqual(broken(overrides), expected);
    });
  }
});
