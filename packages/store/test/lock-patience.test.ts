import assert from 'node:assert/strict';
import { it } from 'node:test';
import { lockWaitMs, LONGEST_LOCK_WAIT_MS } from '@ackline/store/lock-patience';

it('a lock is waited for twice as long each time, and never so long that live work fails behind it', () => {
  const waits = Array.from({ length: 7 }, (_, tries) => lockWaitMs(tries));
  assert.deepEqual(waits, [100, 200, 400, 800, 1_600, 2_000, 2_000]);
  assert.equal(lockWaitMs(10_000), LONGEST_LOCK_WAIT_MS);
});
