import { randomUUID } from 'node:crypto';
import { lookup } from 'node:dns';
import type { Handler } from './define-handler.ts';
import type { HandlerPg } from './handler-context.ts';
import { createHttpClient, type HttpClient } from './http/http-client.ts';
import { runJob } from './job/run-job.ts';
import { createHandlerPg } from './services/handler-pg.ts';
import { createMemoryServices } from './testing/memory-services.ts';
import type { Ask } from './services/ask.ts';
import { serviceAway } from './services/ask.ts';
import type {
  AttributeValue,
  HandlerLogLine,
  HandlerResult,
  HandlerServices,
  JobEvent,
} from './thread/protocol.ts';

export { createMemoryServices } from './testing/memory-services.ts';

/** An event for a test: what is not given is made up. */
export interface TestEvent extends Partial<Omit<JobEvent, 'body'>> {
  /** Bytes, text (a form), or what is sent as JSON. */
  readonly body: Uint8Array | string | object;
}

export interface TestOptions {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly secrets?: Readonly<Record<string, string>>;
  /** Default: a real one. */
  readonly http?: Pick<HttpClient, 'request'>;
  /** Default: refused, as without `connections`. */
  readonly pg?: HandlerPg;
  /** Give the same to several runs, and they share what `ctx.once` and `ctx.cache` keep. Default: new ones, in memory. */
  readonly services?: HandlerServices;
  /** The end of the attempt's time. Default: never. */
  readonly signal?: AbortSignal;
}

export interface HandlerRun {
  readonly result: HandlerResult;
  readonly lines: readonly HandlerLogLine[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

const DESTINATION = 'test';
const HTTP_LIMITS = { connections: 100, keepAlive: 100 };

/** One attempt of a handler, as its thread would make it, without a thread. */
export async function runHandler<Payload>(
  handler: Handler<Payload>,
  event: TestEvent,
  options: TestOptions = {},
): Promise<HandlerRun> {
  const lines: HandlerLogLine[] = [];
  const attributes: Record<string, AttributeValue> = {};
  const over = new AbortController();
  const own = options.http === undefined ? createHttpClient({ limits: HTTP_LIMITS, lookup }) : null;
  const given = jobEvent(event, handler.source.provider);
  const deps = {
    setup: { secrets: options.secrets ?? {}, settings: options.settings },
    http: options.http ?? (own as HttpClient),
    pg: options.pg ?? createHandlerPg(null, DESTINATION),
    ask: askIn(options.services ?? createMemoryServices(), { given, signal: over.signal }),
    log: (line: HandlerLogLine) => void lines.push(line),
    crashed: () => undefined,
    attribute: (name: string, value: AttributeValue) => void (attributes[name] = value),
  };
  const never = new AbortController();
  try {
    const result = await runJob(handler as Handler, given, deps, options.signal ?? never.signal);
    return { result, lines, attributes };
  } finally {
    over.abort();
    await own?.close();
  }
}

function askIn(
  services: HandlerServices,
  { given, signal }: { readonly given: JobEvent; readonly signal: AbortSignal },
): Ask {
  const caller = { destination: DESTINATION, delivery: given.id, eventId: given.id, signal };
  return async (service, request) => {
    const serve = services[service] as (request: unknown, caller: unknown) => Promise<unknown>;
    try {
      return (await serve(request, caller)) as never;
    } catch {
      throw serviceAway(service);
    }
  };
}

function jobEvent({ body, ...event }: TestEvent, provider: string | null): JobEvent {
  return {
    id: randomUUID(),
    type: 'test',
    source: provider ?? 'test',
    tenant: 'default',
    provider: provider ?? 'test',
    orderingKey: null,
    receivedAt: Date.now(),
    occurredAt: null,
    attempt: 1,
    isReplay: false,
    headers: [],
    ...event,
    body: bytesOf(body),
  };
}

function bytesOf(body: TestEvent['body']): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}
