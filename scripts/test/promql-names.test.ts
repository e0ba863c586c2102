import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { problemsOf } from '../verify/known-metrics.ts';
import { promqlNames } from '../verify/promql-names.ts';

describe('the names in an expression of PromQL', () => {
  it('are its metrics with their labels, and the labels that it groups by', () => {
    const expr = `
      histogram_quantile(0.99, sum by (source, le) (rate(a_seconds_bucket{phase!="read", source=~"$source"}[5m])))
        > 1 and on (source) sum without(le) (increase(b_total[1h:30s] offset 5m)) * 1e3 >= bool 14.4 * (1 - .5e0)
        or ignoring (x) group_left (y) up{job=~".*ackline.*"} == 0 # and not_this`;
    assert.throws(() => promqlNames(expr), /not understood: \.5e0/);
    assert.deepEqual(promqlNames(expr.replace('.5e0', '0.5')), {
      selectors: [
        { metric: 'a_seconds_bucket', labels: ['phase', 'source'] },
        { metric: 'b_total', labels: [] },
        { metric: 'up', labels: ['job'] },
      ],
      groupings: ['source', 'le', 'source', 'le', 'x', 'y'],
    });
  });

  it('are not in its strings, ranges and variables', () => {
    const expr = `sum(rate(a_total{x="b_total{y}", z='}'}[$__rate_interval])) / \${factor}`;
    assert.deepEqual(promqlNames(expr).selectors, [{ metric: 'a_total', labels: ['x', 'z'] }]);
  });

  it('include what stands behind an aggregation without parentheses of its own', () => {
    assert.deepEqual(promqlNames('sum by (a) (x) / sum(y) by (a)').selectors, [
      { metric: 'x', labels: [] },
      { metric: 'y', labels: [] },
    ]);
  });

  it('are refused where a selector has none', () => {
    assert.throws(() => promqlNames('{__name__=~"ackline_.*"}'), /without the name of a metric/);
    assert.throws(() => promqlNames('a{b="c"'), /a } is missing/);
  });
});

describe('the check of an expression', () => {
  for (const [what, expr, template, problem] of [
    [
      'a metric that is not in the table',
      'rate(ackline_ingress_request_total[5m])',
      '',
      /is not in the table/,
    ],
    ['a histogram without its part', 'ackline_ingress_phase_seconds > 1', '', /is not in the table/],
    ['a label that its metric has not', 'up{source="x"}', '', /up has no label source/],
    ['le of a sum', 'rate(ackline_ingress_phase_seconds_sum{le="1"}[5m])', '', /has no label le/],
    ['a grouping by nothing', 'sum by (tenant) (ackline_breaker_open)', '', /has the label tenant/],
    ['a text that shows a label of others', 'up == 0', '{{ $labels.source }}', /shows the label source/],
    ['an expression without a metric', 'vector(1)', '', /asks for no metric/],
    ['what it does not understand', 'up ? 1', '', /not understood/],
  ] as const) {
    it(`finds ${what}`, () => {
      assert.match(problemsOf(expr, template).join('\n'), problem);
    });
  }

  it('takes labels of the scrape, of the service, and those of a histogram', () => {
    const expr = `sum by (le, source, instance) (rate(ackline_ingress_phase_seconds_bucket{phase="append", service="ingress"}[5m]))
      and on (job) process_resident_memory_bytes`;
    assert.deepEqual(problemsOf(expr, '{{ $labels.source }} {{ $value }}'), []);
  });
});
