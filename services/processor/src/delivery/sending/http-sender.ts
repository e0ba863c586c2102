import type { LookupFunction } from 'node:net';
import { retryAfterMs } from '@ackline/shared/retry-after';
import { Agent, errors } from 'undici';
import type { AttemptErrorClass, AttemptResult } from '../outcomes/outcome.ts';
import { readAnswer } from './read-answer.ts';

/** Idle connections are kept this long: shorter than common servers' 60 s, so that they rarely close first. */
const KEEP_ALIVE_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;

export interface OutboundRequest {
  readonly url: string;
  /** Flat: name, value, … */
  readonly headers: string[];
  readonly body: Uint8Array;
  /** Aborts the attempt: its time-out, or the end of the process. */
  readonly signal: AbortSignal;
}

/** Sends one request and never throws: whatever happened is the result. */
export type Sender = (request: OutboundRequest) => Promise<AttemptResult>;

export interface HttpSender {
  readonly send: Sender;
  /** Takes no more requests, and closes its connections as those that it has end. */
  retire(): void;
  close(): Promise<void>;
}

export interface HttpSenderOptions {
  /** Connections to the destination at most. */
  readonly connections: number;
  readonly lookup: LookupFunction;
}

/** A pool of keep-alive connections for one destination, so that a slow one takes no connection from another. Redirects are not followed. */
export function createHttpSender({ connections, lookup }: HttpSenderOptions): HttpSender {
  const agent = new Agent({
    connections,
    pipelining: 1,
    // An attempt that is cut takes its connection along; over HTTP/2 a dead one would serve the next attempts, for minutes.
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: { timeout: CONNECT_TIMEOUT_MS, lookup },
    // The attempt's own signal bounds the whole of it.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    async send(request) {
      try {
        const url = new URL(request.url);
        const { status, retryAfter, start } = await readAnswer(
          agent,
          {
            origin: url.origin,
            path: `${url.pathname}${url.search}`,
            method: 'POST',
            headers: request.headers,
            body: request.body,
          },
          request.signal,
        );
        return {
          kind: 'response',
          status,
          retryAfterMs: retryAfterMs(retryAfter, Date.now()),
          excerpt: toExcerpt(start),
        };
      } catch (error) {
        return { kind: 'error', errorClass: classify(error), ...systemCode(error) };
      }
    },
    retire: () => void agent.close().catch(() => undefined), // destroyed meanwhile: closed as well
    close: () => agent.destroy(),
  };
}

function toExcerpt(start: Buffer): string | null {
  if (start.length === 0) return null;
  // jsonb can't hold NUL; other control characters would garble a terminal.
  return start
    .toString('utf8')
    .replace(/\p{Cc}+/gu, ' ')
    .toWellFormed();
}

const CLASS_OF_CODE: Readonly<Record<string, AttemptErrorClass>> = {
  ECONNREFUSED: 'connect',
  EHOSTUNREACH: 'connect',
  ENETUNREACH: 'connect',
  UND_ERR_CONNECT_TIMEOUT: 'connect',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  EPROTO: 'tls',
  ACKLINE_KAFKA_TLS_FAILED: 'tls',
  UND_ERR_INVALID_ARG: 'unsendable',
  UND_ERR_SOCKET: 'reset',
};

/** Node's own codes, and OpenSSL's reasons against a certificate. */
const TLS_CODE = /^ERR_TLS|^ERR_SSL|^UNABLE_TO_|CERT/;

/** A name that Node, undici or OpenSSL gave, and nothing that could be text from outside. */
const SYSTEM_CODE = /^[A-Z][A-Z0-9_]{1,63}$/;

function systemCode(error: unknown): { systemCode?: string } {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && SYSTEM_CODE.test(code) ? { systemCode: code } : {};
}

/** The class that an error belongs to; an error's text may quote the URL, so it is not kept. */
export function classify(error: unknown): AttemptErrorClass {
  if (!(error instanceof Error)) return 'other';
  if (error.name === 'TimeoutError') return 'timeout';
  if (error.name === 'AbortError' || error instanceof errors.RequestAbortedError) return 'aborted';
  const code = 'code' in error ? String(error.code) : '';
  if (TLS_CODE.test(code)) return 'tls';
  return classOfCode(code) ?? 'other';
}

/** By the system's own word. */
export function classOfCode(code: string | null): AttemptErrorClass | null {
  return code === null ? null : (CLASS_OF_CODE[code] ?? null);
}
