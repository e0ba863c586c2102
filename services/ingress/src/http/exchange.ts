import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { commonHeaders, type HttpAnswer } from './answers.ts';

/** How long, and how much of, a body that nobody wants is still read after its answer. */
const LINGER_MS = 1_000;
const LINGER_BYTES = 1_048_576;

/** One request and its answer. */
export interface Exchange {
  readonly requestId: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  elapsedMs(): number;
  /** True once no answer can reach the client. */
  clientHasGone(): boolean;
  /** Answers; `bodyUnread` where the body was not, or not wholly, read. Resolves when nothing more is to be done. */
  send(answer: HttpAnswer, options?: { readonly bodyUnread?: boolean }): Promise<void>;
}

export function openExchange(
  request: IncomingMessage,
  response: ServerResponse,
  isDraining: () => boolean,
): Exchange {
  const startedAt = performance.now();
  const requestId = randomUUID();
  const elapsedMs = () => performance.now() - startedAt;
  return {
    requestId,
    request,
    response,
    elapsedMs,
    clientHasGone: () => request.socket.destroyed || request.socket.writableEnded,
    async send(answer, { bodyUnread = false } = {}) {
      if (response.headersSent || response.destroyed) return;
      const comesBody = bodyUnread && hasBody(request);
      const facts = { requestId, elapsedMs: elapsedMs(), closes: comesBody || isDraining() };
      response.writeHead(answer.status, commonHeaders(answer, facts));
      if (!comesBody || expectsContinue(request)) {
        response.end(answer.body);
        return;
      }
      // A connection that is closed while bytes are still coming is reset, and the reset can overtake the answer.
      response.write(answer.body);
      await discardBody(request);
      response.end();
    },
  };
}

export function expectsContinue(request: IncomingMessage): boolean {
  return request.headers.expect?.toLowerCase() === '100-continue';
}

function hasBody(request: IncomingMessage): boolean {
  return (
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  );
}

function discardBody(request: IncomingMessage): Promise<void> {
  return new Promise(resolve => {
    let bytes = 0;
    const done = () => {
      clearTimeout(timer);
      request.off('data', onData).off('end', done).off('close', done);
      resolve();
    };
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > LINGER_BYTES) done();
    };
    const timer = setTimeout(done, LINGER_MS);
    request.on('error', () => undefined);
    request.on('data', onData).on('end', done).on('close', done);
    if (request.destroyed || request.readableEnded) done();
    else request.resume();
  });
}
