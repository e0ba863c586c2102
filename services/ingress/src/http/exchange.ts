import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { headerList, type HttpAnswer, isAscii } from './answers.ts';
import type { Endpoint } from '../sources/source-table.ts';
import { PhaseClock } from './phase-clock.ts';
import type { RequestTrace } from './request-trace.ts';

/**
 * How long, and how much of, a body that nobody wants is still read after its answer. A proxy has all of it, up to its own limit
 * (above the 25 MiB of a source), and writes it at once: cut in the middle, it answers 502 in place of what it was told.
 */
const LINGER_MS = 1_000;
const LINGER_BYTES = 32 * 1_048_576;

/** One request and its answer. A class: there is one for each request, and its methods are then shared by all. */
export class Exchange {
  readonly requestId: string = randomUUID();
  readonly clock: PhaseClock = new PhaseClock();
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The connection ends with the answer, whatever else is. */
  closes = false;
  /** Once it is admitted, so that what throws later is known to be its source's. */
  endpoint: Endpoint | null = null;
  /** Once it is asked for; stays null without traces. */
  trace: RequestTrace | null = null;
  private readonly isDraining: () => boolean;

  constructor(request: IncomingMessage, response: ServerResponse, isDraining: () => boolean) {
    this.request = request;
    this.response = response;
    this.isDraining = isDraining;
  }

  /** True once no answer can reach the client. One that has only ended its own side still listens. */
  clientHasGone(): boolean {
    const { socket } = this.request;
    return socket.destroyed || socket.writableEnded;
  }

  /**
   * Answers; `bodyUnread` where the body was not, or not wholly, read. A promise only where the rest of a body is still to
   * be taken: it resolves when nothing more is to be done.
   */
  send(answer: HttpAnswer, bodyUnread = false): Promise<void> | undefined {
    const { request, response, clock } = this;
    if (response.headersSent || response.destroyed) return undefined;
    const comesBody = bodyUnread && hasBody(request);
    const facts = {
      requestId: this.requestId,
      elapsedMs: clock.elapsedMs(),
      serverTiming: clock.serverTiming(),
      closes: comesBody || this.closes || this.isDraining(),
    };
    response.writeHead(answer.status, headerList(answer, facts));
    if (!comesBody || expectsContinue(request)) {
      // ASCII is written as it lies in memory, in one piece with the head.
      response.end(answer.body, isAscii(answer.body) ? 'latin1' : 'utf8');
      return undefined;
    }
    // A connection that is closed while bytes are still coming is reset, and the reset can overtake the answer.
    response.write(answer.body);
    return discardBody(request).then(() => void response.end());
  }
}

export function openExchange(
  request: IncomingMessage,
  response: ServerResponse,
  isDraining: () => boolean,
): Exchange {
  return new Exchange(request, response, isDraining);
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
