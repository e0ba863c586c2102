import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { AppError } from '@ackline/shared/app-error';
import { type ErrorCode, errorCodes } from '@ackline/shared/error-codes';
import { PROBLEM_CONTENT_TYPE } from '@ackline/shared/problem';
import type { Registry } from 'prom-client';
import type { Component } from './component.ts';
import type { HealthRegistry } from './health.ts';
import type { RequestReport } from './request-report.ts';

/** Probes and scrapers send no body and few headers; anything slower or larger is not one of them. */
const REQUEST_TIMEOUT_MS = 5_000;
const MAX_HEADER_BYTES = 8_192;
/** A scraper, the probes and an operator, with room; more would be a mistake or an attack. */
const MAX_CONNECTIONS = 64;
/** What is still being answered when the server ends may take this long; then its connections are cut. */
const CLOSE_GRACE_MS = 1_000;

export interface OpsServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly registry: Pick<Registry, 'metrics' | 'contentType' | 'getMetricsAsJSON'>;
  readonly health: HealthRegistry;
  /** `/metrics` for who accepts JSON; without it, or where it gives null, everybody gets the text. */
  readonly report?: () => Promise<RequestReport | null>;
  /** The port that was bound. */
  onListening?(port: number): void;
}

export interface OpsServer extends Component {
  /**
   * Binds the port, so that a start fails when it is taken; `run` does it too where it was not done before.
   * Rejects with ACKLINE_PORT_IN_USE.
   */
  listen(): Promise<number>;
}

interface OpsAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly allow?: string;
}

/**
 * The operations port: `/metrics` (Prometheus text; a short report for who accepts JSON), `/metrics.json` (all of the metrics,
 * for a supervisor that merges several processes), `/livez`, `/readyz`, `/startupz`. GET and HEAD only; never bound to the public port.
 */
export function createOpsServer(options: OpsServerOptions): OpsServer {
  let server: Server | null = null;

  async function listen(): Promise<number> {
    const created = createServer(
      {
        requestTimeout: REQUEST_TIMEOUT_MS,
        headersTimeout: REQUEST_TIMEOUT_MS,
        maxHeaderSize: MAX_HEADER_BYTES,
      },
      (request, response) => void respond(options, request, response),
    );
    created.maxConnections = MAX_CONNECTIONS;
    const port = await bind(created, options.host, options.port, { exclusive: true });
    server = created;
    options.onListening?.(port);
    return port;
  }

  return {
    name: 'operations-server',
    listen,
    async run(signal) {
      if (server === null) await listen();
      const running = server;
      server = null;
      if (running !== null) await untilClosed(running, signal);
    },
  };
}

/**
 * Binds and gives the port; rejects with ACKLINE_PORT_IN_USE where another program holds it. In a worker of a cluster the
 * parent owns the socket and the workers share it, unless it is `exclusive`.
 */
export function bind(
  server: Server,
  host: string,
  port: number,
  { exclusive = false }: { readonly exclusive?: boolean } = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        taken
          ? new AppError('ACKLINE_PORT_IN_USE', `Port ${port} on ${host} is held by another program`, {
              cause: error,
            })
          : error,
      );
    };
    server.once('error', onError);
    server.listen({ host, port, exclusive }, () => {
      server.off('error', onError);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function untilClosed(server: Server, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('close', resolve);
    const close = () => {
      server.close();
      setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS).unref();
    };
    if (signal.aborted) close();
    else signal.addEventListener('abort', close, { once: true });
  });
}

async function respond(
  options: OpsServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.resume();
  const answer: OpsAnswer = await answerOf(options, request).catch(() =>
    problem('ACKLINE_INTERNAL', 500, 'The metrics could not be read'),
  );
  response.writeHead(answer.status, {
    'content-type': answer.contentType,
    'content-length': Buffer.byteLength(answer.body),
    'cache-control': 'no-cache',
    ...(answer.allow === undefined ? {} : { allow: answer.allow }),
  });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

async function answerOf(options: OpsServerOptions, request: IncomingMessage): Promise<OpsAnswer> {
  const { registry, health } = options;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return {
      ...problem('ACKLINE_METHOD_NOT_ALLOWED', 405, 'The operations port takes GET and HEAD only'),
      allow: 'GET, HEAD',
    };
  }
  const path = request.url?.split('?', 1)[0] ?? '';
  switch (path) {
    case '/metrics':
      return metricsAnswer(options, request);
    case '/metrics.json':
      return json(200, await registry.getMetricsAsJSON());
    case '/livez':
      return json(200, { status: 'ok' });
    case '/readyz': {
      const snapshot = health.snapshot();
      return json(snapshot.ready ? 200 : 503, snapshot);
    }
    case '/startupz': {
      const { started } = health.snapshot();
      return json(started ? 200 : 503, { started });
    }
    default:
      return problem(
        'ACKLINE_NOT_FOUND',
        404,
        'The operations port has /metrics, /metrics.json, /livez, /readyz and /startupz',
      );
  }
}

async function metricsAnswer(
  { registry, report }: OpsServerOptions,
  request: IncomingMessage,
): Promise<OpsAnswer> {
  const reported = acceptsJson(request) ? await report?.() : null;
  if (reported !== null && reported !== undefined) return json(200, reported);
  return { status: 200, contentType: registry.contentType, body: await registry.metrics() };
}

/** Prometheus names its text formats, and never this. */
function acceptsJson(request: IncomingMessage): boolean {
  return request.headers.accept?.toLowerCase().includes('application/json') === true;
}

function json(status: number, value: unknown): OpsAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify(value) };
}

/** As problem+json on the public port, but with the words of this port, which has no request ids. */
function problem(code: ErrorCode, status: number, detail: string): OpsAnswer {
  const body = { type: `urn:ackline:error:${code}`, title: errorCodes[code].title, status, detail, code };
  return { status, contentType: PROBLEM_CONTENT_TYPE, body: JSON.stringify(body) };
}
