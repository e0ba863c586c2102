import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createGate } from '../src/gate.ts';

describe('a gate', () => {
  it('lets so many in at a time, the others in turn, and stays open after a failure', async () => {
    const gate = createGate(2);
    const holds = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
    const entered: number[] = [];
    const works = holds.map((hold, n) =>
      gate(async () => {
        entered.push(n);
        await hold.promise;
      }),
    );
    assert.deepEqual(entered, [0, 1]);
    holds[1]!.reject(new Error('failed'));
    await assert.rejects(works[1]!);
    assert.deepEqual(entered, [0, 1, 2]);
    for (const n of [0, 2, 3]) holds[n]!.resolve();
    await Promise.all([works[0], works[2], works[3]]);
    assert.deepEqual(entered, [0, 1, 2, 3]);
    assert.equal(await gate(() => Promise.resolve('again')), 'again');
  });
});
