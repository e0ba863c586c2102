import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRequirements, type RequirementResult } from '../../src/bench/requirements.ts';

const TIMING = 'admit;dur=1, read;dur=1, verify;dur=60, identify;dur=1, append;dur=500';
const answer = { outcome: 200, ms: 100, serverTiming: null, isRepeat: false } as const;

function resultOf(results: readonly RequirementResult[], words: string): RequirementResult {
  const found = results.find(({ text }) => text.includes(words));
  assert.ok(found !== undefined, words);
  return found;
}

test('each requirement is met by what took no longer, by its own clock', () => {
  const requirements = createRequirements();
  requirements.observe({ ...answer, serverTiming: TIMING });
  requirements.observe({ ...answer, ms: 2_001 });
  const results = requirements.results();
  const judged = (words: string) => {
    const { count, missed, averageMs, maxMs } = resultOf(results, words);
    return [count, missed, averageMs, maxMs];
  };
  assert.deepEqual(judged('2.1'), [2, 1, 1_050.5, 2_001]);
  assert.deepEqual(judged('Phase 2'), [2, 1, 1_050.5, 2_001]);
  assert.deepEqual(judged('2.2'), [1, 1, 563, 563]);
  assert.deepEqual(judged('2.6'), [1, 1, 60, 60]);
  assert.deepEqual(judged('Phase 1'), [1, 0, 63, 63]);
});

test('what has no 2xx misses the requirement, however quick it was, and its time is none', () => {
  const requirements = createRequirements();
  requirements.observe({ ...answer, outcome: 401, ms: 1, serverTiming: 'verify;dur=1' });
  requirements.observe({ ...answer, outcome: 'ECONNREFUSED', ms: 1 });
  const { count, missed, averageMs, maxMs } = resultOf(requirements.results(), '2.1');
  assert.deepEqual([count, missed, averageMs, maxMs], [2, 2, 0, 0]);
  assert.equal(resultOf(requirements.results(), '2.6').count, 0);
});

test('repeats are judged as cached, and those without an append are counted', () => {
  const requirements = createRequirements();
  const isCached = ({ text }: RequirementResult) => text.startsWith('Cached');
  assert.ok(!requirements.results().some(isCached), 'nothing was repeated');
  const timing = 'verify;dur=1, identify;dur=1';
  requirements.observe({ ...answer, serverTiming: timing });
  requirements.observe({ ...answer, ms: 20, serverTiming: timing, isRepeat: true });
  requirements.observe({ ...answer, ms: 40, serverTiming: TIMING, isRepeat: true });
  const cached = requirements.results().find(isCached);
  assert.deepEqual([cached?.count, cached?.missed, cached?.averageMs], [2, 1, 30]);
  assert.equal(requirements.fromCache, 1);
});
