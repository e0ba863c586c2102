import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobResult } from '../../src/thread/protocol.ts';
import { createSuspects } from '../../src/thread/suspects.ts';

const ended = (kind: 'done' | 'timeout' | 'interrupted' | 'busy' | 'aborted', isSuspect: boolean) => ({
  result: { kind } as JobResult,
  isSuspect,
});

describe('deliveries that may have ended a thread', () => {
  it('are suspect until one of their tries ends without it', () => {
    const suspects = createSuspects();
    suspects.note('a', ended('interrupted', true));
    for (const kind of ['busy', 'aborted', 'interrupted'] as const) suspects.note('a', ended(kind, false));
    assert.equal(suspects.has('a'), true);
    suspects.note('a', ended('timeout', true));
    assert.equal(suspects.has('a'), true);
    suspects.note('a', ended('done', false));
    assert.equal(suspects.has('a'), false);
  });

  it('are bounded in number: the first are forgotten', () => {
    const suspects = createSuspects(2);
    for (const delivery of ['a', 'b', 'a', 'c']) suspects.note(delivery, ended('timeout', true));
    assert.deepEqual(
      ['a', 'b', 'c'].map(one => suspects.has(one)),
      [true, false, true],
    );
  });
});
