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
    // Again where its first look was not behind it.
    await waitFor(() => {
      if (read().blockedMs >= BLOCK_MS / 2) return true;
      block();
      return false;
    });
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
