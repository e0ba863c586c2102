import { findProcess } from '@ackline/embedded-postgres/process-table';
import { END_LIMIT_MS } from '@ackline/runtime/drain';
import { setTimeout as delay } from 'node:timers/promises';
import type { UpState } from '../data-directory/up-state.ts';

const POLL_MS = 100;

/**
 * Waits until the services of an `up` that was killed have ended: they drain by themselves, and until then they hold their
 * ports. One that outlives its own deadline is killed. A process id that another program has by now is left alone.
 */
export async function endLeftovers(
  state: UpState,
  entries: readonly string[],
  say: (text: string) => void,
): Promise<void> {
  const left = [];
  for (const pid of Object.values(state.services)) if (await isOurs(pid, entries)) left.push(pid);
  if (left.length === 0) return;
  say(`waiting for the services of the start that was killed to end (process ${left.join(', ')})`);
  const deadline = performance.now() + END_LIMIT_MS;
  for (const pid of left) {
    while (await isOurs(pid, entries)) {
      if (performance.now() > deadline) process.kill(pid, 'SIGKILL');
      await delay(POLL_MS);
    }
  }
}

async function isOurs(pid: number, entries: readonly string[]): Promise<boolean> {
  const found = await findProcess(pid);
  return found !== null && entries.some(entry => found.command.includes(entry));
}
