import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A request as it came over the wire. */
export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  /** In order, names as sent, duplicates kept. */
  readonly rawHeaders: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  readonly receivedAt: Date;
}

/** `hang` never answers; `reset` cuts the connection; else this answer, after `delayMs`. */
export type ScriptedAnswer =
  | { readonly hang: true }
  | { readonly reset: true }
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Buffer;
      readonly delayMs?: number;
    };

export interface ReceiverOptions {
  readonly port?: number;
  /** More requests than this are answered 507 and only counted in `overflow`. */
  readonly maxRequests?: number;
  /** Likewise for the bytes of all bodies together. */
  readonly maxTotalBytes?: number;
}

export interface FakeReceiver extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  readonly overflow: number;
  /** Answers for the next requests, in order; afterwards the standing answer again. */
  script(...answers: readonly ScriptedAnswer[]): void;
  /** From now on: one answer for every request, or a decision for each. Default: 200 without a body. */
  always(answer: ScriptedAnswer | ((request: ReceivedRequest) => ScriptedAnswer)): void;
  /** Forgets the recorded requests. */
  clear(): void;
  close(): Promise<void>;
}

const DEFAULT_MAX_REQUESTS = 100_000;
const DEFAULT_MAX_TOTAL_BYTES = 256 * 1024 * 1024;

/** A real HTTP server on 127.0.0.1 that keeps what it gets. */
export async function startFakeReceiver(options: ReceiverOptions = {}): Promise<FakeReceiver> {
  const maxRequests = options.maxRequests ?? DEFAULT_MAX_REQUESTS;
  const maxTotalBytes = options.maxTotalBytes ?? DEFAULT_MAX_TOTAL_BYTES;
  const requests: ReceivedRequest[] = [];
  const scripted: ScriptedAnswer[] = [];
  let standing: (request: ReceivedRequest) => ScriptedAnswer = () => ({ status: 200 });
  let totalBytes = 0;
  let overflow = 0;

  const handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(message, maxTotalBytes - totalBytes);
    if (body === null || requests.length >= maxRequests) {
      overflow++;
      response.writeHead(507).end();
      return;
    }
    totalBytes += body.length;
    const request = describeRequest(message, body);
    requests.push(request);
    await answer(response, scripted.shift() ?? standing(request));
  };
  const server = createServer((message, response) => {
    handle(message, response).catch(() => response.destroy());
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    requests,
    get overflow() {
      return overflow;
    },
    script: (...answers) => void scripted.push(...answers),
    always(next) {
      standing = typeof next === 'function' ? next : () => next;
    },
    clear() {
      requests.length = 0;
      totalBytes = 0;
      overflow = 0;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Null if it has more than `limitBytes`. */
async function readBody(message: IncomingMessage, limitBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= limitBytes) chunks.push(chunk);
  }
  return bytes <= limitBytes ? Buffer.concat(chunks) : null;
}

function describeRequest(message: IncomingMessage, body: Buffer): ReceivedRequest {
  const rawHeaders: [string, string][] = [];
  for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
    rawHeaders.push([message.rawHeaders[index] ?? '', message.rawHeaders[index + 1] ?? '']);
  }
  return { method: message.method ?? '', url: message.url ?? '', rawHeaders, body, receivedAt: new Date() };
}

async function answer(response: ServerResponse, scripted: ScriptedAnswer): Promise<void> {
  if ('hang' in scripted) return;
  if ('reset' in scripted) {
    response.socket?.resetAndDestroy();
    return;
  }
  if (scripted.delayMs !== undefined) await delay(scripted.delayMs);
  response.writeHead(scripted.status, scripted.headers).end(scripted.body);
}
