import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { createFairShare } from '@ackline/shared/fair-share';
import { createBodyBuffer } from '../../src/http/body-buffer.ts';
import { type BodyRead, createBodyReader } from '../../src/http/read-body.ts';

const TIMES = { idleMs: 1_000, totalMs: 5_000 };
const SWEEP_MS = 100;

function bufferOf(maxBytes: number) {
  const budget = createFairShare(1_000_000);
  return createBodyBuffer({ owner: 'a', maxBytes, declaredBytes: null, budget });
}

/** A body that comes when the test says so, by a clock that the test moves. */
function reading(t: TestContext, maxBytes = 100) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const stream = new Readable({ read() {} });
  let result: BodyRead | null = null;
  const done = createBodyReader(SWEEP_MS)
    .read(stream, bufferOf(maxBytes), TIMES)
    .then(read => {
      result = read;
      return read;
    });
  const turn = () => new Promise(resolve => setImmediate(resolve));
  return {
    stream,
    done,
    result: () => result,
    async push(text: string | null) {
      stream.push(text);
      await turn();
    },
    async wait(ms: number) {
      t.mock.timers.tick(ms);
      await turn();
    },
  };
}

describe('createBodyReader', () => {
  it('gives the bytes once all of them are here', async t => {
    const body = reading(t);
    await body.push('one ');
    await body.push('two');
    await body.push(null);
    const read = await body.done;
    assert.ok(read.kind === 'read');
    assert.equal(read.body.toString(), 'one two');
  });

  it('waits a second for the first byte, and a second anew after each one', async t => {
    const body = reading(t);
    await body.wait(900);
    for (let count = 0; count < 4; count += 1) {
      await body.push('x');
      await body.wait(1_000);
    }
    assert.equal(body.result(), null);
    await body.wait(SWEEP_MS);
    assert.deepEqual(body.result(), { kind: 'too_slow' });
  });

  it('is over after five seconds, however steadily the bytes come', async t => {
    const body = reading(t);
    for (let count = 0; count < 10; count += 1) {
      await body.wait(500);
      await body.push('x');
    }
    assert.equal(body.result(), null);
    await body.wait(SWEEP_MS);
    assert.deepEqual(body.result(), { kind: 'too_slow' });
  });

  it('stops at the limit, and reads no further', async t => {
    const body = reading(t, 5);
    await body.push('123456');
    assert.deepEqual(await body.done, { kind: 'too_large' });
    assert.equal(body.stream.isPaused(), true);
    assert.equal(body.stream.listenerCount('data'), 0);
  });

  it('knows a client that goes before the end, and one that has gone before the start', async t => {
    const body = reading(t);
    await body.push('x');
    body.stream.destroy(new Error('aborted'));
    assert.deepEqual(await body.done, { kind: 'gone' });
    const gone = new Readable({ read() {} }).destroy();
    assert.deepEqual(await createBodyReader().read(gone, bufferOf(1), TIMES), { kind: 'gone' });
  });
});
