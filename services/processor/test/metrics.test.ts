import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createProcessorMetrics } from '../src/metrics.ts';

describe('the metrics of the processor', () => {
  it('count processes of transforms that did not start, from none on', async () => {
    const metrics = createProcessorMetrics();
    const shown = async () =>
      /^ackline_transform_start_failures_total(?:\{.*\})? (\d+)$/m.exec(
        await metrics.registry.metrics(),
      )?.[1];
    assert.equal(await shown(), '0');
    metrics.transformStartFailed();
    metrics.transformStartFailed();
    assert.equal(await shown(), '2');
  });
});
