/**
 * Deliveries to a function of the user's, in threads of its own (packages/handlers):
 *
 * HD1. What can not be used does not come into force: newer threads take over once all of them have the module; until then, and where they
 *      can not be started, those before go on.
 * HD2. While there are none, the destination takes no work, and what is due stays so. The pool tries again by itself.
 * HD3. One replacement at a time; what is asked for meanwhile is one more, by the newest of it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { HandlerLogLine, HandlerServices, JobEvent } from '@ackline/handlers/thread/protocol';
import {
  createThreadPool,
  type JobResult,
  type PoolState,
  type ThreadPoolOptions,
} from '@ackline/handlers/thread/thread-pool';
import type { Logger } from '@ackline/runtime/logger';
import type { HandlerDestinationConfig } from '@ackline/shared/config/types';
import type { AttemptErrorClass, AttemptResult } from '../outcomes/outcome.ts';
import type { Connections, FileLook, HandlerThreads, OutboundDelivery } from './delivery-sender.ts';
import { describedHeaders } from '@ackline/shared/outbound-headers';

/** What could not be used may work later without a change of its own: what it imports may come late. */
const RETRY_EVERY_MS = 30_000;

/** What all handlers of a process have. */
export interface HandlerSupport {
  readonly services: HandlerServices;
  /** Throws where a secret is missing. */
  readonly optionsOf: (config: HandlerDestinationConfig) => ThreadPoolOptions;
  /** What the processes that they run in take over of it is no secret but that of PostgreSQL, where they may use it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Never rejects. */
  readonly stampOf: (module: string) => Promise<string>;
  readonly log: Logger;
}

export interface HandlerSenderDeps extends HandlerSupport {
  /** It takes work, or does not any more. */
  readonly onState: () => void;
  /** Other threads have taken over: what those before came to says nothing of them. */
  readonly onReplaced: () => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export function createHandlerSender(config: HandlerDestinationConfig, deps: HandlerSenderDeps): Connections {
  const { optionsOf, services, onState } = deps;
  const { name } = config;
  const options = optionsOf(config);
  const pool = createThreadPool(options, {
    services,
    environment: deps.environment,
    log: line => logLine(deps.log, name, line),
    onState,
  });
  return {
    async send(delivery) {
      const { webhook, signal, timeoutMs, onAttribute } = delivery;
      const job = { delivery: webhook.deliveryId, event: jobEvent(delivery), timeoutMs };
      return resultOf(await pool.run(onAttribute === undefined ? job : { ...job, onAttribute }, signal));
    },
    retire: () => pool.retire(),
    close: () => pool.close(),
    handler: createHandlerThreads(pool, { options, config }, deps),
  };
}

const NOTHING: { readonly anyway: boolean; readonly files: FileLook } = { anyway: false, files: 'none' };

interface Started {
  readonly config: HandlerDestinationConfig;
  readonly options: ThreadPoolOptions;
}

function createHandlerThreads(
  pool: ReturnType<typeof createThreadPool>,
  { config: first, options: firstOptions }: Started,
  { optionsOf, stampOf, onReplaced, now, log }: HandlerSenderDeps,
): HandlerThreads {
  let config = first;
  /** With which threads were started last, whether they could be used or not. */
  let options = firstOptions;
  let startedAt = now();
  const sources = watchSources(stampOf);
  sources.loading(options.module);
  let working: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | null = null;
  let wanted = NOTHING;

  async function replace(): Promise<void> {
    waiting = null;
    const asked = wanted; // what is asked for from here on is for the next one
    wanted = NOTHING;
    const next = optionsOf(config);
    const isAsked = asked.anyway || (await sources.isChanged(next.module, asked.files));
    const isDue = isOutdated(pool.state()) && now() - startedAt >= RETRY_EVERY_MS; // (HD1)
    if (!isAsked && !isDue && isDeepStrictEqual(next, options)) return;
    options = next;
    startedAt = now();
    sources.loading(next.module);
    const failure = failureOf(await pool.reload(next)); // (HD1)
    const ms = Math.round(now() - startedAt);
    if (failure !== null) return; // the pool says it
    log.info({ destination: first.name, ms }, 'handler.replaced');
    onReplaced();
  }

  function ask(): Promise<void> {
    if (waiting !== null) return waiting; // (HD3)
    waiting = working
      .then(replace)
      .catch((error: unknown) => log.error({ err: error, destination: first.name }, 'handler.not-replaced'));
    working = waiting;
    return waiting;
  }

  return {
    get state() {
      return pool.state();
    },
    get figures() {
      return pool.figures();
    },
    look(given, files) {
      config = given;
      wanted = { ...wanted, files: wanted.files === 'now' ? 'now' : files };
      return ask();
    },
    renew() {
      wanted = { ...wanted, anyway: true };
      return ask();
    },
  };
}

function watchSources(stampOf: HandlerSupport['stampOf']) {
  let loaded: Promise<string> | null = null;
  /** By the look before. */
  let seenBefore = '';
  return {
    /** Told before it is: a change meanwhile is one afterwards. */
    loading(module: string): void {
      loaded = stampOf(module);
    },
    async isChanged(module: string, files: FileLook): Promise<boolean> {
      if (files === 'none') return false;
      const seen = await stampOf(module);
      const isSettled = files === 'now' || seen === seenBefore;
      seenBefore = seen;
      return isSettled && seen !== (await loaded);
    },
  };
}

function isOutdated(state: PoolState): boolean {
  return state.kind === 'ready' && state.refused !== null;
}

/** Why the newest threads could not be used; null: they can. */
export function failureOf(state: PoolState) {
  if (state.kind === 'failed') return state.failure;
  return state.kind === 'ready' ? state.refused : null;
}

/** Fields that a handler gives stand apart: none of them can be taken for one of ours. */
function logLine(log: Logger, destination: string, { level, event, fields }: HandlerLogLine): void {
  log[level]({ event: event.startsWith('handler.') ? event : 'handler.logged', destination, fields }, event);
}

function jobEvent({ webhook, event, attempt }: OutboundDelivery): JobEvent {
  const { id, type, source, tenant, provider, orderingKey, receivedAt, occurredAt } = event;
  return {
    id,
    type,
    source,
    tenant,
    provider,
    orderingKey,
    receivedAt,
    occurredAt,
    attempt,
    isReplay: webhook.replay,
    headers: describedHeaders(webhook),
    body: webhook.body,
  };
}

/** The one place where what became of a call becomes a result. */
export function resultOf(result: JobResult): AttemptResult {
  if (result.kind === 'done') return { kind: 'acked' };
  const error = { kind: 'error', errorClass: classOf(result) } as const;
  switch (result.kind) {
    case 'retry-later':
      return { ...error, retryAfterMs: result.afterMs, detail: result.detail };
    case 'given-up':
    case 'undecodable':
      return { ...error, detail: result.detail };
    case 'failed':
    case 'thread-ended':
      return { ...error, detail: wordsOf(result) };
    case 'timeout':
    case 'aborted':
    case 'interrupted':
    case 'busy':
    case 'not-ready':
      return error;
    default: {
      const never: never = result;
      return never;
    }
  }
}

const CLASSES: Readonly<Record<Exclude<JobResult['kind'], 'done'>, AttemptErrorClass>> = {
  'retry-later': 'handler-later',
  'given-up': 'handler-refused',
  undecodable: 'handler-undecodable',
  failed: 'handler-error',
  timeout: 'timeout',
  aborted: 'aborted',
  'thread-ended': 'handler-ended',
  interrupted: 'handler-interrupted',
  busy: 'handler-busy',
  'not-ready': 'handler-not-ready',
};

/** What an API answers to all calls alike, or to too many: it tells of the destination, as no answer does. Other 4xx are of one call: a chat that blocked the bot. */
const OF_ALL_CALLS: ReadonlySet<string | null> = new Set(['HTTP_401', 'HTTP_407', 'HTTP_408', 'HTTP_429']);
const DECLINED = /^HTTP_4\d\d$/;

function classOf(result: Exclude<JobResult, { readonly kind: 'done' }>): AttemptErrorClass {
  const isDeclined =
    result.kind === 'failed' && DECLINED.test(result.code ?? '') && !OF_ALL_CALLS.has(result.code);
  return isDeclined ? 'handler-declined' : CLASSES[result.kind];
}

/** `TypeError at service-bot.ts:42:7`, and never its message, which may hold anything of the event; but the words of our own errors. */
function wordsOf(result: Extract<JobResult, { readonly kind: 'failed' | 'thread-ended' }>): string {
  if (result.kind === 'thread-ended') return result.detail ?? result.reason;
  const { error, code, at, detail } = result;
  return `${error}${code === null ? '' : ` ${code}`}${at === null ? '' : ` at ${at}`}${detail === null ? '' : `: ${detail}`}`;
}
