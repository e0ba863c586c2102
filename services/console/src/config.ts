import { DRAIN_DEADLINE_MS } from '@ackline/runtime/drain';
import { type Environment, parseEnvironment } from '@ackline/runtime/environment';
import { commonFields, eventLogFields, port } from '@ackline/runtime/environment-fields';
import { isLoopback } from '@ackline/runtime/loopback';
import type { ProgramConfig } from '@ackline/runtime/main-program';
import { z } from 'zod';
import { checkOidc, type OidcConfig, oidcConfigOf, oidcFields } from './access/oidc/oidc-config.ts';
import type { OriginRules } from './access/origin.ts';

const DEFAULT_PORT = 8081;
const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_INGRESS_URL = 'http://127.0.0.1:8080';

const ORIGIN_RULE = 'must be https://name or http://name, with a port where it has one, and no path';

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text;
}

/** As an origin, also with the port that its protocol has anyway. */
function isBase(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`;
}

const TRACE_ID = '{traceId}';
const TRACE_URL_RULE = `must be a URL (https or http) with ${TRACE_ID} in it`;

function isTraceUrl(text: string): boolean {
  const url = URL.parse(text.replaceAll(TRACE_ID, '0'));
  return url !== null && /^https?:$/.test(url.protocol) && text.includes(TRACE_ID);
}

/** docs/environment.md is written from it. */
export const environmentSchema = z
  .object({
    ...commonFields,
    DATABASE_URL: eventLogFields.DATABASE_URL,
    CONSOLE_HOST: z.string().default(DEFAULT_HOST).meta({
      title: 'address',
      description:
        'Where the console listens. Each call needs a token of `ackline tokens create`; with ACKLINE_ENV=development and on loopback whoever is on this machine needs none.',
    }),
    CONSOLE_PUBLIC_URL: z
      .string()
      .transform(text => text.replace(/\/$/, ''))
      .refine(isOrigin, ORIGIN_RULE)
      .nullable()
      .default(null)
      .meta({
        title: '`https://console.example.com`',
        description:
          'Where people open the console, behind a proxy that ends TLS: by https its cookies are for https alone. It must be at the root of its name.',
        unset: 'by what the proxy says: `Host` and `X-Forwarded-Proto`',
      }),
    CONSOLE_INGRESS_URL: z
      .string()
      .refine(isBase, ORIGIN_RULE)
      .transform(text => new URL(text).origin)
      .default(DEFAULT_INGRESS_URL)
      .meta({
        title: '`http://ackline-ingress:8080`',
        description:
          'Where the console sends the samples that a person asks for: an ingress, as its network reaches it. `ackline up` sets it.',
      }),
    CONSOLE_TRACE_URL: z.string().refine(isTraceUrl, TRACE_URL_RULE).nullable().default(null).meta({
      title: '`https://grafana.example.com/explore?traceId={traceId}`',
      description:
        'Where the traces of events are looked at: the page of an event has a link there, with its trace in the place of `{traceId}`.',
      unset: 'the page shows the id of the trace alone',
    }),
    CONSOLE_PORT: port(DEFAULT_PORT).describe('The port of the console: the operator API below /api/v1.'),
    ...oidcFields,
  })
  .superRefine(checkOidc);

export interface ConsoleConfig extends ProgramConfig {
  readonly isProduction: boolean;
  /** The path of ackline.yaml. */
  readonly configFile: string;
  readonly http: { readonly host: string; readonly port: number };
  /** `isLocal`: no token is asked for, since it is in development, and only this machine reaches it. */
  readonly rules: OriginRules;
  /** Who else may sign in; null: those who have a token. */
  readonly oidc: OidcConfig | null;
  /** Where samples are sent. */
  readonly ingressUrl: string;
  /** Where a trace is looked at; null: that is not known. */
  readonly traceUrl: ((traceId: string) => string) | null;
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
    rules: {
      isLocal: env.ACKLINE_ENV === 'development' && isLoopback(env.CONSOLE_HOST),
      publicUrl: env.CONSOLE_PUBLIC_URL === null ? null : new URL(env.CONSOLE_PUBLIC_URL),
    },
    oidc: oidcConfigOf(env),
    ingressUrl: env.CONSOLE_INGRESS_URL,
    traceUrl: traceUrlOf(env.CONSOLE_TRACE_URL),
    operations: { host: env.OPS_HOST, port: env.OPS_PORT },
    databaseUrl: env.DATABASE_URL,
    environment: Object.freeze({ ...environment }),
  });
}

function traceUrlOf(template: string | null): ConsoleConfig['traceUrl'] {
  return template === null ? null : traceId => template.replaceAll(TRACE_ID, encodeURIComponent(traceId));
}
