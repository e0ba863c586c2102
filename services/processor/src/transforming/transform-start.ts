import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nextOf } from './next-answer.ts';
import type { FailedStart, StartReports } from './start-reports.ts';

/** Of V8's old generation: an event of 1 MiB is some 20 MB as values, and so may be what is made of it. */
const HEAP_MB = 96;
/**
 * Of writable memory, used or not: V8 has reserved 600 MB of it when it has started. It takes a text of any length beside its
 * own limit (`$pad` with 500 million); then the kernel says no, and the process ends.
 */
const MEMORY_KB = 1_000_000;
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

export interface StarterOptions {
  readonly starts: StartReports;
  /** Of processor time. */
  readonly lifeSeconds: number;
  /** The program that runs it. */
  readonly nodePath?: string | undefined;
}

/** Starts one process after the other, within the limits that the system has. */
export interface Starter {
  /** Resolves once it is ready; null: it did not start, or the last one did not a moment ago. */
  start(): Promise<ChildProcess | null>;
}

export function createStarter(options: StarterOptions): Starter {
  const { starts, lifeSeconds, nodePath = process.execPath } = options;
  const canBeLimited = process.platform !== 'win32' && existsSync(SHELL);
  let isLimited = canBeLimited;
  let hasStarted = false;
  let startsAfter = 0;
  return {
    async start() {
      if (performance.now() < startsAfter) return null;
      const start = await launch(nodePath, isLimited ? lifeSeconds : null);
      if (start.kind === 'started') {
        hasStarted = true;
        starts.succeeded();
        return start.child;
      }
      startsAfter = performance.now() + RESTART_WAIT_MS;
      starts.failed({ limited: isLimited, ...start.why });
      // A system on which V8 does not come up within the kernel's limit: its own is left. Where it does not come up at all, both again.
      if (!hasStarted && MEMORY_SIGNALS.has(start.why.signal)) isLimited = canBeLimited && !isLimited;
      return null;
    },
  };
}

type Start =
  | { readonly kind: 'started'; readonly child: ChildProcess }
  | { readonly kind: 'failed'; readonly why: Omit<FailedStart, 'limited'> };

/** Never rejects: a fork that gets no memory is thrown, one that gets no process id is told by the child's own event. */
async function launch(nodePath: string, lifeSeconds: number | null): Promise<Start> {
  let child: ChildProcess;
  try {
    child = spawned(nodePath, lifeSeconds);
  } catch (error) {
    return { kind: 'failed', why: { signal: null, isLate: false, error } };
  }
  const first = await nextOf(child, START_LIMIT_MS);
  if (first.kind === 'answer') return { kind: 'started', child };
  child.kill('SIGKILL');
  const { signal, error } = first.kind === 'exit' ? first : NO_END;
  return { kind: 'failed', why: { signal, isLate: first.kind === 'timeout', error } };
}

const NO_END = { signal: null, error: undefined };

/** In a session of its own: Ctrl-C at a terminal is for the processor, which drains. */
function spawned(nodePath: string, lifeSeconds: number | null): ChildProcess {
  const options = {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'] as ('ignore' | 'ipc')[],
    serialization: 'advanced' as const,
    detached: true,
    env: {},
  };
  const child =
    lifeSeconds === null
      ? spawn(nodePath, NODE_ARGUMENTS, options)
      : spawn(SHELL, ['-c', limited(lifeSeconds), nodePath, ...NODE_ARGUMENTS], options);
  // What could not be sent, or a start that failed: its end tells.
  child.on('error', () => undefined);
  child.unref();
  child.channel?.unref();
  return child;
}
