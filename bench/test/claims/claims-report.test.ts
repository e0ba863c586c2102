import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BenchJson, BenchPart } from '../../src/claims/bench-json.ts';
import { type ClaimFigures, claimsReport } from '../../src/claims/claims-report.ts';

const CACHED = 'Cached validation within 30ms';

function bench({ averageMs = 4, successPercent = 100, missed = 0 } = {}): BenchJson {
  const part = (name: BenchPart['part']): BenchPart => {
    const times = { averageMs, p50Ms: averageMs, p99Ms: averageMs * 2, maxMs: averageMs * 3 };
    return { part: name, requests: 10, successPercent, verdict: '', ...times };
  };
  return {
    ok: true,
    parts: [part('single'), part('cached'), part('concurrent'), part('sustained')],
    requirements: [{ text: CACHED, count: 10, missed, averageMs: 2, maxMs: 9 }],
    fromCache: 10,
  };
}

const figures: ClaimFigures = {
  startMs: { first: 5_000, second: 1_500 },
  benches: { telegram: [bench()], twilio: [bench()], respondio: [bench(), bench()] },
  memory: { ingress: 100 * 2 ** 20, processor: 110 * 2 ** 20 },
  apiCalls: { pooled: [40, 42], unpooled: [80, 80] },
};

function rowOf(what: string, given: ClaimFigures): string {
  return (
    claimsReport(given)
      .split('\n')
      .find(line => line.includes(what)) ?? ''
  );
}

describe('the report of claims', () => {
  it('has the median of the rounds beside the claim, and how far the rounds differ', () => {
    const respondio = [2, 8, 4].map(averageMs => bench({ averageMs }));
    const row = rowOf('respond.io | answer, average, one at a time', {
      ...figures,
      benches: { ...figures.benches, respondio },
    });
    assert.equal(row, '| respond.io | answer, average, one at a time | < 10 ms | 4.0 ms | 4.00 | yes |');
  });

  it('says of each claim that is not kept that it is not', () => {
    const slow = bench({ averageMs: 60, successPercent: 99.5, missed: 1 });
    const given: ClaimFigures = {
      startMs: { first: 5_000, second: 2_001 },
      benches: { telegram: [slow], twilio: [slow], respondio: [slow] },
      memory: { ingress: 121 * 2 ** 20, processor: 2 ** 20 },
      apiCalls: { pooled: [71], unpooled: [100] },
    };
    const kept = ['Telegram API | answer, average', 'Twilio | answer, p99'];
    for (const line of claimsReport(given).split('\n').slice(2)) {
      assert.equal(line.endsWith(kept.some(what => line.includes(what)) ? '| yes |' : '| NO |'), true, line);
    }
  });

  it('takes one failed request of any round for success that is not 100 %', () => {
    const respondio = [bench(), bench({ successPercent: 99.8 })];
    assert.match(
      rowOf('| success |', { ...figures, benches: { ...figures.benches, respondio } }),
      /99\.80 %.*NO/,
    );
  });

  it('tells how much a pool saves of a call, not how much longer one takes without it', () => {
    assert.match(rowOf('call of an API', figures), /41\.0 ms with, 80\.0 ms without: 49 % less .*yes/);
  });
});
