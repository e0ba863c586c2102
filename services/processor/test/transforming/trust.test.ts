import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TransformResult } from '../../src/transforming/transform-job.ts';
import { createTrust, type Trust } from '../../src/transforming/trust.ts';

const A = { route: 'r', tenant: 'a' };
const B = { route: 'r', tenant: 'b' };
const NEW = { route: 'r', tenant: 'new' };
const ELSEWHERE = { route: 'other', tenant: 'a' };

const WELL: TransformResult = { kind: 'done', body: new Uint8Array() };
const ERROR: TransformResult = { kind: 'failed', reason: 'error', detail: null };
const TOO_LONG: TransformResult = { kind: 'failed', reason: 'timeout', detail: null };
const BUSY: TransformResult = { kind: 'busy' };

function after(flow: typeof A, results: readonly TransformResult[], trust: Trust = createTrust()): Trust {
  for (const result of results) trust.note(flow, result);
  return trust;
}

describe('the trust in flows (X6)', () => {
  for (const bad of [
    TOO_LONG,
    { kind: 'failed', reason: 'memory', detail: null },
    { kind: 'killed' },
  ] satisfies TransformResult[]) {
    it(`is lost by one job that ends with ${bad.kind === 'killed' ? bad.kind : bad.reason}, and come back to after twenty that end well`, () => {
      const trust = after(A, [bad]);
      assert.ok(trust.isApart(A));
      after(A, Array<TransformResult>(19).fill(ERROR), trust);
      after(A, [BUSY], trust);
      assert.ok(trust.isApart(A));
      after(A, [WELL], trust);
      assert.ok(!trust.isApart(A));
      after(A, [WELL, bad], trust);
      assert.ok(trust.isApart(A));
    });
  }

  it('of a tenant that has done well on the route outlives what another does there', () => {
    const trust = after(B, [WELL]);
    after(A, [TOO_LONG, TOO_LONG], trust);
    assert.deepEqual([trust.isApart(A), trust.isApart(B), trust.isApart(ELSEWHERE)], [true, false, false]);
  });

  it('is there for new tenants of a route until it is bad for one, and then after one that ends well', () => {
    const trust = createTrust();
    assert.ok(!trust.isApart(NEW));
    after(A, [TOO_LONG], trust);
    assert.ok(trust.isApart(NEW), 'the expression may be bad for all');
    after(NEW, [ERROR], trust);
    assert.ok(!trust.isApart(NEW));
    after(A, Array<TransformResult>(20).fill(WELL), trust);
    assert.ok(!trust.isApart(B), 'nobody is bad any more');
  });

  it('is remembered of so many routes', () => {
    const trust = createTrust(2);
    after(A, [TOO_LONG], trust);
    after(ELSEWHERE, [WELL], trust);
    assert.ok(trust.isApart(A));
    after({ route: 'third', tenant: 'a' }, [WELL], trust);
    assert.ok(!trust.isApart(A));
  });
});
