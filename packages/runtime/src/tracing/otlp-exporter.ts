/** Loads OpenTelemetry's SDK: imported only where traces are on (docs/decisions/0015-tracing.md). */
import { type HrTime, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  type Resource,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { SpanRecord } from './span-recorder.ts';
import type { TracingSettings } from './tracing-environment.ts';

/** Of one batch, with what the exporter tries again within: a process that ends waits little longer than this for a collector that hangs. */
const SEND_LIMIT_MS = 3_000;

const KINDS: Readonly<Record<SpanRecord['kind'], SpanKind>> = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
};

/** ExportResultCode.SUCCESS of a package that is not ours to depend on. */
const EXPORTED = 0;
const SCOPE = { name: 'ackline' };

export interface OtlpExporter {
  /** Rejects where the collector did not take them in time. */
  send(spans: readonly SpanRecord[]): Promise<void>;
}

/** `service` is shown as `service.name`; beside it what OTEL_RESOURCE_ATTRIBUTES says. */
export function createOtlpExporter({ url, headers }: TracingSettings, service: string): OtlpExporter {
  const exporter = new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis: SEND_LIMIT_MS });
  const resource = defaultResource()
    .merge(detectResources({ detectors: [serviceInstanceIdDetector, resourceAttributesEnvDetector] }))
    .merge(resourceFromAttributes({ 'service.name': service }));
  return {
    send: spans =>
      new Promise((resolve, reject) => {
        exporter.export(
          spans.map(span => readable(span, resource)),
          ({ error, code }) => {
            if (code === EXPORTED) resolve();
            else reject(error ?? new Error('The collector took no spans'));
          },
        );
      }),
  };
}

function readable(span: SpanRecord, resource: Resource): ReadableSpan {
  const { name, traceId, spanId, parentId, startMs, endMs, attributes, links = [], events = [] } = span;
  return {
    name,
    kind: KINDS[span.kind],
    spanContext: () => contextOf({ traceId, spanId }),
    ...(parentId === null ? {} : { parentSpanContext: contextOf({ traceId, spanId: parentId }) }),
    startTime: hrTime(startMs),
    endTime: hrTime(endMs),
    duration: hrTime(Math.max(0, endMs - startMs)),
    status: { code: span.isError === true ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes,
    links: links.map(link => ({ context: contextOf(link) })),
    events: events.map(event => ({ name: event.name, time: hrTime(event.atMs) })),
    ended: true,
    resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** What is exported is sampled, whatever its trace is. */
function contextOf({ traceId, spanId }: Pick<SpanRecord, 'traceId' | 'spanId'>) {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
}

const NS_PER_MS = 1_000_000;
const MS_PER_S = 1_000;

function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / MS_PER_S);
  const rest = Math.round((ms - seconds * MS_PER_S) * NS_PER_MS);
  return [seconds, Math.min(rest, MS_PER_S * NS_PER_MS - 1)];
}
