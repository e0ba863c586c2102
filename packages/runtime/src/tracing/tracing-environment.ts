import { z } from 'zod';

/** Where spans go, and how many of them. */
export interface TracingSettings {
  /** The whole URL that takes them. */
  readonly url: string;
  /** With each request; may hold a token: not for logs. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of the traces that begin here, [0, 1]. */
  readonly ratio: number;
}

const DEFAULT_RATIO = '0.1';
const URL_RULE = 'must be http://host:port, or https://';
const TRACES_PATH = '/v1/traces';

const httpUrl = z
  .string()
  .refine(text => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), URL_RULE)
  .nullable()
  .default(null);

/** OpenTelemetry's own names, for whoever has them set already; a service spreads them into its schema. */
export const tracingFields = {
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.meta({
    title: '`http://host:4318`, or https',
    description: `The collector that takes spans by OTLP/HTTP, below it at \`${TRACES_PATH}\` ([traces](tracing.md)).`,
    unset: 'no traces',
  }),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: httpUrl.meta({
    title: 'a whole URL',
    description: 'Where spans go, in place of the one above.',
    unset: 'the one above',
  }),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .transform((text, context) => {
      const headers = parseHeaders(text);
      if (headers !== null) return headers;
      context.addIssue('must be name=value, several with commas, percent-encoded');
      return z.NEVER;
    })
    .nullable()
    .default(null)
    .meta({
      title: '`name=value`, several with commas',
      description: 'Sent to the collector with each request.',
      unset: 'none',
      secret: true,
    }),
  /** Read by OpenTelemetry's own detector. */
  OTEL_RESOURCE_ATTRIBUTES: z.string().optional().meta({
    title: '`name=value`, several with commas',
    description: 'Shown on each span, beside `service.name`: `deployment.environment.name=staging`.',
    unset: 'none',
  }),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(?:0(?:\.\d{1,9})?|1(?:\.0{1,9})?)$/, 'must be a number from 0 to 1')
    .prefault(DEFAULT_RATIO)
    .transform(Number)
    .meta({
      title: 'number, [0, 1]',
      description:
        'The part of the traces beginning here that is recorded. Where a trusted proxy sends a `traceparent`, that decides. Errors and slow requests always are.',
      unset: `\`${DEFAULT_RATIO}\``,
    }),
} as const;

interface TracingEnvironment {
  readonly OTEL_EXPORTER_OTLP_ENDPOINT: string | null;
  readonly OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: string | null;
  readonly OTEL_EXPORTER_OTLP_HEADERS: Readonly<Record<string, string>> | null;
  readonly OTEL_TRACES_SAMPLER_ARG: number;
}

/** null: no endpoint is configured, and there are no traces. */
export function tracingSettings(env: TracingEnvironment): TracingSettings | null {
  const base = env.OTEL_EXPORTER_OTLP_ENDPOINT;
  const url = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (base && base.replace(/\/*$/, '') + TRACES_PATH);
  if (url === null || url === '') return null;
  return { url, headers: env.OTEL_EXPORTER_OTLP_HEADERS ?? {}, ratio: env.OTEL_TRACES_SAMPLER_ARG };
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The form of W3C Baggage, as OpenTelemetry has it for headers; null: another one. */
function parseHeaders(text: string): Record<string, string> | null {
  const headers: Record<string, string> = {};
  for (const pair of text.split(',')) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, Math.max(at, 0)).trim();
    const value = decoded(pair.slice(at + 1).trim());
    if (!HEADER_NAME.test(name) || value === null) return null;
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

function decoded(text: string): string | null {
  try {
    const value = decodeURIComponent(text);
    return /^[\t\x20-\x7e\x80-\xff]*$/.test(value) ? value : null;
  } catch {
    return null;
  }
}
