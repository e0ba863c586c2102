import { DRAIN_DEADLINE_MS } from '@ackline/runtime/drain';
import { type Environment, parseEnvironment } from '@ackline/runtime/environment';
import { commonFields, eventLogFields, port } from '@ackline/runtime/environment-fields';
import { isLoopback } from '@ackline/runtime/loopback';
import type { ProgramConfig } from '@ackline/runtime/main-program';
import { z } from 'zod';

const DEFAULT_PORT = 8081;
const DEFAULT_HOST = '127.0.0.1';

/** docs/environment.md is written from it. */
export const environmentSchema = z.object({
  ...commonFields,
  DATABASE_URL: eventLogFields.DATABASE_URL,
  CONSOLE_HOST: z.string().default(DEFAULT_HOST).meta({
    title: 'address',
    description:
      'Where the console listens. Each call needs a token of `ackline tokens create`; with ACKLINE_ENV=development and on loopback whoever is on this machine needs none.',
  }),
  CONSOLE_PORT: port(DEFAULT_PORT).describe('The port of the console: the operator API below /api/v1.'),
});

export interface ConsoleConfig extends ProgramConfig {
  readonly isProduction: boolean;
  /** The path of ackline.yaml. */
  readonly configFile: string;
  readonly http: { readonly host: string; readonly port: number };
  /** No token is asked for: it is in development, and only this machine reaches it. */
  readonly isLocal: boolean;
  readonly operations: { readonly host: string; readonly port: number };
  /** With its password: not for logs. */
  readonly databaseUrl: string;
  /** By which a secret of a source is told from another; its value goes nowhere. */
  readonly environment: Environment;
}

/** Throws ACKLINE_ENVIRONMENT_INVALID with every bad variable. */
export function loadConfig(environment: Environment = process.env): ConsoleConfig {
  const env = parseEnvironment(environmentSchema, environment);
  return Object.freeze({
    isProduction: env.ACKLINE_ENV === 'production',
    logLevel: env.LOG_LEVEL,
    drain: { waitMs: 0, deadlineMs: DRAIN_DEADLINE_MS },
    configFile: env.ACKLINE_CONFIG,
    http: { host: env.CONSOLE_HOST, port: env.CONSOLE_PORT },
    isLocal: env.ACKLINE_ENV === 'development' && isLoopback(env.CONSOLE_HOST),
    operations: { host: env.OPS_HOST, port: env.OPS_PORT },
    databaseUrl: env.DATABASE_URL,
    environment: Object.freeze({ ...environment }),
  });
}
