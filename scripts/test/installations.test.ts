import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { installationProblems } from '../verify/installations.ts';

describe('an alert over several installations', () => {
  it('is found where an aggregation adds them up', () => {
    for (const expr of [
      'sum(a) > 0',
      'max by (instance) (a) > 0',
      'sum by (namespace) (a) > 0 and sum by (tier) (b) >= 0',
      'sum without (instance) (a)',
      'group(up)',
      'sum by (namespace) (sum(a))',
    ]) {
      assert.equal(installationProblems(expr).length, 1, expr);
    }
  });

  it('is none where each aggregation keeps their label, or there is none', () => {
    for (const expr of [
      'histogram_quantile(0.99, sum by (namespace, le) (rate(a_bucket[5m]))) > 1',
      'max by (namespace, breaker) (max_over_time(a[2m])) == 1',
      'group by (namespace) (up) unless on (namespace) group by (namespace) (b) or absent(b)',
      'up{job=~".*ackline.*", max="x"} == 0',
    ]) {
      assert.deepEqual(installationProblems(expr), [], expr);
    }
  });
});
