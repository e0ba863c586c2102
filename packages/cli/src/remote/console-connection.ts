import { type ConsoleClient, createConsoleClient } from '@ackline/console-client/client';
import { AppError } from '@ackline/shared/app-error';
import { printable } from '@ackline/shared/printable';
import { Agent, type Dispatcher } from 'undici';
import type { ConsoleTarget } from './console-target.ts';

const CONNECT_LIMIT_MS = 5_000;
/** Of an answer nothing comes for so long: the network is gone, and nobody says so. The console's own looks take 2 s. */
const SILENCE_LIMIT_MS = 20_000;
/** The stream has a heartbeat every 15 s. */
const STREAM_SILENCE_MS = 40_000;

export interface ConsoleConnection extends AsyncDisposable {
  readonly client: ConsoleClient;
  readonly url: string;
  /** The answer of a stream, which goes on until `signal` ends it. */
  openStream(path: string, query: URLSearchParams, signal: AbortSignal): Promise<Dispatcher.ResponseData>;
}

/** Connections that notice when the network is gone. `stop` ends what is under way. Rejections of calls are of undici. */
export function connectConsole({ url, token }: ConsoleTarget, stop?: AbortSignal): ConsoleConnection {
  const agent = new Agent({
    connect: { timeout: CONNECT_LIMIT_MS },
    headersTimeout: SILENCE_LIMIT_MS,
    bodyTimeout: SILENCE_LIMIT_MS,
  });
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  return {
    url,
    client: createConsoleClient({
      url,
      ...(token === null ? {} : { token }),
      fetch: request => send(agent, request, stop),
    }),
    openStream: (path, query, signal) =>
      agent.request({
        origin: new URL(url).origin,
        path: `${new URL(url).pathname.replace(/\/$/, '')}${path}?${query.toString()}`,
        method: 'GET',
        headers: authorization,
        bodyTimeout: STREAM_SILENCE_MS,
        signal,
      }),
    async [Symbol.asyncDispose]() {
      await agent.destroy();
    },
  };
}

/** Bodies of answers have 8 MiB in base64, of one event 25 MiB: more is no answer of a console. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** With these connections: the fetch of Node would take its own, which wait for minutes. */
async function send(agent: Agent, request: Request, stop: AbortSignal | undefined): Promise<Response> {
  const url = new URL(request.url);
  const text = await request.text();
  const { statusCode, headers, body } = await agent.request({
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: request.method as Dispatcher.HttpMethod,
    headers: Object.fromEntries(request.headers),
    body: text === '' ? null : text,
    ...(stop === undefined ? {} : { signal: stop }),
  });
  const type = headers['content-type'];
  return new Response(await readBounded(body), {
    status: statusCode,
    headers: { 'content-type': typeof type === 'string' ? type : 'text/plain' },
  });
}

async function readBounded(body: AsyncIterable<Uint8Array>): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new AppError('ACKLINE_CONSOLE_UNKNOWN', 'Its answer has no end');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** In a word or two, for who waits for it. */
export function whyAway(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code !== '') return printable(code);
  return error instanceof Error ? printable(error.message) : 'no answer';
}
