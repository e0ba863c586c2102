import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSuspects } from '../../src/transforming/suspects.ts';
import type { ProcessResult, TransformJob } from '../../src/transforming/transform-job.ts';
import { sampleEvent } from '../events.ts';

const job = (delivery: string, jsonata = 'body'): TransformJob => ({
  delivery,
  route: 'r',
  transform: { jsonata, timeoutMs: 1_000 },
  event: sampleEvent(),
});
const killed = (wasFresh: boolean): ProcessResult => ({ kind: 'killed', wasFresh });
const MEMORY = { kind: 'failed', reason: 'memory', detail: null };
const AGAIN = { kind: 'killed' };

describe('a delivery whose process was ended', () => {
  it('is the cause once it has ended two processes that were started for it', () => {
    const suspects = createSuspects();
    assert.equal(suspects.has(job('a')), false);
    assert.deepEqual(suspects.judge(job('a'), killed(true)), AGAIN);
    assert.equal(suspects.has(job('a')), true);
    assert.deepEqual(suspects.judge(job('a'), { kind: 'busy' }), { kind: 'busy' }); // that says nothing
    assert.deepEqual(suspects.judge(job('a'), killed(true)), MEMORY);
    assert.deepEqual(suspects.judge(job('a'), killed(true)), AGAIN); // sent again by a person
  });

  it('is not the cause where the process had other jobs before it, however often', () => {
    const suspects = createSuspects();
    for (let n = 0; n < 5; n++) assert.deepEqual(suspects.judge(job('a'), killed(false)), AGAIN);
    assert.equal(suspects.has(job('a')), true);
  });

  it('does not answer for another, nor for an expression that it had before', () => {
    const suspects = createSuspects();
    assert.deepEqual(suspects.judge(job('a'), killed(true)), AGAIN);
    assert.deepEqual(suspects.judge(job('b'), killed(true)), AGAIN);
    assert.deepEqual(suspects.judge(job('a', 'body.n'), killed(true)), AGAIN);
  });

  it('has a clean name again once a process has come to an end with it', () => {
    const suspects = createSuspects();
    suspects.judge(job('a'), killed(true));
    suspects.judge(job('a'), { kind: 'done', body: Buffer.from('1') });
    assert.equal(suspects.has(job('a')), false);
    assert.deepEqual(suspects.judge(job('a'), killed(true)), AGAIN);
  });

  it('is remembered while there are not too many', () => {
    const suspects = createSuspects(2);
    for (const delivery of ['a', 'b', 'a', 'c']) suspects.judge(job(delivery), killed(false));
    assert.deepEqual(
      ['a', 'b', 'c'].map(delivery => suspects.has(job(delivery))),
      [true, false, true],
    );
  });
});
