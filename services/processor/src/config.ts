import { commonFields, wholeNumber } from '@ackline/runtime/environment-fields';
import { type Environment, parseEnvironment } from '@ackline/runtime/environment';
import { DRAIN_DEADLINE_MS } from '@ackline/runtime/drain';
import type { ProgramConfig } from '@ackline/runtime/main-program';
import type { KafkaDurability } from '@ackline/eventlog/kafka-topic';
import { z } from 'zod';

/** Lanes that are stored at a time: each holds one connection and one batch. */
const DEFAULT_WORKERS = 4;
const MAX_WORKERS = 64;

const schema = z.object({
  ...commonFields,
  KAFKA_BROKERS: z.string().nullable().default(null),
  KAFKA_DURABILITY: z.enum(['cluster', 'single-node'], 'must be cluster or single-node').default('cluster'),
  WEBHOOK_WORKERS: wholeNumber({ min: 1, max: MAX_WORKERS, fallback: DEFAULT_WORKERS }),
});

export interface ProcessorConfig extends ProgramConfig {
  readonly production: boolean;
  readonly configPath: string;
  readonly databaseUrl: string;
  readonly kafka: { readonly brokers: readonly string[]; readonly durability: KafkaDurability } | null;
  readonly workers: number;
  readonly ops: { readonly host: string; readonly port: number };
  /** What secrets by `env:` are read from. */
  readonly secretEnv: Environment;
}

export function readConfig(env: Environment = process.env): ProcessorConfig {
  const parsed = parseEnvironment(
    schema.extend({ DATABASE_URL: schema.shape.DATABASE_URL.unwrap().unwrap() }),
    env,
  );
  const brokers = (parsed.KAFKA_BROKERS ?? '')
    .split(',')
    .map(broker => broker.trim())
    .filter(broker => broker !== '');
  return {
    production: parsed.ACKLINE_ENV === 'production',
    configPath: parsed.ACKLINE_CONFIG,
    databaseUrl: parsed.DATABASE_URL,
    kafka: brokers.length === 0 ? null : { brokers, durability: parsed.KAFKA_DURABILITY },
    workers: parsed.WEBHOOK_WORKERS,
    logLevel: parsed.LOG_LEVEL,
    ops: { host: parsed.OPS_HOST, port: parsed.OPS_PORT },
    drain: { waitMs: 0, deadlineMs: DRAIN_DEADLINE_MS },
    secretEnv: env,
  };
}
