import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFlushableWork } from '../src/flushable-work.ts';

const turns = async () => {
  for (let n = 0; n < 5; n++) await new Promise<void>(resolve => setImmediate(resolve));
};
const FOR_EVER = new Promise<void>(() => undefined);

/** Does one piece after the other, each after a pause. */
function setUp(pauseEnds: Promise<void> = FOR_EVER) {
  const pieces: string[] = [];
  const done: string[] = [];
  /** Comes once nothing is left, and before the work has ended. */
  const late: string[] = [];
  let atOnce = 0;
  const work = createFlushableWork(
    () => pieces.length > 0,
    async () => {
      assert.equal(++atOnce, 1);
      while (pieces.length > 0) {
        if (!work.isFlushed) await work.pause(pauseEnds);
        done.push(...pieces.splice(0, 1));
      }
      add(...late.splice(0));
      await Promise.resolve();
      atOnce -= 1;
    },
  );
  const add = (...more: string[]) => {
    pieces.push(...more);
    work.start();
  };
  return { work, add, done, late };
}

describe('work that is flushed', () => {
  it('goes on by itself, once at a time, and again for what comes just as it ends', async () => {
    const { add, done, late } = setUp(Promise.resolve());
    late.push('c');
    add('a');
    add('b');
    assert.deepEqual(done, []);
    await turns();
    assert.deepEqual(done, ['a', 'b', 'c']);
  });

  it('ends the pause that it is in where it is hurried, and no later one', async () => {
    const { work, add, done } = setUp();
    work.hurry();
    add('a', 'b');
    await turns();
    assert.deepEqual(done, []);
    work.hurry();
    await turns();
    assert.deepEqual(done, ['a']);
  });

  it('pauses no more while somebody waits for its end, and does so afterwards', async () => {
    const { work, add, done } = setUp();
    await work.flush();
    add('a', 'b', 'c');
    await Promise.all([work.flush(), work.flush()]);
    assert.deepEqual(done, ['a', 'b', 'c']);
    add('d');
    await turns();
    assert.deepEqual([done.length, work.isFlushed], [3, false]);
  });
});
