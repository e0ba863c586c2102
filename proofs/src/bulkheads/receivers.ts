import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Update } from '../counting-receiver.ts';
import { BAD_NAMES, type BadName } from './judge-bulkheads.ts';

/** One receiver for each destination: `fine` answers 200 at once, `fails` and `stuck` 503 at once, `hangs` never. */
export interface Receivers extends AsyncDisposable {
  urlOf(name: BadName | 'fine'): string;
  /** When each update came first to `fine`, by `performance.now()`. */
  readonly arrivals: ReadonlyMap<number, number>;
  /** So far, of each bad one. */
  readonly requests: Readonly<Record<BadName, number>>;
  /** Requests that `hangs` has without an answer. */
  readonly hanging: number;
  /** Answers these with 503. */
  release(): void;
}

export async function startReceivers(): Promise<Receivers> {
  const arrivals = new Map<number, number>();
  const requests: Record<BadName, number> = { hangs: 0, fails: 0, stuck: 0 };
  const hanging = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const name = BAD_NAMES.find(one => request.url === `/${one}`);
      if (name === undefined) {
        const { update_id: id } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Update;
        if (!arrivals.has(id)) arrivals.set(id, performance.now());
        response.end();
        return;
      }
      requests[name] += 1;
      if (name !== 'hangs') {
        response.writeHead(503).end();
        return;
      }
      hanging.add(response);
      response.on('close', () => hanging.delete(response));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    urlOf: name => `http://127.0.0.1:${port}/${name}`,
    arrivals,
    requests,
    get hanging() {
      return hanging.size;
    },
    release() {
      for (const response of hanging) response.writeHead(503).end();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
