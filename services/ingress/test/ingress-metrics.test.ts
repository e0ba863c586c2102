import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMetrics } from '@ackline/runtime/metrics';
import { createIngressMetrics, NO_SOURCE } from '../src/ingress-metrics.ts';

describe('the rejects of the ingress', () => {
  it('have the one that alerts ask for from none on, also of a source that a reload adds', async () => {
    const registry = createMetrics({ service: 'ingress', processMetrics: false });
    let names = ['telegram'];
    const metrics = createIngressMetrics(registry, {
      configured: () => names.map(name => ({ name, secrets: [] })),
      secretsOf: () => [],
    });
    const shown = async () =>
      [...(await registry.metrics()).matchAll(/^ackline_ingress_rejects_total\{(.*),service.* (\d+)$/gm)].map(
        ([, labels, value]) => `${labels} ${value}`,
      );
    assert.deepEqual(await shown(), ['source="telegram",reason="not_durable" 0']);
    names = ['crm'];
    metrics.rejected('crm', 'not_durable');
    metrics.rejected('crm', 'malformed');
    metrics.rejected('crm', 'malformed');
    metrics.rejected(NO_SOURCE, 'too_many');
    assert.deepEqual(await shown(), [
      'source="crm",reason="not_durable" 1',
      'source="crm",reason="malformed" 2',
      'source="none",reason="too_many" 1',
    ]);
    names = ['telegram', 'crm'];
    assert.deepEqual((await shown())[0], 'source="telegram",reason="not_durable" 0');
  });
});
