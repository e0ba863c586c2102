import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AppError } from '@ackline/shared/app-error';
import type { Finding } from '@ackline/shared/config/finding';
import { addressOf } from '@ackline/shared/config/destination-address';
import type { AcklineConfig, DestinationConfig } from '@ackline/shared/config/types';
import { printable } from '@ackline/shared/printable';
import { formatBytes } from '../output/units.ts';
import { createLineLimiter } from './line-limiter.ts';
import { isFree, nameHolder, portError } from './ports.ts';

const HOST = '127.0.0.1';
const SAMPLE_PATH = '/sample';
/** A newcomer reads some lines; a load test must not be slowed by its terminal. */
const LINES_PER_WINDOW = 10;
const WINDOW_MS = 1_000;
/** More than the destination's concurrency ever opens by itself. */
const MAX_CONNECTIONS = 256;
/** A delivery's body is at most this long; it is counted and dropped. */
const MAX_BODY_BYTES = 26 * 1024 * 1024;
const REQUEST_LIMIT_MS = 30_000;

/** The port of the destination that names the sample receiver; null where none does. */
export function findSamplePort(config: AcklineConfig): number | null {
  const destination = config.destinations.find(isSampleReceiver);
  return destination === undefined ? null : Number(new URL(addressOf(destination)).port);
}

function isSampleReceiver(destination: DestinationConfig): boolean {
  const url = URL.parse(addressOf(destination));
  return (
    url?.protocol === 'http:' && url.hostname === HOST && url.pathname === SAMPLE_PATH && url.port !== ''
  );
}

/** What production refuses: its address would take no delivery there, each would fail, wait and be parked. */
export function sampleFindings(config: AcklineConfig): Finding[] {
  return config.destinations.flatMap((destination, index) =>
    isSampleReceiver(destination)
      ? [
          {
            path: ['destinations', index, 'url'],
            message: `destination ${destination.name} (${addressOf(destination)}) is the sample receiver, which does not run in production`,
          },
        ]
      : [],
  );
}

/** Rejects with ACKLINE_PORT_IN_USE where the port is taken just now: asked before anything is started. */
export async function checkSamplePort(port: number): Promise<void> {
  if (!(await isFree(HOST, port))) throw await sampleError(port);
}

async function sampleError(port: number): Promise<AppError> {
  return portError(
    'The sample receiver (choose another port in its destination in ackline.yaml)',
    port,
    await nameHolder(port),
  );
}

/** Answers every delivery 200 and says one line of it, so that a newcomer sees one arrive. Rejects with ACKLINE_PORT_IN_USE. */
export async function startSampleReceiver(
  port: number,
  say: (line: string) => void,
): Promise<AsyncDisposable> {
  const limiter = createLineLimiter(say, {
    lines: LINES_PER_WINDOW,
    windowMs: WINDOW_MS,
    more: count => `sample receiver: ${count} more deliveries`,
  });
  const server = createServer({ requestTimeout: REQUEST_LIMIT_MS }, (request, response) => {
    receive(request, response, line => limiter.line(line)).catch(() => response.destroy());
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.listen({ host: HOST, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    throw await sampleError(port);
  }
  return {
    async [Symbol.asyncDispose]() {
      limiter.flush();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function receive(
  request: IncomingMessage,
  response: ServerResponse,
  say: (line: string) => void,
): Promise<void> {
  if (request.method !== 'POST' || request.url?.split('?', 1)[0] !== SAMPLE_PATH) {
    request.resume();
    response.writeHead(404).end();
    return;
  }
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      response.writeHead(413, { connection: 'close' }).end();
      return;
    }
  }
  response.writeHead(200).end();
  say(`sample receiver: delivery ${headerText(request, 'webhook-id')} arrived (${formatBytes(bytes)})`);
}

function headerText(request: IncomingMessage, name: string): string {
  const value = request.headers[`ackline-${name}`] ?? request.headers[name];
  return printable(String(value ?? 'without an id')).slice(0, 80);
}
