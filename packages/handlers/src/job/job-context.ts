import { setImmediate as turn } from 'node:timers/promises';
import type { ClientDeps } from '../clients/client-deps.ts';
import { createRespondioClient, type RespondioClient } from '../clients/respondio-client.ts';
import { createTelegramClient, type TelegramClient } from '../clients/telegram-client.ts';
import { createTwilioClient, type TwilioClient } from '../clients/twilio-client.ts';
import type { Handler } from '../define-handler.ts';
import type { Clients, HandlerContext, HandlerPg } from '../handler-context.ts';
import { giveUp, HandlerError } from '../handler-error.ts';
import type { HttpClient } from '../http/http-client.ts';
import type { OutboundHttp } from '../http/outbound-http.ts';
import { monitored } from '../monitored.ts';
import type { Ask } from '../services/ask.ts';
import { createHandlerCache } from '../services/handler-cache.ts';
import { createHandlerLog } from '../services/handler-log.ts';
import { takeLimit } from '../services/limits.ts';
import { createOnce } from '../services/once.ts';
import type { HandlerEvent } from '../source.ts';
import type { AttributeValue, HandlerLogLine, HandlerResult, ThreadSetup } from '../thread/protocol.ts';

export interface JobDeps {
  readonly setup: Pick<ThreadSetup, 'secrets' | 'settings'>;
  readonly http: Pick<HttpClient, 'request'>;
  readonly pg: HandlerPg;
  /** For this job. */
  readonly ask: Ask;
  readonly log: (line: HandlerLogLine) => void;
  /** It threw where nobody can catch it. */
  readonly crashed: (result: HandlerResult) => void;
  /** Of the attempt's span. */
  readonly attribute: (name: string, value: AttributeValue) => void;
}

export interface JobContext {
  readonly context: HandlerContext;
  /** Resolves when all that was begun through the context has ended; true: something was still open. Never rejects. */
  readonly settled: () => Promise<boolean>;
  /** The signal's abort cut a call of it: whatever the handler made of that, it could not do its work. */
  readonly wasCut: () => boolean;
}

const MAX_ATTRIBUTES = 32;
/** Each is a message to the processor. */
const MAX_ATTRIBUTE_CHANGES = 256;
const MAX_ATTRIBUTE_CHARS = 256;

export function createJobContext(
  handler: Handler,
  event: HandlerEvent,
  deps: JobDeps,
  signal: AbortSignal,
): JobContext {
  const { track, settled, wasCut } = createTracker(signal);
  const ask: Ask = (service, request) => track(deps.ask(service, request));
  const log = createHandlerLog(deps.log, { eventId: event.id });
  const request: ClientDeps['request'] = (url, call) => track(deps.http.request(url, call, signal));
  const { secrets } = deps.setup;
  const settings = settingsOf(deps.setup.settings);
  const clients = createClients({
    request,
    // What it leaves open of the host's has no part in the job: the call that it is for is waited for.
    take: (limit, limitSignal) => takeLimit(deps.ask, limit, limitSignal),
    secrets,
    settings,
  });
  const once = createOnce({ ask, log });
  const context: HandlerContext = {
    http: outboundHttp((url, options = {}) => track(deps.http.request(url, options, signal))),
    cache: createHandlerCache(ask),
    pg: { query: (text, values) => track(deps.pg.query(text, values)) },
    clients,
    log,
    span: { setAttribute: boundedAttributes(deps.attribute) },
    signal,
    secrets,
    settings,
    reply: text => track(replyTo(handler, { event, text, clients })),
    once: (key, fn, options) => track(once(key, fn, options)),
    monitored,
  };
  return { context, settled, wasCut };
}

interface Reply {
  readonly event: HandlerEvent;
  readonly text: string;
  readonly clients: Clients;
}

async function replyTo({ source, name }: Handler, { event, text, clients }: Reply): Promise<void> {
  if (source.reply === undefined) throw giveUp(`the source of the handler ${name} has no way to reply`);
  await source.reply(event, text, clients);
}

const CUT: ReadonlySet<string | null> = new Set(['ABORTED', 'TIMEOUT']);

function createTracker(signal: AbortSignal) {
  const open = new Set<Promise<unknown>>();
  let isCut = false;
  const noteCut = (error: unknown) => {
    if (signal.aborted && error instanceof HandlerError && CUT.has(error.code)) isCut = true;
  };
  return {
    wasCut: () => isCut,
    /** What it returns is another promise: that one is lost where nobody waits for it. */
    track: <T>(work: Promise<T>): Promise<T> => {
      open.add(work);
      work.catch(noteCut);
      return work.finally(() => open.delete(work));
    },
    settled: async (): Promise<boolean> => {
      if (open.size === 0) return false;
      while (open.size > 0) {
        await Promise.allSettled(open);
        await turn(); // who waited for one may begin another
      }
      return true;
    },
  };
}

function outboundHttp(request: OutboundHttp['request']): OutboundHttp {
  return {
    request,
    get: (url, options) => request(url, { ...options, method: 'GET' }),
    post: (url, options) => request(url, { ...options, method: 'POST' }),
  };
}

/** Each is made when it is first asked for: then its secrets must be there. */
function createClients(deps: ClientDeps): Clients {
  let telegram: TelegramClient | undefined;
  let twilio: TwilioClient | undefined;
  let respondio: RespondioClient | undefined;
  return {
    get telegram() {
      return (telegram ??= createTelegramClient(deps));
    },
    get twilio() {
      return (twilio ??= createTwilioClient(deps));
    },
    get respondio() {
      return (respondio ??= createRespondioClient(deps));
    },
  };
}

function settingsOf(settings: unknown): Readonly<Record<string, unknown>> {
  return typeof settings === 'object' && settings !== null && !Array.isArray(settings)
    ? (settings as Readonly<Record<string, unknown>>)
    : {};
}

function boundedAttributes(set: JobDeps['attribute']): JobDeps['attribute'] {
  const known = new Map<string, AttributeValue>();
  let changes = 0;
  return (givenName, given) => {
    const name = givenName.slice(0, MAX_ATTRIBUTE_CHARS);
    const value = typeof given === 'string' ? given.slice(0, MAX_ATTRIBUTE_CHARS) : given;
    if (known.get(name) === value || changes >= MAX_ATTRIBUTE_CHANGES) return;
    if (!known.has(name) && known.size >= MAX_ATTRIBUTES) return;
    known.set(name, value);
    changes += 1;
    set(name, value);
  };
}
