import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createKeyLanes } from '../../src/listen/key-lanes.ts';

interface Item {
  readonly key: string;
  readonly n: number;
}

function lanes(atATime: number) {
  const running = new Map<Item, () => void>();
  const order: string[] = [];
  let most = 0;
  const { add } = createKeyLanes<Item>(atATime, async item => {
    const { promise, resolve } = Promise.withResolvers<void>();
    running.set(item, resolve);
    order.push(`${item.key}${item.n}`);
    most = Math.max(most, running.size);
    await promise;
  });
  return {
    add: (key: string, n: number) => add(key, { key, n }),
    order,
    most: () => most,
    async end(name: string) {
      for (const [item, resolve] of running) {
        if (`${item.key}${item.n}` !== name) continue;
        running.delete(item);
        resolve();
      }
      await turn();
    },
  };
}

describe('lanes of keys (FW2)', () => {
  it('one of a key begins once the one before it has ended, and other keys do not wait for it', async () => {
    const work = lanes(10);
    for (const [key, n] of [
      ['a', 1],
      ['a', 2],
      ['b', 1],
      ['a', 3],
    ] as const)
      work.add(key, n);
    assert.deepEqual(work.order, ['a1', 'b1']);
    await work.end('b1');
    work.add('b', 2);
    assert.deepEqual(work.order, ['a1', 'b1', 'b2']);
    await work.end('a1');
    await work.end('a2');
    assert.deepEqual(work.order, ['a1', 'b1', 'b2', 'a2', 'a3']);
  });

  it('no more than so many are at work, and a key with much work takes turns with the others', async () => {
    const work = lanes(2);
    for (let n = 1; n <= 3; n++) for (const key of ['a', 'b', 'c']) work.add(key, n);
    for (let n = 0; n < 9; n++) await work.end(work.order[n]!);
    assert.equal(work.most(), 2);
    assert.equal(work.order.length, 9);
    assert.ok(work.order.indexOf('c1') < work.order.indexOf('a3'), work.order.join(' '));
  });
});
