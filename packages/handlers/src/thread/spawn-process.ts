import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const NODE_ARGUMENTS = [
  '--max-old-space-size=64', // of its main thread, which only passes on
  '--max-semi-space-size=4',
  fileURLToPath(new URL('./process-main.ts', import.meta.url)),
];
const SHELL = '/bin/sh';
/** No file of memory is left behind (it would hold events), and where memory is short the kernel ends this process first. */
const PRELUDE = `ulimit -c 0
[ -w /proc/self/oom_score_adj ] && echo 1000 > /proc/self/oom_score_adj
exec "$0" "$@"`;

/**
 * The process of a destination's threads, which waits for its `ProcessStart`. In a session of its own: Ctrl-C at a terminal is for the
 * processor, which drains. Throws where the system has no memory for another process.
 */
export function spawnProcess(environment: Readonly<Record<string, string>>): ChildProcess {
  const options = {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'] as ('ignore' | 'ipc')[],
    serialization: 'advanced' as const,
    detached: true,
    env: environment,
  };
  const canBeLimited = process.platform !== 'win32' && existsSync(SHELL);
  return canBeLimited
    ? spawn(SHELL, ['-c', PRELUDE, process.execPath, ...NODE_ARGUMENTS], options)
    : spawn(process.execPath, NODE_ARGUMENTS, options);
}
