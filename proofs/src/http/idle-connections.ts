import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { isAccepted, startPacedLoad } from '../paced-load.ts';
import { percentile } from '../telegram-load.ts';

export interface IdleFigures {
  /** Connections that were open at once. */
  readonly opened: number;
  readonly requests: number;
  readonly accepted: number;
  readonly p99: number;
  /** Milliseconds until the server had ended all that never sent anything; null: some were open at the limit. */
  readonly endedMs: number | null;
}

/** At once they would overflow the kernel's queue of new connections. */
const AT_A_TIME = 100;
const LOAD_MS = 3_000;
const RATE = 50;
const END_LIMIT_MS = 90_000;
const POLL_MS = 100;
const FIRST_ID = 300_000_000;

/** Opens connections that say nothing, sends webhooks beside them, and waits until the server has ended them all. */
export async function idleConnections(url: string, count: number): Promise<IdleFigures> {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  let opened = 0;
  const openOne = (): Promise<void> =>
    new Promise(resolve => {
      const socket = connect(Number(port), hostname);
      socket.once('connect', () => {
        opened += 1;
        resolve();
      });
      socket.once('error', () => resolve());
      socket.once('close', () => open.delete(socket));
      socket.resume();
      open.add(socket);
    });
  for (let made = 0; made < count; made += AT_A_TIME) {
    await Promise.all(Array.from({ length: Math.min(AT_A_TIME, count - made) }, openOne));
  }
  const from = performance.now();
  const load = startPacedLoad({
    url,
    firstId: FIRST_ID,
    rate: RATE,
    chats: 50,
    resends: false,
    repeatEvery: 0,
  });
  await delay(LOAD_MS);
  await load.finish(0);
  while (open.size > 0 && performance.now() - from < END_LIMIT_MS) await delay(POLL_MS);
  const endedMs = open.size > 0 ? null : performance.now() - from;
  for (const socket of open) socket.destroy();
  return {
    opened,
    requests: load.attempts.length,
    accepted: load.attempts.filter(({ status }) => isAccepted(status)).length,
    p99: percentile(
      load.attempts.map(({ ms }) => ms),
      0.99,
    ),
    endedMs,
  };
}
