import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRefusals } from '../../src/storing/refusals.ts';

describe('the health of storing', () => {
  it('is not well, with the reason, while the store refuses every event, and well again once it stops', () => {
    let now = 0;
    const refusals = createRefusals(() => now);
    assert.deepEqual(refusals.state(), { ok: true });
    refusals.refused('SQLSTATE 23514');
    now = 14_000;
    assert.deepEqual(refusals.state(), { ok: false, detail: 'SQLSTATE 23514' });
    refusals.refused('SQLSTATE 23514');
    now = 28_000;
    assert.equal(refusals.state().ok, false);
    now = 30_000;
    assert.deepEqual(refusals.state(), { ok: true });
  });
});
