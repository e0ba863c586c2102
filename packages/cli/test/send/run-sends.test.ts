import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runSends, type SendAnswer, type SendDeps, type SendPlan } from '../../src/send/run-sends.ts';

const OK: SendAnswer = { outcome: 200, serverTiming: null };

/** Time that passes only while somebody waits; `takesMs` says how long an answer takes. */
function simulate(plan: SendPlan, takesMs: (sequence: number) => number, overrides: Partial<SendDeps> = {}) {
  const clock = { now: 1_000 };
  const began: number[] = [];
  const ended: { sequence: number; outcome: number | string; ms: number }[] = [];
  const waiting: { at: number; wake: () => void }[] = [];
  const sleepUntil = (at: number) => new Promise<void>(wake => waiting.push({ at, wake }));
  const deps: SendDeps = {
    now: () => clock.now,
    wait: ms => sleepUntil(clock.now + ms),
    stop: new AbortController().signal,
    async send(sequence) {
      began.push(clock.now - 1_000);
      await sleepUntil(clock.now + takesMs(sequence));
      return OK;
    },
    onEnd: (sequence, { outcome }, ms) => ended.push({ sequence, outcome, ms }),
    ...overrides,
  };
  const run = (async () => {
    const finished = runSends(plan, deps);
    let isDone = false;
    void finished.then(() => {
      isDone = true;
    });
    for (;;) {
      await new Promise(resolve => setImmediate(resolve));
      if (isDone) return finished;
      waiting.sort((a, b) => a.at - b.at);
      const next = waiting.shift();
      assert.ok(next !== undefined, 'it waits for nothing');
      clock.now = Math.max(clock.now, next.at);
      next.wake();
    }
  })();
  return { run, began, ended, clock };
}

const paced = { count: 6, concurrency: 2, rate: 10, limitMs: 60_000 };

describe('sending at a rate', () => {
  it('begins each request when it is due, whatever the answers take', async () => {
    const { run, began } = simulate(paced, () => 150);
    await run;
    assert.deepEqual(began, [0, 100, 200, 300, 400, 500]);
  });

  it('counts the time from when a request was due: what waits behind a stalled server shows the stall', async () => {
    const { run, ended } = simulate({ ...paced, concurrency: 1 }, sequence => (sequence === 1 ? 350 : 10));
    await run;
    // 1 stalls from 100 to 450; 2, 3 and 4 were due meanwhile and go one after the other then.
    assert.deepEqual(
      ended.map(({ ms }) => Math.round(ms)),
      [10, 350, 260, 170, 80, 10],
    );
  });

  it('counts what was due and found no connection by the end as not sent, with the time that it waited', async () => {
    const plan = { count: 4, concurrency: 1, rate: 10, limitMs: 250 };
    const { run, ended, began } = simulate(plan, () => 1_000);
    await run;
    assert.deepEqual(began, [0]);
    assert.deepEqual(
      ended.map(({ outcome, ms }) => [outcome, ms]),
      [
        [200, 1_000],
        ['not sent', 900],
        ['not sent', 800],
        ['not sent', 700],
      ],
    );
  });

  it('sends nothing early where a timer fires early, so that no time is too short', async () => {
    const clock = { now: 0 };
    const times: number[] = [];
    await runSends(
      { count: 3, concurrency: 1, rate: 10, limitMs: 60_000 },
      {
        now: () => clock.now,
        wait(ms) {
          clock.now += ms > 1 ? ms - 0.75 : ms;
          return Promise.resolve();
        },
        stop: new AbortController().signal,
        send: () => Promise.resolve(OK),
        onEnd: (_sequence, _answer, ms) => times.push(ms),
      },
    );
    assert.equal(times.length, 3);
    for (const ms of times) assert.ok(ms >= 0, `${ms} ms`);
  });
});

describe('sending as answers come', () => {
  const plan = { count: 10, concurrency: 2, rate: null, limitMs: 60_000 };

  it('counts the time from when a request is sent', async () => {
    const { run, ended } = simulate(plan, sequence => 10 + sequence);
    await run;
    assert.deepEqual(
      ended.toSorted((a, b) => a.sequence - b.sequence).map(({ ms }) => ms),
      Array.from({ length: 10 }, (_, sequence) => 10 + sequence),
    );
  });

  it('begins none after its time, and does not count what was not begun', async () => {
    const { run, ended } = simulate({ ...plan, limitMs: 250 }, () => 100);
    assert.deepEqual(await run, { unanswered: 0, wallMs: 300 });
    assert.equal(ended.length, 6);
  });
});

describe('a stop', () => {
  for (const rate of [null, 10]) {
    it(`leaves what has no answer out of the figures, and tells how many these are (${rate ?? 'no'} rate)`, async () => {
      const stop = new AbortController();
      const onEnd: SendDeps['onEnd'] = sequence => {
        ended.push(sequence);
        if (ended.length === 3) stop.abort();
      };
      const ended: number[] = [];
      const plan = { count: 50, concurrency: 2, rate, limitMs: 60_000 };
      // Each takes three times as long as the rate allows two connections.
      const { run, began } = simulate(plan, () => 600, { stop: stop.signal, onEnd });
      const { unanswered, wallMs } = await run;
      assert.equal(ended.length, 3);
      assert.equal(began.length, 4, 'nothing begins after the stop');
      const due = rate === null ? 4 : Math.floor((wallMs * rate) / 1_000) + 1;
      assert.equal(unanswered, due - 3);
    });
  }
});
