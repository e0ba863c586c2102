import { commonFields, eventLogFields, redisFields, wholeNumber } from '@ackline/runtime/environment-fields';
import { type Environment, parseEnvironment } from '@ackline/runtime/environment';
import { DRAIN_DEADLINE_MS } from '@ackline/runtime/drain';
import { checkKafka, type KafkaSettings, kafkaSettings } from '@ackline/runtime/kafka-environment';
import type { ProgramConfig } from '@ackline/runtime/main-program';
import {
  tracingFields,
  type TracingSettings,
  tracingSettings,
} from '@ackline/runtime/tracing/tracing-environment';
import { AppError } from '@ackline/shared/app-error';
import { z } from 'zod';

/** Kept open: what a usual load needs, without a wait for a new one. */
export const POOL_MIN = 10;
/** What the system's users know from the pools they had. */
const DEFAULT_POOL_MAX = 50;
const MAX_POOL_MAX = 200;
/** Beside lanes and claims: outcomes, the look for what is due, breakers, the heartbeat, the inbox's look, figures, replays. */
export const CONNECTIONS_BESIDE_WORK = 7;
/** Beside lanes, at the least: those, and one claim. */
const CONNECTIONS_BESIDE_LANES = CONNECTIONS_BESIDE_WORK + 1;
/** Of each thread of a handler: what one event loop can keep busy, and how many of them stay open between bursts. */
const DEFAULT_HTTP_CONNECTIONS = 100;
const DEFAULT_HTTP_KEEPALIVE = 20;
const MAX_HTTP_CONNECTIONS = 1_000;
/** More make delivering no faster. Together they ask for half of the memory for bodies. */
const MAX_CLAIMS_AT_ONCE = 16;

/** docs/environment.md is written from it. */
export const environmentSchema = z
  .object({
    ...commonFields,
    ...eventLogFields,
    ...redisFields,
    ...tracingFields,
    DATABASE_POOL_MAX: wholeNumber({ min: POOL_MIN, max: MAX_POOL_MAX, fallback: DEFAULT_POOL_MAX }).describe(
      `Connections of the pool; ${POOL_MIN} are kept open, and two more stand beside it (and those of handlers, \`connections\` of ackline.yaml). At least ${CONNECTIONS_BESIDE_LANES} more than WEBHOOK_WORKERS: 12 with its default. Claims, one for each destination at a time, have what workers and ${CONNECTIONS_BESIDE_WORK} others leave, ${MAX_CLAIMS_AT_ONCE} at most.`,
    ),
    HTTP_MAX_CONNECTIONS: wholeNumber({
      min: 1,
      max: MAX_HTTP_CONNECTIONS,
      fallback: DEFAULT_HTTP_CONNECTIONS,
    }).describe(
      'Connections of `ctx.http` in each thread of a handler. A destination that has `http: { connections: … }` in its `settings` goes by that.',
    ),
    HTTP_MAX_KEEPALIVE: wholeNumber({
      min: 0,
      max: MAX_HTTP_CONNECTIONS,
      fallback: DEFAULT_HTTP_KEEPALIVE,
    }).describe(
      'How many of them stay open while nothing uses them; `http: { keepAlive: … }` in `settings`.',
    ),
  })
  .superRefine(checkKafka);

export interface ProcessorConfig extends ProgramConfig {
  readonly production: boolean;
  readonly configPath: string;
  readonly databaseUrl: string;
  /** Of the pool, which is not all: app.ts has what stands beside it. */
  readonly poolMax: number;
  readonly kafka: KafkaSettings | null;
  readonly workers: number;
  /** So many that storing and outcomes find a connection whatever claims are slow. */
  readonly claimsAtOnce: number;
  /** With its password: not for logs. null: no Redis, what handlers share is of this process alone. */
  readonly redisUrl: string | null;
  /** Of `ctx.http`, in each thread of a handler. */
  readonly handlerHttp: { readonly connections: number; readonly keepAlive: number };
  /** null: no traces. */
  readonly tracing: TracingSettings | null;
  readonly ops: { readonly host: string; readonly port: number };
  /** What secrets by `env:` are read from. */
  readonly secretEnv: Environment;
}

export function readConfig(env: Environment = process.env): ProcessorConfig {
  const parsed = parseEnvironment(environmentSchema, env);
  const leastPool = parsed.WEBHOOK_WORKERS + CONNECTIONS_BESIDE_LANES;
  if (parsed.DATABASE_POOL_MAX < leastPool) {
    throw new AppError(
      'ACKLINE_ENVIRONMENT_INVALID',
      `DATABASE_POOL_MAX: ${parsed.DATABASE_POOL_MAX} are too few for WEBHOOK_WORKERS=${parsed.WEBHOOK_WORKERS}, set ${leastPool} or more`,
    );
  }
  return {
    production: parsed.ACKLINE_ENV === 'production',
    configPath: parsed.ACKLINE_CONFIG,
    databaseUrl: parsed.DATABASE_URL,
    poolMax: parsed.DATABASE_POOL_MAX,
    kafka: kafkaSettings(parsed),
    workers: parsed.WEBHOOK_WORKERS,
    claimsAtOnce: Math.min(
      MAX_CLAIMS_AT_ONCE,
      parsed.DATABASE_POOL_MAX - parsed.WEBHOOK_WORKERS - CONNECTIONS_BESIDE_WORK,
    ),
    redisUrl: parsed.REDIS_URL,
    handlerHttp: { connections: parsed.HTTP_MAX_CONNECTIONS, keepAlive: parsed.HTTP_MAX_KEEPALIVE },
    tracing: tracingSettings(parsed),
    logLevel: parsed.LOG_LEVEL,
    ops: { host: parsed.OPS_HOST, port: parsed.OPS_PORT },
    drain: { waitMs: 0, deadlineMs: DRAIN_DEADLINE_MS },
    secretEnv: env,
  };
}
