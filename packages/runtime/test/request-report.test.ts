import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mergeReports, type RequestReport } from '@ackline/runtime/request-report';

const BUSY: RequestReport = {
  request_count: 300,
  error_count: 3,
  avg_response_time: 0.02,
  error_rate: 0.01,
  rate_limit_hits: 2,
  last_reset: 200,
};
const IDLE: RequestReport = {
  request_count: 100,
  error_count: 5,
  avg_response_time: 0.06,
  error_rate: 0.05,
  rate_limit_hits: 1,
  last_reset: 100,
};

describe('mergeReports', () => {
  it('weighs the average by requests, and does not average rates', () => {
    assert.deepEqual(mergeReports([BUSY, IDLE]), {
      request_count: 400,
      error_count: 8,
      avg_response_time: 0.03,
      error_rate: 0.02,
      rate_limit_hits: 3,
      last_reset: 100,
    });
  });

  it('divides nothing by no requests', () => {
    const none = { ...IDLE, request_count: 0, error_count: 0, avg_response_time: 0 };
    assert.equal(mergeReports([none])?.error_rate, 0);
    assert.equal(mergeReports([]), null);
  });
});
