import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFairShare } from '@ackline/shared/fair-share';
import { createBodyBuffer } from '../../src/http/body-buffer.ts';

function bufferOf(maxBytes: number, declaredBytes: number | null = null, budgetBytes = 1_000_000) {
  const budget = createFairShare(budgetBytes);
  return { budget, buffer: createBodyBuffer({ owner: 'a', maxBytes, declaredBytes, budget }) };
}

describe('createBodyBuffer', () => {
  it('keeps the bytes of any pieces in order', () => {
    const { buffer } = bufferOf(100_000);
    const whole = Buffer.from(Array.from({ length: 50_000 }, (_, index) => index % 251));
    for (let at = 0; at < whole.length; at += 777)
      assert.equal(buffer.add(whole.subarray(at, at + 777)), 'added');
    assert.deepEqual(buffer.bytes(), whole);
  });

  it('takes exactly the limit, and not a byte more', () => {
    const { buffer } = bufferOf(10);
    assert.equal(buffer.add(Buffer.alloc(10)), 'added');
    assert.equal(buffer.add(Buffer.alloc(1)), 'too_large');
    assert.equal(buffer.bytes().length, 10);
  });

  it('takes no memory for a length that was only declared', () => {
    const { buffer, budget } = bufferOf(1_000_000, 900_000);
    assert.equal(budget.taken, 0);
    buffer.add(Buffer.alloc(10));
    assert.ok(budget.taken < 20_000);
  });

  it('takes no more memory than the declared length', () => {
    const { buffer, budget } = bufferOf(1_000_000, 20_000);
    for (let count = 0; count < 20; count += 1) buffer.add(Buffer.alloc(1_000));
    assert.equal(budget.taken, 20_000);
  });

  it('takes the memory of a declared body once, when a third of it has come', () => {
    const { buffer, budget } = bufferOf(1_000_000, 48_000);
    const grown = [16_000, 16_000, 16_000].map(bytes => {
      buffer.add(Buffer.alloc(bytes));
      return budget.taken;
    });
    assert.deepEqual(grown, [48_000, 48_000, 48_000]);
  });

  it('is empty when nothing was added', () => {
    assert.equal(bufferOf(10).buffer.bytes().length, 0);
  });

  it('keeps a body that comes in one piece where it is', () => {
    const { buffer, budget } = bufferOf(1_000, 700);
    const chunk = Buffer.alloc(700, 1);
    assert.equal(buffer.add(chunk), 'added');
    assert.equal(buffer.bytes().buffer, chunk.buffer);
    assert.equal(budget.taken, 700);
    assert.equal(buffer.add(Buffer.alloc(1)), 'too_large');
    buffer.release();
    assert.equal(budget.taken, 0);
  });

  it('leaves room for another source, however much one sends', () => {
    const budget = createFairShare(100_000);
    const flood = Array.from({ length: 200 }, () =>
      createBodyBuffer({ owner: 'flooding', maxBytes: 1_000, declaredBytes: 1_000, budget }),
    );
    const refused = flood.filter(buffer => buffer.add(Buffer.alloc(1_000)) === 'over_budget');
    assert.ok(refused.length >= 100);
    const other = createBodyBuffer({ owner: 'quiet', maxBytes: 10_000, declaredBytes: 10_000, budget });
    assert.equal(other.add(Buffer.alloc(10_000)), 'added');
    for (const buffer of [...flood, other]) buffer.release();
    assert.equal(budget.taken, 0);
  });

  it('stops at the budget that all bodies share, and gives everything back once', () => {
    const budget = createFairShare(30_000);
    const first = createBodyBuffer({ owner: 'a', maxBytes: 100_000, declaredBytes: null, budget });
    const second = createBodyBuffer({ owner: 'a', maxBytes: 100_000, declaredBytes: null, budget });
    assert.equal(first.add(Buffer.alloc(16_000)), 'added');
    assert.equal(second.add(Buffer.alloc(16_000)), 'over_budget');
    first.release();
    first.release();
    assert.equal(budget.taken, 0);
    assert.equal(second.add(Buffer.alloc(16_000)), 'added');
    second.release();
    assert.equal(budget.taken, 0);
  });
});
