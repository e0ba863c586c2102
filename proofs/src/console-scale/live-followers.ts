import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Follow } from './follow.ts';

export interface Followers extends AsyncDisposable {
  /** Events that all of them got together. */
  seen(): Promise<number>;
}

/** Clients that follow the live stream and read all of it. Resolves once all of them do. */
export async function startFollowers(follow: Follow): Promise<Followers> {
  const worker = new Worker(new URL('./follow.ts', import.meta.url), { workerData: follow });
  // A thread that fails throws here, by `once`, or in whoever asks next.
  const answer = async (): Promise<number> => {
    const [seen] = await once(worker, 'message');
    return Number(seen);
  };
  await answer();
  return {
    seen() {
      worker.postMessage(null);
      return answer();
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}
