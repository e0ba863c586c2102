import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplayTotals } from '@ackline/store/replay-totals';
import { Registry } from 'prom-client';
import { createMetricFactory } from '@ackline/runtime/metric-factory';
import { createReplayMetrics } from '../../src/replaying/replay-metrics.ts';

const TOTALS: ReplayTotals = {
  state: 'running',
  replays: 2,
  counted: 100,
  left: 25,
  skipped: 5,
  underWay: 8,
  retrying: 2,
  parkedAgain: 3,
  delivered: 56,
  discarded: 1,
};

test('replays are told by their state and what became of their deliveries, and go with the last of them', async () => {
  const registry = new Registry();
  const metrics = createReplayMetrics(createMetricFactory(registry));
  metrics.replays([TOTALS, { ...TOTALS, state: 'stopped' }]);
  const text = await registry.metrics();
  for (const [result, count] of Object.entries({
    left: 25,
    skipped: 5,
    under_way: 8,
    retrying: 2,
    parked: 3,
    delivered: 56,
    discarded: 1,
  })) {
    assert.ok(text.includes(`ackline_replay_items{state="running",result="${result}"} ${count}\n`), result);
  }
  assert.match(text, /ackline_replay_progress_ratio\{state="running"\} 0\.75\n/);
  assert.doesNotMatch(text, /progress_ratio\{state="stopped"/);
  metrics.replays([]);
  assert.doesNotMatch(await registry.metrics(), /\{state=/);
});
