import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Counts what arrives, by chat, in the order of arrival. */
export interface CountingReceiver extends AsyncDisposable {
  readonly url: string;
  /** Update ids by chat, as they came; repeats stay. */
  readonly byChat: ReadonlyMap<number, readonly number[]>;
  /** How often each update came. */
  readonly counts: ReadonlyMap<number, number>;
}

export interface ReceiverOptions {
  /** Of an update that comes for the `count`th time. Default: 200. */
  readonly statusOf?: (updateId: number, count: number) => number;
  /** Before the answer, and behind the counting. Default: none. */
  readonly delayMs?: number;
}

export async function startCountingReceiver({
  statusOf = () => 200,
  delayMs = 0,
}: ReceiverOptions = {}): Promise<CountingReceiver> {
  const byChat = new Map<number, number[]>();
  const counts = new Map<number, number>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const update = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Update;
      const count = (counts.get(update.update_id) ?? 0) + 1;
      counts.set(update.update_id, count);
      const chat = byChat.get(update.message.chat.id) ?? [];
      chat.push(update.update_id);
      byChat.set(update.message.chat.id, chat);
      const answer = () => response.writeHead(statusOf(update.update_id, count)).end();
      if (delayMs === 0) answer();
      else setTimeout(answer, delayMs);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/updates`,
    byChat,
    counts,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export interface Update {
  readonly update_id: number;
  readonly message: { readonly chat: { readonly id: number } };
}
