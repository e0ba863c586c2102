/**
 * A process of its own for expressions, since nothing less bounds them (docs/decisions/0014-transforms.md):
 *
 * X1. An expression that takes too long ends with its process, which is killed: no other code of it can prevent that.
 * X2. One that takes too much memory ends with its process: V8's own limit, and for what passes that the kernel's.
 * X3. Whatever ends the process ends the job that it had, and no other; the next one starts another process.
 * X4. The process ends with its parent: idle, since the channel closes; at work, when its processor time is used up.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Logger } from '@ackline/runtime/logger';
import type { ProcessResult, TransformAnswer, TransformJob } from './transform-job.ts';

/** Of V8's old generation: an event of 1 MiB is some 20 MB as values, and so may be what is made of it. */
const HEAP_MB = 96;
/**
 * Of writable memory, used or not: V8 has reserved 600 MB of it when it has started. It takes a text of any length beside its
 * own limit (`$pad` with 500 million); then the kernel says no, and the process ends.
 */
const MEMORY_KB = 1_000_000;
/** Of processor time, for all of its life: what runs on when its parent was killed ends by it. */
const LIFE_SECONDS = 60;
/** Of that, in jobs: then a process is replaced between two of them, so that none is cut short. */
const SPENT_PART = 0.5;
/** A start takes 0.1 s, and some seconds on a machine that is busy. */
const START_LIMIT_MS = 20_000;
/** After a start that failed. */
const RESTART_WAIT_MS = 1_000;
/** What V8 ends with where it gets no memory. */
const MEMORY_SIGNALS: ReadonlySet<string | null> = new Set([
  'SIGABRT',
  'SIGTRAP',
  'SIGSEGV',
  'SIGBUS',
  'SIGILL',
]);

const SHELL = '/bin/sh';
/** No file of memory is left behind (it would hold events), and where memory is short the kernel ends this process first. */
const limited = (lifeSeconds: number) => `ulimit -c 0; ulimit -d ${MEMORY_KB}; ulimit -t ${lifeSeconds}
[ -w /proc/self/oom_score_adj ] && echo 1000 > /proc/self/oom_score_adj
exec "$0" "$@"`;

const NODE_ARGUMENTS = [
  `--max-old-space-size=${HEAP_MB}`,
  '--max-semi-space-size=8',
  '--single-threaded-gc', // so that it uses no more processor time than time
  fileURLToPath(new URL('./transform-child.ts', import.meta.url)),
];

export interface TransformProcess {
  /**
   * One at a time. Never rejects. `killed`: by its own limits, by a kernel that is short of memory, or by a person, which look the
   * same. `fresh`: in a process that had no other job.
   */
  run(job: TransformJob, options: { readonly fresh: boolean }): Promise<ProcessResult>;
  close(): void;
}

export interface TransformProcessOptions {
  readonly log: Logger;
  readonly lifeSeconds?: number;
}

export function createTransformProcess(options: TransformProcessOptions): TransformProcess {
  const { log, lifeSeconds = LIFE_SECONDS } = options;
  let child: ChildProcess | null = null;
  let isLimited = process.platform !== 'win32' && existsSync(SHELL);
  let hasStarted = false;
  let isClosed = false;
  let startsAfter = 0;
  let usedMs = 0;
  let isFresh = true;

  function end(): void {
    child?.kill('SIGKILL');
    child = null;
  }

  async function started(fresh: boolean): Promise<ChildProcess | null> {
    if (usedMs > lifeSeconds * 1_000 * SPENT_PART || (fresh && !isFresh)) end(); // (X4)
    if (child !== null) return child;
    if (performance.now() < startsAfter) return null;
    usedMs = 0;
    isFresh = true;
    const made = launch(isLimited ? lifeSeconds : null);
    const first = await nextOf(made, START_LIMIT_MS);
    if (first.kind === 'answer' && !isClosed) {
      made.once('exit', () => {
        if (child === made) child = null;
      });
      child = made;
      hasStarted = true;
      return made;
    }
    made.kill('SIGKILL');
    if (isClosed) return null;
    startsAfter = performance.now() + RESTART_WAIT_MS;
    log.error({ limited: isLimited, ...first }, 'transform.start-failed');
    // A system on which V8 does not come up within the kernel's limit: its own is left.
    if (!hasStarted && first.kind === 'exit' && MEMORY_SIGNALS.has(first.signal)) isLimited = false;
    return null;
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

/** In a session of its own: Ctrl-C at a terminal is for the processor, which drains. */
function launch(lifeSeconds: number | null): ChildProcess {
  const options = {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'] as ('ignore' | 'ipc')[],
    serialization: 'advanced' as const,
    detached: true,
    env: {},
  };
  const child =
    lifeSeconds === null
      ? spawn(process.execPath, NODE_ARGUMENTS, options)
      : spawn(SHELL, ['-c', limited(lifeSeconds), process.execPath, ...NODE_ARGUMENTS], options);
  // What could not be sent, or a start that failed: its end tells.
  child.on('error', () => undefined);
  child.unref();
  child.channel?.unref();
  return child;
}

type Next =
  | { readonly kind: 'answer'; readonly answer: TransformAnswer }
  | { readonly kind: 'exit'; readonly signal: string | null }
  | { readonly kind: 'timeout' };

function nextOf(child: ChildProcess, limitMs: number): Promise<Next> {
  return new Promise(resolve => {
    const settle = (next: Next) => {
      clearTimeout(timer);
      child.off('message', onMessage).off('exit', onExit).off('error', onError);
      resolve(next);
    };
    const onMessage = (answer: unknown) => settle({ kind: 'answer', answer: answer as TransformAnswer });
    const onExit = (_: number | null, signal: string | null) => settle({ kind: 'exit', signal });
    const onError = () => settle({ kind: 'exit', signal: null });
    // Where this process stood still, the answer is there already and only not read: one turn to do so.
    const timer = setTimeout(
      () => setImmediate(() => setImmediate(() => settle({ kind: 'timeout' }))),
      limitMs,
    );
    child.on('message', onMessage).on('exit', onExit).on('error', onError);
  });
}
