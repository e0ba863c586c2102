import { commonRows } from './metric-rows/common.ts';
import { consoleRows } from './metric-rows/console.ts';
import { eventLogRows } from './metric-rows/event-log.ts';
import { handlerRows } from './metric-rows/handlers.ts';
import { ingressRows } from './metric-rows/ingress.ts';
import type { MetricRow } from './metric-rows/metric-row.ts';
import { processorRows } from './metric-rows/processor.ts';
import { workRows } from './metric-rows/work.ts';

/**
 * Every metric, in one table; its rows are in metric-rows/. Services build theirs from it (metric-factory.ts), docs/metrics.md is
 * generated from it, and dashboards and alerts can be checked against it. Labels have few values by construction (configured
 * names, tiers, reasons of a union), never ids, paths or anything else that a request brings.
 */
export const metricTable = {
  ...ingressRows,
  ...eventLogRows,
  ...commonRows,
  ...processorRows,
  ...workRows,
  ...handlerRows,
  ...consoleRows,
} as const satisfies Record<string, MetricRow>;

/** On every metric. */
export const SERVICE_LABEL = 'service';

type MetricTable = typeof metricTable;
export type MetricKey = keyof MetricTable;
/** Those of one type. */
export type KeyOf<Type extends MetricRow['type']> = {
  [K in MetricKey]: MetricTable[K]['type'] extends Type ? K : never;
}[MetricKey];
export type LabelOf<K extends MetricKey> = MetricTable[K]['labels'][number];
