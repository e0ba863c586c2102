import { durationField, logLevelField, sizeField } from '@ackline/shared/config/fields';
import { z } from 'zod';
import { DEFAULT_DRAIN_WAIT_MS, MAX_DRAIN_WAIT_MS } from './drain.ts';
import { kafkaFields } from './kafka-environment.ts';

const MAX_PORT = 65_535;
const DEFAULT_OPS_PORT = 9464;

/** A whole number in [min, max]; `fallback` when the variable is not set. */
export function wholeNumber(range: { min: number; max: number; fallback: number }) {
  const rule = `must be a whole number from ${range.min} to ${range.max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, rule)
    .transform(Number)
    .refine(value => value >= range.min && value <= range.max, rule)
    .default(range.fallback)
    .meta({ title: `number, [${range.min}, ${range.max}]`, unset: `\`${range.fallback}\`` });
}

/** A port to listen on; 0 takes a free one. */
export function port(fallback: number) {
  return wholeNumber({ min: 0, max: MAX_PORT, fallback }).meta({ title: 'port; 0 takes a free one' });
}

const POSTGRES_URL_FORM = 'postgres://user:password@host:port/database';

/** A PostgreSQL URL that has to be set. */
const requiredPostgresUrl = z
  .string()
  .refine(isPostgresUrl, `must be ${POSTGRES_URL_FORM}`)
  .meta({ title: `\`${POSTGRES_URL_FORM}\`` });

function isPostgresUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'postgres:' || url.protocol === 'postgresql:');
}

/**
 * The variables that every service reads, by their names; a service spreads them into its own schema. docs/environment.md is
 * written from the schemas: `title` is the form of a value, `description` its meaning, `unset` what holds without one, where
 * the default does not tell; `secret` values have a password in them.
 */
export const commonFields = {
  ACKLINE_ENV: z
    .enum(['development', 'production'], 'must be development or production')
    .default('production')
    .meta({
      title: '`development` or `production`',
      description: 'In production nothing is generated or assumed: each secret has to be given.',
    }),
  ACKLINE_CONFIG: z.string().default('ackline.yaml').meta({
    title: 'path',
    description: 'The file with sources, routes and destinations.',
  }),
  DATABASE_URL: requiredPostgresUrl
    .nullable()
    .default(null)
    .meta({
      title: `\`${POSTGRES_URL_FORM}\``,
      description: 'Your PostgreSQL 17 in place of the embedded one.',
      unset: 'the embedded server',
      secret: true,
    }),
  DRAIN_WAIT_MS: wholeNumber({ min: 0, max: MAX_DRAIN_WAIT_MS, fallback: DEFAULT_DRAIN_WAIT_MS }).describe(
    'Milliseconds. How long the ingress still takes connections after SIGTERM, while load balancers take it out. The processor has no such wait.',
  ),
  LOG_LEVEL: logLevelField.prefault('INFO').meta({
    title: '`DEBUG`, `INFO`, `WARNING` or `ERROR`',
    description: 'The least that is logged, while ackline.yaml has no `logLevel`.',
  }),
  OPS_HOST: z.string().default('0.0.0.0').meta({
    title: 'address',
    description: 'Where the operations port listens. Nothing there asks for a password: keep it inside.',
  }),
  OPS_PORT: port(DEFAULT_OPS_PORT).describe(
    'The operations port: /metrics, /livez, /readyz, /startupz. One for all processes of INGRESS_PROCESSES.',
  ),
} as const;

/** Lanes that the processor stores at a time; the number that teams know from their worker threads. */
const DEFAULT_WORKERS = 4;
/** Each holds a connection of the processor's pool (DATABASE_POOL_MAX). */
const MAX_WORKERS = 32;

/** An hour of 300 events a second of usual size; a volume for it is cheap. */
const DEFAULT_SPOOL_MAX_BYTES = '1GiB';
/** Older than this a spooled event would come as news that is none; also well under the dedup window (A2). */
const DEFAULT_SPOOL_MAX_AGE = '24h';

/** What ingress and processor must agree on about the event log. */
export const eventLogFields = {
  DATABASE_URL: requiredPostgresUrl.meta({
    description: 'PostgreSQL 17: where events are stored, and the log that takes them when Kafka does not.',
    secret: true,
  }),
  ...kafkaFields,
  POSTGRES_STANDBYS: z
    .enum(['failover', 'read-only'], 'must be failover or read-only')
    .default('failover')
    .meta({
      title: '`failover` or `read-only`',
      description:
        'Ingress only. failover: a standby that no commit waits for is named by `/health` as weaker than the contract. read-only: no standby ever takes the place of its primary, and none is looked for.',
    }),
  SPOOL_DIR: z.string().min(1, 'must be a directory').nullable().default(null).meta({
    title: 'directory',
    description:
      'Ingress, and `ackline spool drain`. Where events are kept that neither Kafka nor PostgreSQL takes: on storage that outlives the process and the pod. Processes of one machine share it, one file each.',
    unset: 'no spool; `ackline up`: `spool` in its data directory',
  }),
  SPOOL_DURABILITY: z
    .enum(['persistent', 'ephemeral'], 'must be persistent or ephemeral')
    .default('persistent')
    .meta({
      title: '`persistent` or `ephemeral`',
      description:
        'Ingress only. ephemeral: storage that ends with the pod is taken too, and `/health` names it as weaker. `ackline up` in development sets it.',
    }),
  SPOOL_MAX_AGE: durationField('1m', '168h')
    .prefault(DEFAULT_SPOOL_MAX_AGE)
    .describe(
      'Ingress only. The spool takes no more while its oldest event is older and nothing goes past it. Nothing is deleted for its age.',
    ),
  SPOOL_MAX_BYTES: sizeField('1MiB', '1024GiB')
    .prefault(DEFAULT_SPOOL_MAX_BYTES)
    .describe('Ingress only. What the files of SPOOL_DIR may have together.'),
  WEBHOOK_WORKERS: wholeNumber({ min: 1, max: MAX_WORKERS, fallback: DEFAULT_WORKERS }).describe(
    'Lanes that a processor stores at a time. The ingress only shows it, as `queue.workers` of `/health`.',
  ),
} as const;

const REDIS_URL_FORM = 'redis://user:password@host:port/number';

function isRedisUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'redis:' && url.protocol !== 'rediss:')) return false;
  return url.hostname !== '' && /^\/?\d{0,5}$/.test(url.pathname);
}

/** Of services that count or remember something together. */
export const redisFields = {
  REDIS_URL: z
    .string()
    .refine(isRedisUrl, `must be ${REDIS_URL_FORM}, or rediss:// with TLS`)
    .nullable()
    .default(null)
    .meta({
      title: `\`${REDIS_URL_FORM}\`; \`rediss://\` with TLS`,
      description:
        'Over all processes, limits and seen requests are counted, handlers share their caches, and their limits on calls of others hold.',
      unset: 'each process counts, and keeps a cache, alone',
      secret: true,
    }),
} as const;
