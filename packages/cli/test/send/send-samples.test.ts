import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSendSummary } from '../../src/commands/send.ts';
import type { SendOutcome } from '../../src/send/run-sends.ts';
import { sendSamples } from '../../src/send/send-samples.ts';

const answered = (outcome: SendOutcome) => ({ outcome, serverTiming: null });

function plan(count: number, concurrency = 4) {
  return { count, concurrency, rate: null };
}

test('every sample is sent once, with at most so many in flight', async () => {
  const sequences: number[] = [];
  let inFlight = 0;
  let most = 0;
  const summary = await sendSamples(plan(50, 4), {
    now: () => 0,
    wait: () => Promise.resolve(),
    onProgress: () => undefined,
    async send(sequence) {
      sequences.push(sequence);
      inFlight += 1;
      most = Math.max(most, inFlight);
      await new Promise(resolve => setImmediate(resolve));
      inFlight -= 1;
      return answered(200);
    },
  });
  assert.deepEqual(
    sequences.toSorted((a, b) => a - b),
    Array.from({ length: 50 }, (_, index) => index),
  );
  assert.equal(most, 4);
  assert.equal(summary.accepted, 50);
});

test('refusals and lost connections are counted by what they were', async () => {
  const outcomes: SendOutcome[] = [200, 401, 401, 'ECONNREFUSED', 204];
  const summary = await sendSamples(plan(5, 1), {
    now: () => 0,
    wait: () => Promise.resolve(),
    onProgress: () => undefined,
    send: sequence => Promise.resolve(answered(outcomes[sequence] ?? 0)),
  });
  assert.deepEqual(Object.fromEntries(summary.byOutcome), { 200: 1, 401: 2, ECONNREFUSED: 1, 204: 1 });
  assert.equal(summary.accepted, 2);
});

test('a rate plans each sample from the start, so that slow answers do not lower it', async () => {
  const clock = { now: 0 };
  const sentAt: number[] = [];
  await sendSamples(
    { count: 4, concurrency: 1, rate: 10 },
    {
      now: () => clock.now,
      wait(ms) {
        clock.now += ms;
        return Promise.resolve();
      },
      onProgress: () => undefined,
      send(sequence) {
        sentAt.push(clock.now);
        if (sequence === 1) clock.now += 150;
        return Promise.resolve(answered(200));
      },
    },
  );
  assert.deepEqual(sentAt, [0, 100, 250, 300]);
});

test('the summary is one line', () => {
  const summary = {
    sent: 1_200,
    accepted: 1_199,
    byOutcome: new Map<SendOutcome, number>([
      [200, 1_199],
      ['ECONNRESET', 1],
    ]),
    p50Ms: 3.14,
    p99Ms: 21,
    wallMs: 2_000,
  };
  assert.equal(
    formatSendSummary('http://h/x', summary),
    '1,200 sent to http://h/x in 2.0 s (600/s): 200 × 1,199, ECONNRESET × 1 · p50 3.1 ms · p99 21 ms',
  );
});
