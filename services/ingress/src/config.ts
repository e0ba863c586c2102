import type { SpoolSettings } from '@ackline/eventlog/connect-event-log';
import { READY_EVERY_MS } from '@ackline/eventlog/tiers';
import { DRAIN_DEADLINE_MS } from '@ackline/runtime/drain';
import { type Environment, parseEnvironment } from '@ackline/runtime/environment';
import {
  commonFields,
  eventLogFields,
  port,
  redisFields,
  wholeNumber,
} from '@ackline/runtime/environment-fields';
import { checkKafka, type KafkaSettings, kafkaSettings } from '@ackline/runtime/kafka-environment';
import type { ProgramConfig } from '@ackline/runtime/main-program';
import {
  tracingFields,
  type TracingSettings,
  tracingSettings,
} from '@ackline/runtime/tracing/tracing-environment';
import { z } from 'zod';

const DEFAULT_PORT = 8080;
/** Ten failures in a row are no accident; after a minute a broker that was restarted answers again. */
const DEFAULT_BREAKER_THRESHOLD = 10;
const MAX_BREAKER_THRESHOLD = 10_000;
const DEFAULT_BREAKER_TIMEOUT_S = 60;
const MAX_BREAKER_TIMEOUT_S = 3_600;
/** As many cores as a machine of ours has; each process needs one. */
const MAX_PROCESSES = 64;
const NO_PARENT = 0;
/** Stands for a limit that is not set. */
const NO_LIMIT = 0;
const MAX_REQUESTS_PER_MINUTE = 1_000_000;
/** More than the providers of one process open; each costs a file descriptor, and there are 1024 at least by default, 65536 in a container. */
const DEFAULT_MAX_CONNECTIONS = 4_096;
const MAX_CONNECTIONS = 65_536;

/** What the systems before Ackline (docs/logs.md) let a check take; an HMAC takes some microseconds, only very large forms take longer. */
const DEFAULT_SIGNATURE_BUDGET_S = 0.05;
const MAX_SIGNATURE_BUDGET_S = 10;
/**
 * Ten minutes: providers that retry do so first after seconds to minutes. Longer costs memory of Redis (about 150 bytes an
 * event) for repeats that the dedup key finds anyway.
 */
const DEFAULT_VALIDATION_CACHE_TTL_S = 600;
const MAX_VALIDATION_CACHE_TTL_S = 3_600;
const SIGNATURE_BUDGET_RULE = `must be a number of seconds over 0, ${MAX_SIGNATURE_BUDGET_S} at most`;

/** docs/environment.md is written from it. */
export const environmentSchema = z
  .object({
    ...commonFields,
    ...eventLogFields,
    ...redisFields,
    ...tracingFields,
    INGRESS_PROCESSES: wholeNumber({ min: 1, max: MAX_PROCESSES, fallback: NO_PARENT }).meta({
      description: 'Worker processes under a parent that owns the socket and the operations port.',
      unset: 'one process, and no parent',
    }),
    HOST: z.string().default('0.0.0.0').meta({ title: 'address', description: 'Where webhooks are taken.' }),
    PORT: port(DEFAULT_PORT).describe('Where webhooks are taken. /health is on it too.'),
    CIRCUIT_BREAKER_THRESHOLD: wholeNumber({
      min: 1,
      max: MAX_BREAKER_THRESHOLD,
      fallback: DEFAULT_BREAKER_THRESHOLD,
    }).describe('Failed batches in a row after which Kafka is no longer tried.'),
    CIRCUIT_BREAKER_TIMEOUT: wholeNumber({
      min: 1,
      max: MAX_BREAKER_TIMEOUT_S,
      fallback: DEFAULT_BREAKER_TIMEOUT_S,
    }).describe('Seconds until one event tries Kafka again.'),
    WEBHOOK_MAX_REQUESTS_PER_MINUTE: wholeNumber({
      min: 1,
      max: MAX_REQUESTS_PER_MINUTE,
      fallback: NO_LIMIT,
    }).meta({
      description:
        'Of one sender, for each source that names no `limit` of its own. It bounds no account: a `limit` with `by: source` does.',
      unset: 'no limit',
    }),
    SIGNATURE_VALIDATION_TIMEOUT: z
      .string()
      .regex(/^\d{1,3}(?:\.\d{1,6})?$/, SIGNATURE_BUDGET_RULE)
      .transform(Number)
      .refine(value => value > 0 && value <= MAX_SIGNATURE_BUDGET_S, SIGNATURE_BUDGET_RULE)
      .default(DEFAULT_SIGNATURE_BUDGET_S)
      .meta({
        title: `number, (0, ${MAX_SIGNATURE_BUDGET_S}]`,
        description:
          'Seconds that proving a sender should take. One that takes longer is counted and logged (`signature.slow`), and decided all the same: never let pass.',
        unset: `\`${DEFAULT_SIGNATURE_BUDGET_S}\``,
      }),
    VALIDATION_CACHE_TTL: wholeNumber({
      min: 1,
      max: MAX_VALIDATION_CACHE_TTL_S,
      fallback: DEFAULT_VALIDATION_CACHE_TTL_S,
    }).describe(
      'Seconds for which a request that was proven and accepted is remembered, so that its repeat is answered without another append. A repeat is proven anew all the same.',
    ),
    WEBHOOK_MAX_CONNECTIONS: wholeNumber({
      min: 1,
      max: MAX_CONNECTIONS,
      fallback: DEFAULT_MAX_CONNECTIONS,
    }).describe(
      'Open connections of the public port, of each process. One more is closed at once, unread. Half of them may be idle: for one more the longest idle one is closed.',
    ),
  })
  .superRefine(checkKafka);

export interface Listener {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
}

export interface IngressConfig extends ProgramConfig {
  readonly isProduction: boolean;
  /** The path of ackline.yaml. */
  readonly configFile: string;
  /** Worker processes under a parent that owns the socket; null: one process, and no parent. */
  readonly processes: number | null;
  readonly http: Listener;
  readonly operations: Listener;
  /** With its password: not for logs. */
  readonly databaseUrl: string;
  /** A standby may take PostgreSQL's place; false: all that there are serve readers alone. */
  readonly failsOver: boolean;
  /** How often a PostgreSQL in use is asked whether it still keeps what it confirms. */
  readonly askPostgresEveryMs: number;
  /** null: no Kafka, PostgreSQL takes every event. */
  readonly kafka: KafkaSettings | null;
  /** null: no spool, what neither Kafka nor PostgreSQL takes is refused. */
  readonly spool: SpoolSettings | null;
  /** Of the event log. */
  readonly breaker: { readonly failures: number; readonly resetMs: number };
  /** With its password: not for logs. null: no Redis, each process counts and remembers alone. */
  readonly redisUrl: string | null;
  /** Of each sender, for sources that name no limit; null: none. */
  readonly maxRequestsPerMinute: number | null;
  /** Open connections of the public port, of this process. */
  readonly maxConnections: number;
  /** null: no traces. */
  readonly tracing: TracingSettings | null;
  /** What proving a sender should take. */
  readonly signatureBudgetMs: number;
  /** For how long an accepted request is remembered. */
  readonly seenTtlMs: number;
  /** Only shown, as `queue.workers` of /health. */
  readonly workers: number;
  /** For the secrets that ackline.yaml names. */
  readonly environment: Environment;
}

/** Throws ACKLINE_ENVIRONMENT_INVALID with every bad variable. */
export function loadConfig(environment: Environment = process.env): IngressConfig {
  const env = parseEnvironment(environmentSchema, environment);
  return Object.freeze({
    isProduction: env.ACKLINE_ENV === 'production',
    logLevel: env.LOG_LEVEL,
    drain: { waitMs: env.DRAIN_WAIT_MS, deadlineMs: DRAIN_DEADLINE_MS },
    configFile: env.ACKLINE_CONFIG,
    processes: env.INGRESS_PROCESSES === NO_PARENT ? null : env.INGRESS_PROCESSES,
    http: { host: env.HOST, port: env.PORT },
    operations: { host: env.OPS_HOST, port: env.OPS_PORT },
    databaseUrl: env.DATABASE_URL,
    failsOver: env.POSTGRES_STANDBYS === 'failover',
    askPostgresEveryMs: READY_EVERY_MS,
    kafka: kafkaSettings(env),
    spool:
      env.SPOOL_DIR === null
        ? null
        : {
            directory: env.SPOOL_DIR,
            maxBytes: env.SPOOL_MAX_BYTES,
            maxAgeMs: env.SPOOL_MAX_AGE,
            allowEphemeral: env.SPOOL_DURABILITY === 'ephemeral',
          },
    breaker: { failures: env.CIRCUIT_BREAKER_THRESHOLD, resetMs: env.CIRCUIT_BREAKER_TIMEOUT * 1_000 },
    redisUrl: env.REDIS_URL,
    maxRequestsPerMinute:
      env.WEBHOOK_MAX_REQUESTS_PER_MINUTE === NO_LIMIT ? null : env.WEBHOOK_MAX_REQUESTS_PER_MINUTE,
    maxConnections: env.WEBHOOK_MAX_CONNECTIONS,
    tracing: tracingSettings(env),
    seenTtlMs: env.VALIDATION_CACHE_TTL * 1_000,
    signatureBudgetMs: env.SIGNATURE_VALIDATION_TIMEOUT * 1_000,
    workers: env.WEBHOOK_WORKERS,
    environment: Object.freeze({ ...environment }),
  });
}
