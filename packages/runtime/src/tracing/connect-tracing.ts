import type { Registry } from 'prom-client';
import type { Logger } from '../logger.ts';
import { createMetricFactory } from '../metric-factory.ts';
import { createSpanRecorder, type SpanRecord } from './span-recorder.ts';
import type { TracingSettings } from './tracing-environment.ts';

/** Part of the drain: what a collector does not take by then is gone. */
const CLOSE_LIMIT_MS = 2_000;

/** Traces, switched on. */
export interface Tracing {
  /** Of the traces that begin here, [0, 1]. */
  readonly ratio: number;
  /** Waits for nothing, never throws. */
  record(span: SpanRecord): void;
  /** Sends what is there, for two seconds at most. Never rejects. */
  close(): Promise<void>;
}

export interface TracingDeps {
  /** As the collector shows it. */
  readonly service: string;
  readonly registry: Registry;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** null without an endpoint: then nothing of OpenTelemetry is loaded. */
export async function connectTracing(
  settings: TracingSettings | null,
  { service, registry, log }: TracingDeps,
): Promise<Tracing | null> {
  if (settings === null) return null;
  const { createOtlpExporter } = await import('./otlp-exporter.ts');
  const exporter = createOtlpExporter(settings, service);
  const dropped = createMetricFactory(registry).counter('traceSpansDropped');
  const recorder = createSpanRecorder({
    send: spans => exporter.send(spans),
    onDropped: count => dropped.inc(count),
    onTrouble(error) {
      if (error === null) log.info({}, 'traces.sent-again');
      else log.warn({ err: error }, 'traces.not-sent');
    },
  });
  return {
    ratio: settings.ratio,
    record: span => recorder.record(span),
    close: () => recorder.close(CLOSE_LIMIT_MS),
  };
}
