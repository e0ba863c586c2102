import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createProcessorMetrics } from '../src/metrics.ts';

describe('the metrics of the processor', () => {
  it('count openings and what was parked of a destination from none on, also of one that a reload adds', async () => {
    const metrics = createProcessorMetrics();
    const shown = async () => {
      const text = await metrics.registry.metrics();
      const lines = text.matchAll(
        /^ackline_(breaker_openings|delivery_attempts)_total\{(.*?),service.* (\d+)$/gm,
      );
      return [...lines].map(([, , labels, value]) => `${labels} ${value}`);
    };
    metrics.configured(['crm']);
    const [crm, crmParked] = ['breaker="crm" 0', 'destination="crm",outcome="park" 0'];
    assert.deepEqual(await shown(), [crm, crmParked]);
    metrics.configured(['crm', 'erp']);
    assert.deepEqual(await shown(), [
      crm,
      'breaker="erp" 0',
      crmParked,
      'destination="erp",outcome="park" 0',
    ]);
    metrics.opened('erp');
    metrics.configured(['erp']);
    assert.equal((await shown())[1], 'breaker="erp" 1', 'a reload takes nothing away');
  });

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

  it('count what is forgotten, by result, from none on', async () => {
    const metrics = createProcessorMetrics();
    const shown = async () =>
      [
        ...(await metrics.registry.metrics()).matchAll(
          /^ackline_events_forgotten_total\{result="(\w+)".*\} (\d+)$/gm,
        ),
      ]
        .map(([, result, value]) => `${result} ${value}`)
        .sort();
    assert.deepEqual(await shown(), ['failed 0', 'forgotten 0', 'left 0']);
    metrics.forgot('left', 3);
    assert.deepEqual(await shown(), ['failed 0', 'forgotten 0', 'left 3']);
  });
});
