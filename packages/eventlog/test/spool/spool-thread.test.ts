import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it, mock } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { createSpoolThread } from '../../src/spool/spool-thread.ts';
import { code } from './spool-fixture.ts';

/** A thread in a call to a disk that never returns: it answers nothing and can not be ended. */
class HungWorker extends EventEmitter {
  readonly posted: unknown[] = [];
  postMessage(message: unknown): void {
    this.posted.push(message);
  }
  ref(): void {}
  unref(): void {}
  terminate(): Promise<number> {
    return new Promise(() => undefined);
  }
}

function harness() {
  const workers: HungWorker[] = [];
  const ended: string[] = [];
  const thread = createSpoolThread({
    data: { directory: '/nowhere', allowEphemeral: true },
    onReply: () => undefined,
    onEnd: detail => void ended.push(detail),
    startWorker() {
      const worker = new HungWorker();
      workers.push(worker);
      return worker as unknown as Worker;
    },
  });
  return { thread, workers, ended };
}

describe('spool thread', () => {
  it('closes within its limit when the disk never answers, and fails what waits', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const { thread } = harness();
      const waiting = assert.rejects(
        thread.request({ kind: 'adopt', files: [] }),
        code('ACKLINE_NOT_DURABLE'),
      );
      const closing = thread.close();
      mock.timers.tick(5_000);
      await closing;
      await waiting;
    } finally {
      mock.timers.reset();
    }
  });

  it('that can not start is a spool that is away, and no end of the process', async () => {
    const ended: string[] = [];
    const thread = createSpoolThread({
      data: { directory: '/nowhere', allowEphemeral: true },
      onReply: () => undefined,
      onEnd: detail => void ended.push(detail),
      startWorker() {
        throw new Error('no thread');
      },
    });
    await assert.rejects(thread.request({ kind: 'adopt', files: [] }), code('ACKLINE_NOT_DURABLE'));
    assert.deepEqual(ended, ['the worker thread can not start: no thread']);
    assert.equal(thread.isRunning, false);
  });

  it('rests only while it owes no answer', () => {
    const { thread, workers } = harness();
    assert.equal(thread.rest(), false, 'there is none');
    thread.request({ kind: 'adopt', files: [] }).catch(() => undefined);
    assert.equal(thread.rest(), false);
    assert.equal(workers[0]?.posted.length, 1);
  });
});
