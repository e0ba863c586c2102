import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { benchJson, type BenchReport, formatBench } from '../../src/bench/format.ts';
import { findProblems } from '../../src/bench/problems.ts';
import type { PartName, PartResult } from '../../src/bench/run-bench.ts';
import type { SendOutcome } from '../../src/send/run-sends.ts';
import { createTally } from '../../src/send/send-figures.ts';

function part(name: PartName, answers: readonly (readonly [SendOutcome, number])[]): PartResult {
  const tally = createTally(answers.length);
  for (const [outcome, ms] of answers) tally.add(outcome, ms);
  return { part: name, planned: 4, perSecond: name === 'single' ? null : 12.5, figures: tally.figures() };
}

const report: BenchReport = {
  url: 'http://127.0.0.1:8080/webhook/telegram',
  source: 'telegram',
  provider: 'telegram',
  plan: { requests: 4, concurrency: 2, rate: 10, seconds: 1, repeats: true, answerLimitMs: 10_000 },
  parts: [
    part('single', [
      [200, 4],
      [200, 6],
      [200, 3],
      [200, 31],
    ]),
    part('cached', [[200, 1]]),
    part('sustained', [
      [200, 60],
      [200, 80],
      [503, 2],
      ['ECONNRESET', 4],
    ]),
  ],
  requirements: [
    {
      text: 'Requirement 2.1 - Respond within 2 seconds',
      limitMs: 2_000,
      by: 'client',
      count: 9,
      missed: 2,
      averageMs: 20,
      maxMs: 80,
    },
    {
      text: 'Requirement 2.6 - Signature validation within 50ms',
      limitMs: 50,
      by: 'server',
      count: 7,
      missed: 0,
      averageMs: 0.2,
      maxMs: 1,
    },
    {
      text: 'Phase 1 - Validation within 100ms',
      limitMs: 100,
      by: 'server',
      count: 0,
      missed: 0,
      averageMs: 0,
      maxMs: 0,
    },
  ],
  fromCache: 1,
  unanswered: 0,
  minSuccessPercent: 100,
  problems: [],
  interrupted: false,
};

describe('what a bench prints', () => {
  it('is the verdict, average, percentiles, success rate, statuses and a histogram of each part, and the requirements', () => {
    assert.equal(
      formatBench(report),
      `http://127.0.0.1:8080/webhook/telegram: signed samples of telegram for the source telegram, each a new event

Single: 4 requests, one at a time
  EXCELLENT - Response time < 50ms
  Average response time: 11 ms (p50 4.0 ms, p95 31 ms, p99 31 ms, slowest 31 ms)
  Success rate: 100% (200 × 4)
  < 5 ms    2  ████████████████████████████████
  < 10 ms   1  ████████████████
  < 20 ms   0
  < 50 ms   1  ████████████████

Cached: each of these again as it was, as a provider sends it that missed the answer; 1 done
  EXCELLENT - Response time < 50ms
  Average response time: 1.0 ms (p50 1.0 ms, p95 1.0 ms, p99 1.0 ms, slowest 1.0 ms)
  Success rate: 100% (200 × 1), 12.5 accepted a second
  Answered without another append: 1
  < 2 ms    1  ████████████████████████████████

Sustained: 4 requests, 10 a second for 1 s, each timed from when it was due
  FAILED - Success rate 50% < 100%
  Average response time: 37 ms (p50 4.0 ms, p95 80 ms, p99 80 ms, slowest 80 ms)
  Success rate: 50% (200 × 2, 503 × 1, ECONNRESET × 1), 12.5 accepted a second
  < 5 ms    2  ████████████████████████████████
  < 10 ms   0
  < 20 ms   0
  < 50 ms   0
  < 100 ms  2  ████████████████████████████████

Requirement 2.1 - Respond within 2 seconds: NOT met by 2 of 9 (average 20 ms, slowest 80 ms)
Requirement 2.6 - Signature validation within 50ms: met (average 0.2 ms, slowest 1.0 ms by the clock of the ingress)
Phase 1 - Validation within 100ms: not known, the answers have no Server-Timing`,
    );
  });

  it('says of an interrupted one that it is, and how many had no answer', () => {
    const text = formatBench({ ...report, interrupted: true, unanswered: 2 });
    assert.match(text, /\n\nInterrupted: these are the figures so far; 2 requests had no answer yet\.$/);
  });

  it('is one document as JSON, with the same figures', () => {
    const { parts, ...rest } = JSON.parse(benchJson({ ...report, problems: ['x'] })) as {
      parts: Record<string, unknown>[];
    } & Record<string, unknown>;
    assert.deepEqual(
      [rest['ok'], rest['problems'], rest['source'], rest['interrupted'], rest['fromCache']],
      [false, ['x'], 'telegram', false, 1],
    );
    assert.deepEqual(parts[2], {
      part: 'sustained',
      planned: 4,
      perSecond: 12.5,
      requests: 4,
      accepted: 2,
      successPercent: 50,
      averageMs: 36.5,
      p50Ms: 4,
      p95Ms: 80,
      p99Ms: 80,
      maxMs: 80,
      outcomes: { 200: 2, 503: 1, ECONNRESET: 1 },
      histogram: [
        { underMs: 5, count: 2 },
        { underMs: 10, count: 0 },
        { underMs: 20, count: 0 },
        { underMs: 50, count: 0 },
        { underMs: 100, count: 2 },
      ],
      verdict: 'FAILED - Success rate 50% < 100%',
    });
  });
});

describe('the limits of a bench', () => {
  const limits = { minSuccessPercent: 100, maxP99Ms: null };

  it('are a sentence for each part that does not keep them', () => {
    assert.deepEqual(findProblems(report.parts, limits), ['sustained: success rate 50%, under 100%']);
    assert.deepEqual(findProblems(report.parts, { minSuccessPercent: 50, maxP99Ms: 30 }), [
      'single: p99 31 ms, over 30 ms',
      'sustained: p99 80 ms, over 30 ms',
    ]);
  });

  it('are kept by what is exactly at them', () => {
    assert.deepEqual(findProblems(report.parts, { minSuccessPercent: 50, maxP99Ms: 80 }), []);
  });
});
