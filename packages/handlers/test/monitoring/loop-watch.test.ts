import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { waitFor } from '@ackline/testkit/wait-for';
import { watchLoop } from '../../src/monitoring/loop-watch.ts';

const BLOCK_MS = 300;

function block(): void {
  const endsAt = performance.now() + BLOCK_MS;
  while (performance.now() < endsAt);
}

describe('the watch on an event loop', () => {
  it('knows for how long it did not turn, for a window and the one after it', async () => {
    const clock = { ms: 0 };
    const read = watchLoop(() => clock.ms);
    await new Promise(resolve => setTimeout(resolve, 120)); // its first look is behind it
    block();
    await waitFor(() => read().blockedMs >= BLOCK_MS / 2);
    assert.ok(read().busy > 0);
    clock.ms += 60_000;
    read();
    assert.ok(read().blockedMs >= BLOCK_MS / 2, 'of the window before');
    clock.ms += 60_000;
    read();
    clock.ms += 60_000;
    read();
    assert.ok(read().blockedMs < BLOCK_MS / 2);
  });
});
