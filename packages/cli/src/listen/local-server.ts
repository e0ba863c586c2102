import type { ConsoleSchemas } from '@ackline/console-client/client';
import type { HeaderPairs } from '@ackline/shared/envelope';
import { outboundHeaders } from '@ackline/shared/outbound-headers';
import { printable } from '@ackline/shared/printable';
import { Agent, type Dispatcher } from 'undici';
import type { ListenTarget } from './target-url.ts';

export type PulledEvent = ConsoleSchemas['PulledEvents']['items'][number];
export type PulledPayload = NonNullable<PulledEvent['payload']>;

/** What the server of the developer made of it. */
export type Answer =
  | { readonly kind: 'answered'; readonly status: number; readonly ms: number }
  /** There is no answer: the event is still to be sent. */
  | { readonly kind: 'away'; readonly why: string }
  /** It is no request that HTTP can carry, and never will be. */
  | { readonly kind: 'unsendable'; readonly why: string };

export interface LocalServer extends AsyncDisposable {
  /** Never rejects. */
  send(event: PulledEvent, payload: PulledPayload, options: SendOptions): Promise<Answer>;
}

export interface SendOptions {
  /** A person sends it again. */
  readonly isAgain: boolean;
  readonly stop: AbortSignal;
}

const CONNECT_LIMIT_MS = 5_000;
/** Long enough for whoever stands in a debugger; then the server is taken for one that is away. */
const ANSWER_LIMIT_MS = 600_000;
/** A development server is restarted all the time: what is idle for longer may be dead. */
const KEEP_ALIVE_MS = 2_000;

export function createLocalServer(target: ListenTarget): LocalServer {
  const agent = new Agent({
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: { timeout: CONNECT_LIMIT_MS },
    headersTimeout: ANSWER_LIMIT_MS,
    bodyTimeout: ANSWER_LIMIT_MS,
  });
  return {
    async send(event, payload, { isAgain, stop }) {
      const startedAt = performance.now();
      try {
        const { statusCode, body } = await agent.request({
          ...requestOf(event, payload, { target, isAgain }),
          signal: stop,
        });
        await body.dump();
        return { kind: 'answered', status: statusCode, ms: performance.now() - startedAt };
      } catch (error) {
        const why = whyOf(error);
        return { kind: why === 'UND_ERR_INVALID_ARG' ? 'unsendable' : 'away', why };
      }
    },
    async [Symbol.asyncDispose]() {
      await agent.destroy();
    },
  };
}

function requestOf(
  event: PulledEvent,
  payload: PulledPayload,
  { target, isAgain }: { readonly target: ListenTarget; readonly isAgain: boolean },
) {
  const url = target.urlOf(payload.url);
  const body = Buffer.from(payload.bodyBase64, 'base64');
  return {
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: payload.method as Dispatcher.HttpMethod,
    headers: localHeaders(event, payload, isAgain),
    body: body.length === 0 ? null : body,
  };
}

/** Those that a delivery has, but for a signature: the secrets of destinations stay where they are. Flat: name, value, … */
export function localHeaders(event: PulledEvent, payload: PulledPayload, isAgain: boolean): string[] {
  return outboundHeaders({
    deliveryId: event.id,
    url: payload.url,
    headers: payload.headers as HeaderPairs,
    body: Buffer.alloc(0), // only a signature is of it
    isTransformed: false,
    replay: isAgain,
    signingSecret: null,
    now: new Date(),
  });
}

function whyOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  // Node says it of several addresses at once, `localhost` has two.
  if (code !== '') return printable(code);
  return error instanceof Error ? printable(error.message) : 'no answer';
}
