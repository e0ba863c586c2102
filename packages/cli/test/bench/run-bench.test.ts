import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BenchDeps, type BenchPlan, plannedRequests, runBench } from '../../src/bench/run-bench.ts';

const plan: BenchPlan = {
  requests: 4,
  concurrency: 2,
  rate: 10,
  seconds: 1,
  repeats: false,
  answerLimitMs: 10_000,
};

/** Answers at once; time passes while a request waits to be due. */
function bench(overrides: Partial<BenchDeps> = {}) {
  const clock = { now: 0 };
  const bodies: string[] = [];
  const deps: BenchDeps = {
    now: () => clock.now,
    wait(ms) {
      clock.now += ms;
      return Promise.resolve();
    },
    stop: new AbortController().signal,
    sample: sequence => ({ headers: [], body: Buffer.from(`event ${sequence}`) }),
    post({ body }) {
      bodies.push(Buffer.from(body).toString());
      return Promise.resolve({ outcome: 200, serverTiming: null });
    },
    onProgress: () => undefined,
    ...overrides,
  };
  return { deps, bodies };
}

describe('the parts of a bench', () => {
  it('are single, concurrent and sustained, each request another event', async () => {
    const { deps, bodies } = bench();
    const { parts } = await runBench(plan, deps);
    assert.deepEqual(
      parts.map(({ part, figures }) => [part, figures.count]),
      [
        ['single', 4],
        ['concurrent', 4],
        ['sustained', 10],
      ],
    );
    assert.deepEqual(
      bodies.toSorted(),
      Array.from({ length: 18 }, (_, index) => `event ${index}`).toSorted(),
    );
    assert.equal(plannedRequests(plan), 18);
  });

  it('with repeats has each single request followed by itself, apart in the figures', async () => {
    let made = 0;
    const { deps, bodies } = bench({
      sample: () => ({ headers: [], body: Buffer.from(`event ${made++}`) }), // made anew it is another one
      post({ body }) {
        const text = Buffer.from(body).toString();
        const outcome = bodies.includes(text) ? 208 : 200;
        bodies.push(text);
        return Promise.resolve({ outcome, serverTiming: null });
      },
    });
    const { parts } = await runBench({ ...plan, repeats: true }, deps);
    assert.deepEqual(bodies.slice(0, 5), ['event 0', 'event 0', 'event 1', 'event 1', 'event 2']);
    assert.equal(new Set(bodies).size, 18);
    const [single, cached, concurrent] = parts;
    assert.deepEqual([single?.part, [...(single?.figures.byOutcome ?? [])]], ['single', [[200, 4]]]);
    assert.deepEqual([cached?.part, [...(cached?.figures.byOutcome ?? [])]], ['cached', [[208, 4]]]);
    assert.deepEqual([concurrent?.part, concurrent?.figures.count], ['concurrent', 4]);
    assert.equal(plannedRequests({ ...plan, repeats: true }), 22);
  });

  it('end with their time where the server is slow, and say what they reached', async () => {
    const clock = { now: 0 };
    const { deps } = bench({
      now: () => clock.now,
      wait(ms) {
        clock.now += ms;
        return Promise.resolve();
      },
      post() {
        clock.now += 400;
        return Promise.resolve({ outcome: 200, serverTiming: null });
      },
    });
    const { parts } = await runBench({ ...plan, requests: 100 }, deps);
    assert.deepEqual(
      parts.slice(0, 2).map(({ planned, figures }) => [planned, figures.count]),
      [
        [100, 3],
        [100, 3],
      ],
    );
    assert.equal(parts[2]?.figures.count, 10, 'what is due at a rate is counted, sent or not');
  });

  it('have at most so many requests in flight', async () => {
    let inFlight = 0;
    let most = 0;
    const { deps } = bench({
      async post() {
        inFlight += 1;
        most = Math.max(most, inFlight);
        await new Promise(resolve => setImmediate(resolve));
        inFlight -= 1;
        return { outcome: 200, serverTiming: null };
      },
    });
    await runBench({ ...plan, requests: 50, concurrency: 7 }, deps);
    assert.equal(most, 7);
  });

  it('that a stop leaves without an answer are missing, and those before it have their figures', async () => {
    const stop = new AbortController();
    let posted = 0;
    const { deps } = bench({
      stop: stop.signal,
      post() {
        posted += 1;
        if (posted === 3) stop.abort();
        return Promise.resolve({ outcome: 200, serverTiming: null });
      },
    });
    const { parts, unanswered } = await runBench(plan, deps);
    assert.deepEqual(
      parts.map(({ part, figures }) => [part, figures.count]),
      [['single', 2]],
    );
    assert.equal(unanswered, 1);
  });
});
