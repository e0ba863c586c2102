import { join } from 'node:path';
import { peerFolder } from '../install.ts';
import { type RunningProgram, startProgram } from '../program.ts';

export interface NullReceiver extends AsyncDisposable {
  readonly url: string;
  /** Requests that it has answered. */
  count(): Promise<number>;
}

/** A server in a process of its own that answers 200 to all. */
export async function startNullReceiver(directory: string): Promise<NullReceiver> {
  const stage = { brokers: '', topic: '', databaseUrl: '', directory };
  const running: RunningProgram = await startProgram(
    (_stage, port) =>
      Promise.resolve({
        command: process.execPath,
        args: [join(peerFolder('null-receiver'), 'server.mjs')],
        env: { BENCH_PORT: String(port) },
        readyUrl: `http://127.0.0.1:${port}/count`,
      }),
    stage,
  );
  const url = `http://127.0.0.1:${running.port}`;
  return {
    url,
    async count() {
      running.assertRuns();
      const response = await fetch(`${url}/count`);
      return ((await response.json()) as { count: number }).count;
    },
    [Symbol.asyncDispose]: () => running.stop(),
  };
}
