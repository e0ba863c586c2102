import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Update } from '../counting-receiver.ts';

/** A receiver that answers 200 at once, and notes what came as a replay and what did not. */
export interface Arrivals extends AsyncDisposable {
  readonly url: string;
  /** When each live update came first, by `performance.now()`. */
  readonly live: ReadonlyMap<number, number>;
  /** How often each update came as a replay. */
  readonly replayed: ReadonlyMap<number, number>;
}

export async function startArrivals(): Promise<Arrivals> {
  const live = new Map<number, number>();
  const replayed = new Map<number, number>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { update_id: id } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Update;
      if (request.headers['webhook-replay'] === 'true') replayed.set(id, (replayed.get(id) ?? 0) + 1);
      else if (!live.has(id)) live.set(id, performance.now());
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/updates`,
    live,
    replayed,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
