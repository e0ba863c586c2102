/**
 * A process of its own for expressions, since nothing less bounds them (docs/decisions/0014-transforms.md):
 *
 * X1. An expression that takes too long ends with its process, which is killed: no other code of it can prevent that.
 * X2. One that takes too much memory ends with its process: V8's own limit, and for what passes that the kernel's.
 * X3. Whatever ends the process ends the job that it had, and no other; the next one starts another process.
 * X4. The process ends with its parent: idle, since the channel closes; at work, when its processor time is used up.
 */
import type { ChildProcess } from 'node:child_process';
import { nextOf } from './next-answer.ts';
import type { ProcessResult, TransformJob } from './transform-job.ts';
import { createStarter, type StarterOptions } from './transform-start.ts';

/** Of processor time, for all of its life: what runs on when its parent was killed ends by it. */
const LIFE_SECONDS = 60;
/** Of that, in jobs: then a process is replaced between two of them, so that none is cut short. */
const SPENT_PART = 0.5;

export interface TransformProcess {
  /**
   * One at a time. Never rejects. `killed`: by its own limits, by a kernel that is short of memory, or by a person, which look the
   * same. `fresh`: in a process that had no other job.
   */
  run(job: TransformJob, options: { readonly fresh: boolean }): Promise<ProcessResult>;
  close(): void;
}

export interface TransformProcessOptions extends Omit<StarterOptions, 'lifeSeconds'> {
  readonly lifeSeconds?: number | undefined;
}

export function createTransformProcess(options: TransformProcessOptions): TransformProcess {
  const { lifeSeconds = LIFE_SECONDS } = options;
  const starter = createStarter({ ...options, lifeSeconds });
  let child: ChildProcess | null = null;
  let isClosed = false;
  let usedMs = 0;
  let isFresh = true;

  function end(): void {
    child?.kill('SIGKILL');
    child = null;
  }

  async function started(fresh: boolean): Promise<ChildProcess | null> {
    if (usedMs > lifeSeconds * 1_000 * SPENT_PART || (fresh && !isFresh)) end(); // (X4)
    if (child !== null) return child;
    usedMs = 0;
    isFresh = true;
    const made = await starter.start();
    if (made === null) return null;
    if (isClosed) {
      made.kill('SIGKILL');
      return null;
    }
    made.once('exit', () => {
      if (child === made) child = null;
    });
    child = made;
    return made;
  }

  return {
    async run({ transform, event }, { fresh }) {
      const working = await started(fresh);
      if (working === null) return { kind: 'busy' };
      const wasFresh = isFresh;
      isFresh = false;
      const startedMs = performance.now();
      working.send({ expression: transform.jsonata, event });
      const next = await nextOf(working, transform.timeoutMs);
      usedMs += performance.now() - startedMs;
      if (next.kind === 'answer' && next.answer !== 'ready') return next.answer;
      end(); // (X1)
      if (next.kind === 'exit') return { kind: 'killed', wasFresh }; // (X2, X3)
      return { kind: 'failed', reason: 'timeout', detail: null };
    },
    close() {
      isClosed = true;
      end();
    },
  };
}
