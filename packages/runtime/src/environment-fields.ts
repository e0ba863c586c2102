import { durationField, sizeField } from '@ackline/shared/config/fields';
import { z } from 'zod';
import { DEFAULT_DRAIN_WAIT_MS, MAX_DRAIN_WAIT_MS } from './drain.ts';
import { parseLogLevel } from './log-level.ts';

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
    .default(range.fallback);
}

/** A port to listen on; 0 takes a free one. */
export function port(fallback: number) {
  return wholeNumber({ min: 0, max: MAX_PORT, fallback });
}

/** A PostgreSQL URL that has to be set. */
const requiredPostgresUrl = z
  .string()
  .refine(isPostgresUrl, 'must be postgres://user:password@host:port/database');

function isPostgresUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'postgres:' || url.protocol === 'postgresql:');
}

/** The variables that every service reads, by their names; a service spreads them into its own schema. */
export const commonFields = {
  ACKLINE_ENV: z
    .enum(['development', 'production'], 'must be development or production')
    .default('production'),
  ACKLINE_CONFIG: z.string().default('ackline.yaml'),
  DATABASE_URL: requiredPostgresUrl.nullable().default(null),
  DRAIN_WAIT_MS: wholeNumber({ min: 0, max: MAX_DRAIN_WAIT_MS, fallback: DEFAULT_DRAIN_WAIT_MS }),
  LOG_LEVEL: z
    .string()
    .default('INFO')
    .transform((name, context) => {
      const level = parseLogLevel(name);
      if (level !== null) return level;
      context.addIssue('must be DEBUG, INFO, WARNING or ERROR');
      return z.NEVER;
    }),
  OPS_HOST: z.string().default('0.0.0.0'),
  OPS_PORT: port(DEFAULT_OPS_PORT),
} as const;

/** More bootstrap brokers than any cluster needs. */
const MAX_BROKERS = 64;
const BROKER = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9a-fA-F:]{2,45}\]):\d{1,5}$/;
const BROKERS_RULE = 'must be host:port, or several of them with commas between';
/** Lanes that the processor stores at a time; the number that teams know from their worker threads. */
const DEFAULT_WORKERS = 4;
/** Each holds a connection of the processor's pool, which has 50. */
const MAX_WORKERS = 32;

/** An hour of 300 events a second of usual size; a volume for it is cheap. */
const DEFAULT_SPOOL_MAX_BYTES = 1_073_741_824;
/** Older than this a spooled event would come as news that is none; also well under the dedup window (A2). */
const DEFAULT_SPOOL_MAX_AGE_MS = 24 * 3_600_000;

/** What ingress and processor must agree on about the event log. */
export const eventLogFields = {
  DATABASE_URL: requiredPostgresUrl,
  KAFKA_BROKERS: z
    .string()
    .transform(text => text.split(',').map(broker => broker.trim()))
    .refine(list => list.length <= MAX_BROKERS && list.every(broker => BROKER.test(broker)), BROKERS_RULE)
    .nullable()
    .default(null),
  KAFKA_DURABILITY: z.enum(['cluster', 'single-node'], 'must be cluster or single-node').default('cluster'),
  SPOOL_DIR: z.string().min(1, 'must be a directory').nullable().default(null),
  SPOOL_DURABILITY: z
    .enum(['persistent', 'ephemeral'], 'must be persistent or ephemeral')
    .default('persistent'),
  SPOOL_MAX_AGE: durationField('1m', '168h').default(DEFAULT_SPOOL_MAX_AGE_MS),
  SPOOL_MAX_BYTES: sizeField('1MiB', '1024GiB').default(DEFAULT_SPOOL_MAX_BYTES),
  WEBHOOK_WORKERS: wholeNumber({ min: 1, max: MAX_WORKERS, fallback: DEFAULT_WORKERS }),
} as const;
