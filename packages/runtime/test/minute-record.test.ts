import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMinuteRecord } from '@ackline/runtime/minute-record';
import { waitFor } from '@ackline/testkit/wait-for';

const MINUTE = 60_000;
const START = 1_795_372_800_000;

/** A record with a clock that the test sets, and minutes that end at once. */
function record({ hangs = false, minuteMs = MINUTE } = {}) {
  const live = { counted: 0, isAway: false, now: START + 20_000, onWrite: () => {} };
  const told: [at: number, count: number][] = [];
  const stop = new AbortController();
  const made = createMinuteRecord<number>({
    name: 'totals',
    take() {
      const { counted } = live;
      live.counted = 0;
      return counted === 0 ? null : counted;
    },
    write(at, count) {
      if (hangs) return new Promise(() => undefined);
      if (live.isAway) return Promise.reject(new Error('away'));
      told.push([(at.getTime() - START) / MINUTE, count]);
      live.onWrite();
      return Promise.resolve();
    },
    log: { debug: () => undefined },
    now: () => live.now,
    minuteMs,
    spreadMs: 0,
    endLimitMs: 10,
  });
  return { made, live, told, stop };
}

describe('what is counted in a minute', () => {
  it('is told at the end, of the minute that it was counted in', async () => {
    const { made, live, told } = record();
    live.counted = 3;
    await made.end();
    assert.deepEqual(told, [[0, 3]]);
  });

  it('is told once the minute is over, and the next one begins with nothing', async () => {
    const { made, live, told, stop } = record();
    live.counted = 3;
    live.now = START + MINUTE - 1;
    const running = made.run(stop.signal);
    live.now = START + MINUTE;
    await waitFor(() => told.length > 0);
    stop.abort();
    await running;
    live.counted = 2;
    await made.end();
    assert.deepEqual(told, [
      [0, 3],
      [1, 2],
    ]);
  });

  it('is told within a minute where the clock was set back by a day', async () => {
    const { made, live, told, stop } = record({ minuteMs: 20 });
    live.counted = 3;
    live.now = START - 1_440 * MINUTE;
    const running = made.run(stop.signal);
    await waitFor(() => told.length > 0);
    stop.abort();
    await running;
    assert.deepEqual(told, [[20_000 / MINUTE, 3]]);
  });

  it('is told later under its own minute where it could not be told, up to an hour of it', async () => {
    const { made, live, told } = record();
    live.isAway = true;
    for (let minute = 0; minute < 70; minute += 1) {
      live.counted = minute + 1;
      live.now = START + (minute + 1) * MINUTE;
      await made.end();
    }
    live.isAway = false;
    await made.end();
    assert.equal(told.length, 60);
    // The first minute ended when the clock came to the second one, as all do.
    assert.deepEqual(
      [told[0], told.at(-1)],
      [
        [10, 11],
        [69, 70],
      ],
    );
  });

  it('does not keep a process from ending, however many minutes are still to be told', async () => {
    const { made, live, told, stop } = record({ minuteMs: 20 });
    live.isAway = true;
    for (let minute = 1; minute <= 30; minute += 1) {
      live.counted = minute;
      live.now += MINUTE;
      await made.end();
    }
    live.isAway = false;
    live.onWrite = () => stop.abort();
    live.now += MINUTE;
    await made.run(stop.signal);
    assert.equal(told.length, 1);
    await made.end(); // which has a limit of its own
    assert.equal(told.length, 30);
  });

  it('does not keep a process from ending where nobody takes it', async () => {
    const { made, live } = record({ hangs: true });
    live.counted = 1;
    await made.end();
  });
});
