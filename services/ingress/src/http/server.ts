import { randomUUID } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';
import type { ErrorCode } from '@ackline/shared/error-codes';
import { pairsFromRaw } from '@ackline/shared/headers';
import { headerList, problemAnswer } from './answers.ts';
import { type Connections, createConnections } from './connections.ts';

/** The head of a request fits one packet or two: what takes longer holds a connection for nothing. */
const HEADERS_TIMEOUT_MS = 5_000;
/** Backstop over the whole request; the limits of a body (1 s and 5 s) end a slow one before. */
const REQUEST_TIMEOUT_MS = 15_000;
/** How often the two are looked at; Node's own 30 s would let a slow head live ten times its limit. */
const CHECK_EVERY_MS = 1_000;
/** Over the 60 s of common load balancers: they must be the first to close an idle connection, or a request meets a closed one. */
const KEEP_ALIVE_MS = 65_000;
/** Twice what providers and the proxies before us send. */
const MAX_HEAD_BYTES = 16_384;
/** More than the providers of one process open; each costs a file descriptor, and there are 1024 at least by default, 65536 in a container. */
const MAX_CONNECTIONS = 4_096;

export interface PublicServer {
  readonly server: Server;
  readonly connections: Connections;
}

export interface PublicServerDeps {
  readonly app: RequestListener;
  /** Told of a request that was refused before it was one: the reason is one of few. */
  readonly onRefused: (
    reason: 'malformed_http' | 'slow_head' | 'large_head' | 'too_many_connections',
  ) => void;
}

/** The public port: node:http with its limits set, in front of the Express app. */
export function createPublicServer({ app, onRefused }: PublicServerDeps): PublicServer {
  const server = createServer({
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_EVERY_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEAD_BYTES,
  });
  // 0 is no limit: Node drops what is over one in silence, and every header travels to the end (A3).
  server.maxHeadersCount = 0;
  server.maxConnections = MAX_CONNECTIONS;
  const connections = createConnections(server);

  const serve = (request: IncomingMessage, response: ServerResponse) => {
    connections.serve(request, response, app);
  };
  server.on('request', serve);
  // The body is asked for once the head was found to be good.
  server.on('checkContinue', serve);
  server.on('drop', () => onRefused('too_many_connections'));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const refusal = refusalOf(error.code);
    if (refusal === null || !socket.writable) {
      socket.destroy();
      return;
    }
    onRefused(refusal.reason);
    // An answer that has begun can't be followed by another one.
    if (connections.current(socket)?.headersSent === true) socket.destroy();
    else socket.end(rawAnswer(refusal.code));
  });
  return { server, connections };
}

interface Refusal {
  readonly code: ErrorCode;
  readonly reason: 'malformed_http' | 'slow_head' | 'large_head';
}

/** null: the connection broke, and nobody is left to answer. */
function refusalOf(errorCode: string | undefined): Refusal | null {
  if (errorCode === 'ERR_HTTP_REQUEST_TIMEOUT') return { code: 'ACKLINE_BODY_TOO_SLOW', reason: 'slow_head' };
  if (errorCode === 'HPE_HEADER_OVERFLOW') return { code: 'ACKLINE_MALFORMED', reason: 'large_head' };
  return errorCode?.startsWith('HPE_') === true
    ? { code: 'ACKLINE_MALFORMED', reason: 'malformed_http' }
    : null;
}

/** An answer to bytes that were no request, in the form of all other answers. */
function rawAnswer(code: ErrorCode): string {
  const requestId = randomUUID();
  const answer = problemAnswer(code, requestId);
  const list = headerList(answer, { requestId, elapsedMs: 0, serverTiming: '', closes: true });
  const lines = pairsFromRaw(list).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n${lines.join('')}\r\n${answer.body}`;
}
