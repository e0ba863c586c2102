import { fork } from 'node:child_process';
import { once } from 'node:events';
import { NODE_ARGUMENTS } from '@ackline/runtime/node-arguments';
import type { Follow } from './follow.ts';

export interface Followers extends AsyncDisposable {
  /** Events that all of them got together. */
  seen(): Promise<number>;
}

/** Clients that follow the live stream and read all of it. Resolves once all of them do. */
export async function startFollowers(follow: Follow): Promise<Followers> {
  const child = fork(new URL('./follow.ts', import.meta.url), { execArgv: [...NODE_ARGUMENTS] });
  const ended = once(child, 'exit');
  const ask = async (what: Follow | 'seen'): Promise<number> => {
    const answered = once(child, 'message');
    child.send(what);
    const [seen] = await Promise.race([
      answered,
      ended.then(([code]) => {
        throw new Error(`the followers ended with ${String(code)}`);
      }),
    ]);
    return Number(seen);
  };
  await ask(follow);
  return {
    seen: () => ask('seen'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
