import { commonFields, eventLogFields } from '@ackline/runtime/environment-fields';
import { type Environment, parseEnvironment } from '@ackline/runtime/environment';
import { DRAIN_DEADLINE_MS } from '@ackline/runtime/drain';
import type { ProgramConfig } from '@ackline/runtime/main-program';
import {
  tracingFields,
  type TracingSettings,
  tracingSettings,
} from '@ackline/runtime/tracing/tracing-environment';
import type { KafkaDurability } from '@ackline/eventlog/kafka-topic';
import { z } from 'zod';

/** docs/environment.md is written from it. */
export const environmentSchema = z.object({ ...commonFields, ...eventLogFields, ...tracingFields });

export interface ProcessorConfig extends ProgramConfig {
  readonly production: boolean;
  readonly configPath: string;
  readonly databaseUrl: string;
  readonly kafka: { readonly brokers: readonly string[]; readonly durability: KafkaDurability } | null;
  readonly workers: number;
  /** null: no traces. */
  readonly tracing: TracingSettings | null;
  readonly ops: { readonly host: string; readonly port: number };
  /** What secrets by `env:` are read from. */
  readonly secretEnv: Environment;
}

export function readConfig(env: Environment = process.env): ProcessorConfig {
  const parsed = parseEnvironment(environmentSchema, env);
  return {
    production: parsed.ACKLINE_ENV === 'production',
    configPath: parsed.ACKLINE_CONFIG,
    databaseUrl: parsed.DATABASE_URL,
    kafka:
      parsed.KAFKA_BROKERS === null
        ? null
        : { brokers: parsed.KAFKA_BROKERS, durability: parsed.KAFKA_DURABILITY },
    workers: parsed.WEBHOOK_WORKERS,
    tracing: tracingSettings(parsed),
    logLevel: parsed.LOG_LEVEL,
    ops: { host: parsed.OPS_HOST, port: parsed.OPS_PORT },
    drain: { waitMs: 0, deadlineMs: DRAIN_DEADLINE_MS },
    secretEnv: env,
  };
}
