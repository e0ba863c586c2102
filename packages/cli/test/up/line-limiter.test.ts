import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLineLimiter } from '../../src/up/line-limiter.ts';

const LIMITS = { lines: 2, windowMs: 1_000, more: (count: number) => `${count} more` };

test('a flood becomes some lines and a count, and the next window begins anew', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const said: string[] = [];
  const limiter = createLineLimiter(text => said.push(text), LIMITS);
  for (const text of ['a', 'b', 'c', 'd']) limiter.line(text);
  assert.deepEqual(said, ['a', 'b']);
  t.mock.timers.tick(1_000);
  limiter.line('e');
  assert.deepEqual(said, ['a', 'b', '2 more', 'e']);
  limiter.flush();
});

test('what was kept back is said at the end', () => {
  const said: string[] = [];
  const limiter = createLineLimiter(text => said.push(text), LIMITS);
  for (const text of ['a', 'b', 'c']) limiter.line(text);
  limiter.flush();
  assert.deepEqual(said, ['a', 'b', '1 more']);
});
