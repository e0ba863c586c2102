import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isMetric } from '@ackline/runtime/kept-counters';
import { createMetricFactory } from '@ackline/runtime/metric-factory';
import { createMetrics } from '@ackline/runtime/metrics';
import { type AnswerRuns, createAnswerRuns } from '../../src/metrics/answer-runs.ts';
import { withLiveRuns } from '../../src/processes/live-runs.ts';

/** Of one process: what it answers, each at a time of its own, and what its metrics say. */
function ingressProcess(now: () => number) {
  const registry = createMetrics({ service: 'ingress', processMetrics: false });
  const configured = () => [{ name: 'a' }, { name: 'b' }];
  const runs: AnswerRuns = createAnswerRuns(createMetricFactory(registry), { configured, now });
  return { ...runs, metrics: () => registry.getMetricsAsJSON() };
}

describe('runs of refusals of several processes', () => {
  it('count until any of them acknowledges a webhook of the source, and again from then on', async () => {
    let at = 1_000;
    const now = () => (at += 1_000);
    const [first, second] = [ingressProcess(now), ingressProcess(now)];
    const runs = async (source: string) => {
      const answers = withLiveRuns([await first.metrics(), await second.metrics()]);
      return answers
        .flat()
        .filter(isMetric)
        .filter(({ name }) => name === 'ackline_ingress_unacked_requests')
        .flatMap(({ values }) => values)
        .filter(({ labels }) => labels['source'] === source)
        .map(({ value }) => value);
    };
    assert.deepEqual(await runs('a'), [0, 0]);
    for (const one of [first, second, first]) one.refused('a');
    first.refused('b');
    assert.deepEqual(await runs('a'), [2, 1]);
    second.acked('a');
    assert.deepEqual(await runs('a'), [0, 0], 'the first one knows nothing of it');
    assert.deepEqual(await runs('b'), [1, 0]);
    second.refused('a');
    assert.deepEqual(await runs('a'), [0, 1]);
    first.acked('a');
    assert.deepEqual(await runs('a'), [0, 0]);
  });
});
