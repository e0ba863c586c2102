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
import { isNamed, pairsFromRaw } from '@ackline/shared/headers';
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

/** Of these, without a request that is served: the rest is room for whoever sends, however many others leave idle. */
const UNSERVED_PART = 0.5;

/** From the answer to something that was no request until its connection is cut: a client that reads it has gone by then. */
const REFUSED_LINGER_MS = 1_000;

export interface PublicServer {
  readonly server: Server;
  readonly connections: Connections;
}

export interface PublicServerDeps {
  readonly app: RequestListener;
  /** Over it, new connections are closed at once, and those that are open go on. */
  readonly maxConnections?: number;
  /** Told of a request that was refused before it was one: the reason is one of few. */
  readonly onRefused: (reason: RefusedReason) => void;
}

type RefusedReason =
  | 'malformed_http'
  | 'slow_head'
  | 'large_head'
  | 'too_many_connections'
  | 'method_not_allowed'
  | 'expectation_failed';

/** The public port: node:http with its limits set, in front of the routes. */
export function createPublicServer(deps: PublicServerDeps): PublicServer {
  const { app, onRefused, maxConnections = MAX_CONNECTIONS } = deps;
  const server = createServer({
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_EVERY_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEAD_BYTES,
    // Asked by `hasOneHost`, whose answer has a body.
    requireHostHeader: false,
  });
  // 0 is no limit: Node drops what is over one in silence, and every header travels to the end (A3).
  server.maxHeadersCount = 0;
  server.maxConnections = maxConnections;
  // A process of several would give one over it back to the parent, which hands it out again, without end where all are full.
  Object.assign(server, { dropMaxConnection: true });
  // A client that ends its side after the request still reads its answer.
  Object.assign(server, { httpAllowHalfOpen: true });
  const maxUnserved = Math.max(1, Math.floor(maxConnections * UNSERVED_PART));
  const connections = createConnections(server, maxUnserved);
  const refused = new WeakSet<Socket>();
  const refuse = (socket: Socket, { code, reason }: Refusal) => {
    if (refused.has(socket)) return;
    refused.add(socket);
    onRefused(reason);
    refuseConnection(connections, socket, code);
  };

  const serve = (request: IncomingMessage, response: ServerResponse) => {
    if (refused.has(request.socket)) return; // behind the one that ends the connection: never accepted
    if (hasOneHost(request)) connections.serve(request, response, app);
    else refuse(request.socket, MALFORMED);
  };
  server.on('request', serve);
  // The body is asked for once the head was found to be good.
  server.on('checkContinue', serve);
  server.on('checkExpectation', ({ socket }) => refuse(socket, EXPECTATION_FAILED));
  server.on('connect', (_request, socket: Socket) => {
    // Node has taken its own listeners off: without one, a reset would end the process.
    socket.on('error', () => socket.destroy());
    refuse(socket, CONNECT_REFUSED);
  });
  server.on('drop', () => onRefused('too_many_connections'));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const refusal = refusalOf(error.code);
    if (
      refusal?.reason === 'slow_head' &&
      socket.bytesRead === 0 &&
      connections.size < maxConnections * UNSERVED_PART
    ) {
      // Opened ahead of its first request, as proxies do: it may be idle as long as any other, while there is room.
      if (socket.timeout !== KEEP_ALIVE_MS) socket.setTimeout(KEEP_ALIVE_MS);
    } else if (refusal === null || !socket.writable) socket.destroy();
    else refuse(socket, refusal);
  });
  return { server, connections };
}

/** RFC 9112, 3.2: none, or two of them, is answered 400; HTTP/1.0 knows none. */
function hasOneHost({ rawHeaders, httpVersion }: IncomingMessage): boolean {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (isNamed(rawHeaders[index] ?? '', 'host')) hosts += 1;
  }
  return hosts === 1 || (hosts === 0 && httpVersion === '1.0');
}

interface Refusal {
  readonly code: ErrorCode;
  readonly reason: RefusedReason;
}

const MALFORMED: Refusal = { code: 'ACKLINE_MALFORMED', reason: 'malformed_http' };
const EXPECTATION_FAILED: Refusal = { code: 'ACKLINE_EXPECTATION_FAILED', reason: 'expectation_failed' };
const CONNECT_REFUSED: Refusal = { code: 'ACKLINE_METHOD_NOT_ALLOWED', reason: 'method_not_allowed' };

/** null: the connection broke, and nobody is left to answer. */
function refusalOf(errorCode: string | undefined): Refusal | null {
  if (errorCode === 'ERR_HTTP_REQUEST_TIMEOUT') return { code: 'ACKLINE_BODY_TOO_SLOW', reason: 'slow_head' };
  if (errorCode === 'HPE_HEADER_OVERFLOW') return { code: 'ACKLINE_MALFORMED', reason: 'large_head' };
  return errorCode?.startsWith('HPE_') === true ? MALFORMED : null;
}

/** Ends the connection: after the answers of the whole requests before, or, where it then is still open, with one that says why. */
function refuseConnection(connections: Connections, socket: Socket, code: ErrorCode): void {
  const current = connections.current(socket);
  // Its head can no longer say that the connection closes. The next one that waited may be served after it.
  if (current?.headersSent === true) {
    current.once('close', () => refuseConnection(connections, socket, code));
    return;
  }
  if (current?.req.complete === true) {
    current.shouldKeepAlive = false;
    return;
  }
  if (socket.writable) socket.end(rawAnswer(code));
  setTimeout(() => socket.destroy(), REFUSED_LINGER_MS).unref();
}

/** An answer to bytes that were no request, in the form of all other answers. */
function rawAnswer(code: ErrorCode): string {
  const requestId = randomUUID();
  const answer = problemAnswer(code, requestId);
  const list = headerList(answer, { requestId, elapsedMs: 0, serverTiming: '', closes: true });
  const lines = pairsFromRaw(list).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n${lines.join('')}\r\n${answer.body}`;
}
