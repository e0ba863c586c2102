import { isAbsolute, join, resolve } from 'node:path';
import { type Environment, parseEnvironment } from '@ackline/runtime/environment';
import { commonFields, port } from '@ackline/runtime/environment-fields';
import { isLoopback } from '@ackline/runtime/loopback';
import { AppError } from '@ackline/shared/app-error';
import { z } from 'zod';

const DEFAULT_PORT = 8080;
const DEFAULT_OPS_PORT = 9464;
const DEFAULT_CONSOLE_PORT = 8081;
const LOOPBACK = '127.0.0.1';

const REACHABLE = '127.0.0.1 in development, 0.0.0.0 in production';

/** docs/environment.md is written from it. */
export const environmentSchema = z.object({
  ACKLINE_CONFIG: commonFields.ACKLINE_CONFIG,
  ACKLINE_DATA_DIR: z.string().default('.ackline').meta({
    title: 'path',
    description: 'Data of the embedded PostgreSQL, spool, logs and generated development secrets.',
  }),
  ACKLINE_ENV: z.enum(['development', 'production'], 'must be development or production').optional().meta({
    title: '`development` or `production`',
    description:
      'development needs HOST, OPS_HOST and CONSOLE_HOST on loopback: generated secrets guard nothing that others reach.',
    unset: 'development; production where one of them is not loopback',
  }),
  ACKLINE_TOKEN: z.string().optional().meta({
    title: 'token',
    description:
      'Of `ackline tokens create`, for the commands that ask a console: `tail`, `listen`, and others with `--url`.',
    unset: 'no token',
    secret: true,
  }),
  CONSOLE_HOST: z.string().default(LOOPBACK).meta({
    title: 'address',
    description:
      'Where the console listens. In production each call needs a token of `ackline tokens create`.',
  }),
  CONSOLE_PORT: port(DEFAULT_CONSOLE_PORT).describe(
    'The port of the console. In development another one is taken where this is only the default and held.',
  ),
  DATABASE_URL: commonFields.DATABASE_URL,
  HOST: z
    .string()
    .optional()
    .meta({ title: 'address', description: 'Where webhooks are taken.', unset: REACHABLE }),
  KAFKA_BROKERS: z.string().optional().meta({
    title: '`host:port`, several with commas',
    description: 'Given on to the services.',
    unset: 'no Kafka',
  }),
  LOG_LEVEL: commonFields.LOG_LEVEL,
  NO_COLOR: z.string().optional().meta({
    title: 'anything',
    description: 'No colours on a terminal, by `ackline tail` and `listen`.',
    unset: 'colours on a terminal',
  }),
  OPS_HOST: z.string().optional().meta({
    title: 'address',
    description: 'Where the one operations port listens.',
    unset: REACHABLE,
  }),
  OPS_PORT: port(DEFAULT_OPS_PORT).describe(
    'The one operations port, for all services. In development another one is taken where this is only the default and held.',
  ),
  PORT: port(DEFAULT_PORT).describe(
    'Where webhooks are taken. In development another one is taken where this is only the default and held.',
  ),
});

/** A port, and whether somebody chose it: one that is only the default may be moved when it is taken. */
export interface PortChoice {
  readonly port: number;
  readonly isChosen: boolean;
}

export interface CliConfig {
  /** Development: every listener on loopback, and nobody said production. Only then secrets are generated. */
  readonly mode: 'development' | 'production';
  /** "HOST=0.0.0.0": why it is production though nobody said so; null otherwise. */
  readonly productionBecause: string | null;
  /** Absolute. */
  readonly configFile: string;
  /** Absolute. */
  readonly dataDir: string;
  /** With its password: not for logs. null: the embedded server. */
  readonly databaseUrl: string | null;
  readonly host: string;
  readonly port: PortChoice;
  readonly consoleHost: string;
  readonly consolePort: PortChoice;
  readonly opsHost: string;
  readonly opsPort: PortChoice;
  readonly hasKafka: boolean;
  /** Not for logs. null: none was given. */
  readonly consoleToken: string | null;
  readonly areColoursWanted: boolean;
  /** Stacks are shown. */
  readonly isDebug: boolean;
  /** All of the environment, for the processes that `up` starts and for secrets that the configuration names. */
  readonly environment: Environment;
}

/** Throws ACKLINE_ENVIRONMENT_INVALID with every bad variable. */
export function loadConfig(
  environment: Environment = process.env,
  workingDirectory: string = process.cwd(),
): CliConfig {
  const env = parseEnvironment(environmentSchema, environment);
  const reachable = findReachable(env);
  const mode = chooseMode(env, reachable);
  const defaultHost = mode === 'production' ? '0.0.0.0' : LOOPBACK;
  return Object.freeze({
    mode,
    productionBecause: env.ACKLINE_ENV === undefined && reachable.length > 0 ? reachable.join(' and ') : null,
    configFile: absolute(workingDirectory, env.ACKLINE_CONFIG),
    dataDir: absolute(workingDirectory, env.ACKLINE_DATA_DIR),
    databaseUrl: env.DATABASE_URL,
    host: env.HOST ?? defaultHost,
    port: { port: env.PORT, isChosen: isSet(environment, 'PORT') },
    consoleHost: env.CONSOLE_HOST,
    consolePort: { port: env.CONSOLE_PORT, isChosen: isSet(environment, 'CONSOLE_PORT') },
    opsHost: env.OPS_HOST ?? defaultHost,
    opsPort: { port: env.OPS_PORT, isChosen: isSet(environment, 'OPS_PORT') },
    hasKafka: env.KAFKA_BROKERS !== undefined,
    consoleToken: env.ACKLINE_TOKEN ?? null,
    areColoursWanted: env.NO_COLOR === undefined,
    isDebug: env.LOG_LEVEL === 'debug' || env.LOG_LEVEL === 'trace',
    environment: Object.freeze({ ...environment }),
  });
}

/** The variables that put a listener where others can reach it, with their values. */
function findReachable({ HOST, OPS_HOST, CONSOLE_HOST }: z.output<typeof environmentSchema>): string[] {
  return Object.entries({ HOST, OPS_HOST, CONSOLE_HOST }).flatMap(([name, host]) =>
    host === undefined || isLoopback(host) ? [] : [`${name}=${host}`],
  );
}

/** A listener that others can reach makes it production, whatever was said: generated secrets must not guard it. */
function chooseMode(
  env: z.output<typeof environmentSchema>,
  reachable: readonly string[],
): CliConfig['mode'] {
  if (reachable.length === 0) return env.ACKLINE_ENV ?? 'development';
  if (env.ACKLINE_ENV === 'development') {
    throw new AppError(
      'ACKLINE_ENVIRONMENT_INVALID',
      `ACKLINE_ENV=development needs every listener on loopback, but ${reachable.join(' and ')} can be reached by others: take HOST, OPS_HOST and CONSOLE_HOST away, or set ACKLINE_ENV=production`,
    );
  }
  return 'production';
}

function isSet(environment: Environment, name: string): boolean {
  return (environment[name] ?? '') !== '';
}

function absolute(workingDirectory: string, path: string): string {
  return isAbsolute(path) ? path : resolve(join(workingDirectory, path));
}
