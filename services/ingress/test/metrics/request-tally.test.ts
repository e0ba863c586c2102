import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRequestTally } from '../../src/metrics/request-tally.ts';

describe('the JSON report of requests', () => {
  it('counts a repeat and a challenge as answered, and everything else that was not accepted as an error', () => {
    const tally = createRequestTally({ limitHits: () => 0, now: () => 5_000 });
    for (const result of ['accepted', 'duplicate', 'challenge', 'rejected', 'lost'] as const)
      tally.finished(result, 0.25);
    assert.deepEqual(tally.report(), {
      request_count: 5,
      error_count: 2,
      avg_response_time: 0.25,
      error_rate: 0.4,
      rate_limit_hits: 0,
      last_reset: 5,
    });
  });

  it('starts anew every hour, without a request too', () => {
    let now = 0;
    let hits = 7;
    const tally = createRequestTally({ limitHits: () => hits, now: () => now });
    tally.finished('rejected', 1);
    hits = 9;
    assert.equal(tally.report().rate_limit_hits, 2);
    now = 3_600_000;
    assert.deepEqual(tally.report(), {
      request_count: 0,
      error_count: 0,
      avg_response_time: 0,
      error_rate: 0,
      rate_limit_hits: 0,
      last_reset: 3_600,
    });
  });
});
