import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  createSpanRecorder,
  MAX_WAITING_SPANS,
  type SpanRecord,
  type SpanRecorderDeps,
} from '../../src/tracing/span-recorder.ts';

const span = (n: number): SpanRecord => ({
  name: String(n),
  kind: 'internal',
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  parentId: null,
  startMs: 0,
  endMs: 1,
  attributes: {},
});

function recorder(send: SpanRecorderDeps['send']) {
  const troubles: unknown[] = [];
  const dropped = { count: 0 };
  const made = createSpanRecorder({
    send,
    onDropped: count => void (dropped.count += count),
    onTrouble: error => void troubles.push(error),
    everyMs: 1,
  });
  return { ...made, troubles, dropped };
}

const record = (to: { record(span: SpanRecord): void }, count: number) => {
  for (let n = 0; n < count; n += 1) to.record(span(n));
};

describe('a span recorder', () => {
  it('sends what it gets, once and in order, and what is left when it closes', async () => {
    const sent: string[] = [];
    const made = recorder(spans => Promise.resolve(void sent.push(...spans.map(({ name }) => name))));
    record(made, 1_000);
    await made.close(10_000);
    assert.deepEqual(
      sent,
      Array.from({ length: 1_000 }, (_, n) => String(n)),
    );
    assert.equal(made.dropped.count, 0);
  });

  it('sends what is less than a batch after its time', async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const made = recorder(spans => Promise.resolve(resolve(spans.length)));
    record(made, 3);
    // Its timer keeps no process alive, this one does.
    const alive = setInterval(() => undefined, 1_000);
    assert.equal(await promise, 3);
    clearInterval(alive);
    await made.close(0);
  });

  it('keeps so many for a collector that hangs, counts the others, and closes at its deadline', async () => {
    let asked = 0;
    const made = recorder(() => {
      asked += 1;
      return new Promise(() => undefined);
    });
    record(made, MAX_WAITING_SPANS + 500);
    assert.equal(made.dropped.count, 500 - 128, 'but for those that wait, and those under way');
    await made.close(1);
    assert.equal(asked, 1);
    assert.equal(made.dropped.count, MAX_WAITING_SPANS + 500);
    record(made, 1);
    assert.equal(made.dropped.count, MAX_WAITING_SPANS + 501);
  });

  it('counts what a failing collector did not take, and says once that it fails and once that it does not', async () => {
    let isAway = true;
    let taken = 0;
    const made = recorder(spans => {
      if (isAway) return Promise.reject(new Error('away'));
      taken += spans.length;
      return Promise.resolve();
    });
    const batches = async (count: number) => {
      for (let n = 0; n < count; n += 1) {
        record(made, 128);
        await new Promise(setImmediate);
      }
    };
    await batches(3);
    assert.equal(made.dropped.count, 384);
    isAway = false;
    await batches(2);
    assert.equal(taken, 256);
    assert.deepEqual(
      made.troubles.map(error => (error instanceof Error ? error.message : error)),
      ['away', null],
    );
    await made.close(0);
  });
});
