/**
 * What the processor is to handlers. The files of this folder:
 *
 *   handler-support   their services, and what their threads are started with     open-handlers    its life, and its watch
 *   once-service      `ctx.once` (OS)                                             once-tally       its answers, counted
 *   cache-service     `ctx.cache` (HC)                                            cache-tally      its lookups, counted
 *     cache-leases, shared-leases   who may make a value: here, and over all      cache-versions   what was cleared
 *   limit-service     the limits of others' APIs, which clients keep
 *   handler-options   settings and secrets of threads; module-stamp, handler-looks: when a source or a secret has changed
 *   connection-watch  whether PostgreSQL has room for what a reload's handlers ask of it
 *   handler-metrics   for Prometheus; figures-report: for `ackline perf` and `ackline cache`
 *
 * The threads are packages/handlers/src/thread; an attempt of a handler is ../delivery/sending/handler-sender.ts (HD).
 */
import { once as untilEvent } from 'node:events';
import type { HandlerServices } from '@ackline/handlers/thread/protocol';
import type { Logger } from '@ackline/runtime/logger';
import type { RedisConnection } from '@ackline/runtime/redis/connect-redis';
import type { SecretReader } from '@ackline/runtime/secrets';
import type { Pool } from 'pg';
import type { ProcessorConfig } from '../config.ts';
import { APPLICATION_NAME } from '../connection-check.ts';
import type { HandlerSupport } from '../delivery/sending/handler-sender.ts';
import { type CacheService, createCacheService } from './cache-service.ts';
import { handlerOptions } from './handler-options.ts';
import { createLimitService } from './limit-service.ts';
import { stampModule } from './module-stamp.ts';
import { createOnceService } from './once-service.ts';
import { createOnceTally, type OnceTally } from './once-tally.ts';

/** Of what is over in caches. */
const SWEEP_EVERY_MS = 60_000;
/** By the first call that needs Redis, once: what it takes before would be this process's alone. A connection takes a few of them. */
const FIRST_CONNECTION_MS = 500;

export interface HandlerSupportDeps {
  readonly config: Pick<
    ProcessorConfig,
    'configPath' | 'databaseUrl' | 'redisUrl' | 'handlerHttp' | 'secretEnv'
  >;
  readonly secrets: Pick<SecretReader, 'resolve'>;
  readonly pool: Pick<Pool, 'query'>;
  readonly log: Logger;
}

export interface OpenedHandlers extends HandlerSupport {
  readonly once: OnceTally;
  readonly cache: CacheService;
  /** null: no handler has needed it yet, or there is none. */
  readonly redis: RedisConnection | null;
  close(): void;
}

/** What handlers are run with: their services, in this thread, and what their threads are started with. */
export function createHandlerSupport({ config, secrets, pool, log }: HandlerSupportDeps): OpenedHandlers {
  const { redisUrl, configPath, databaseUrl, handlerHttp: http } = config;
  let redis: RedisConnection | null = null;
  let isClosed = false;
  let connecting: Promise<RedisConnection | null> | null = null;

  /** With the first call of a handler, since most processors have none: its client alone is 13 MB of a process. */
  async function connect(url: string): Promise<RedisConnection | null> {
    const { connectRedis } = await import('@ackline/runtime/redis/connect-redis');
    if (isClosed) return null;
    redis = connectRedis({ url, connectionName: APPLICATION_NAME, log });
    const { client } = redis;
    // An error of the connection ends the wait too.
    await untilEvent(client, 'ready', { signal: AbortSignal.timeout(FIRST_CONNECTION_MS) }).catch(
      () => undefined,
    );
    return redis;
  }
  async function redisOf(): Promise<RedisConnection | null> {
    if (redisUrl === null) return null;
    connecting ??= connect(redisUrl);
    return connecting;
  }

  const shared = { redis: redisOf, now: Date.now };
  const cache = createCacheService(shared);
  const sweeping = setInterval(() => cache.sweep(), SWEEP_EVERY_MS).unref();
  const once = createOnceTally();
  const services: HandlerServices = {
    ...createOnceService({ pool, onBegun: (name, result) => once.add(name, result), log }),
    ...cache,
    ...createLimitService(shared),
  };
  return {
    services,
    once,
    cache,
    optionsOf: destination => handlerOptions(destination, { configPath, databaseUrl, http, secrets }),
    environment: config.secretEnv,
    stampOf: stampModule,
    log,
    get redis() {
      return redis;
    },
    close() {
      isClosed = true;
      clearInterval(sweeping);
      redis?.close();
    },
  };
}
