import type { MetricRow } from '@ackline/runtime/metric-rows/metric-row';
import { processMetrics } from '@ackline/runtime/process-metrics';
import { metricTable, SERVICE_LABEL } from '@ackline/runtime/metric-table';
import { promqlNames, type Selector } from './promql-names.ts';

type KnownMetric = Pick<MetricRow, 'name' | 'type' | 'labels'>;

/** What Prometheus itself, or who tells it of the targets, puts on each series. */
const SCRAPE_LABELS = ['job', 'instance', 'namespace'];
/** Prometheus' own, of each target. */
const UP: KnownMetric = { name: 'up', type: 'gauge', labels: [] };
const HISTOGRAM_PART = /_(bucket|sum|count)$/;
/** `{{ $labels.source }}` of an alert, `{{source}}` of a legend. */
const TEMPLATE_LABEL = /\{\{\s*(?:\$labels\.)?(\w+)/g;
/** Words of templates that are no label. */
const TEMPLATE_WORDS = new Set(['value', 'labels']);

const known: ReadonlyMap<string, KnownMetric> = new Map(
  [...Object.values(metricTable as Record<string, KnownMetric>), ...processMetrics, UP].map(row => [
    row.name,
    row,
  ]),
);

/** Which metrics and labels of the expression, and of the text that shows its result, are not in the table of metrics. */
export function problemsOf(expr: string, template: string): string[] {
  try {
    const { selectors, groupings } = promqlNames(expr);
    if (selectors.length === 0) return ['it asks for no metric'];
    const allowed = new Set([...SCRAPE_LABELS, ...selectors.flatMap(labelsOf)]);
    const shown = [...template.matchAll(TEMPLATE_LABEL)].map(([, label = '']) => label);
    return [
      ...selectors.flatMap(selectorProblems),
      ...groupings.filter(label => !allowed.has(label)).map(label => `no metric here has the label ${label}`),
      ...shown
        .filter(label => !allowed.has(label) && !TEMPLATE_WORDS.has(label))
        .map(label => `its text shows the label ${label}, which it has not`),
    ];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function selectorProblems(selector: Selector): string[] {
  const row = rowOf(selector.metric);
  if (row === undefined) return [`${selector.metric} is not in the table of metrics`];
  const labels = [...SCRAPE_LABELS, ...labelsOf(selector)];
  return selector.labels
    .filter(label => !labels.includes(label))
    .map(label => `${selector.metric} has no label ${label}`);
}

function labelsOf({ metric }: Selector): readonly string[] {
  const row = rowOf(metric);
  if (row === undefined) return [];
  return [...row.labels, SERVICE_LABEL, ...(metric.endsWith('_bucket') ? ['le'] : [])];
}

/** A histogram has samples under its parts' names only. */
function rowOf(metric: string): KnownMetric | undefined {
  const row = known.get(metric);
  if (row !== undefined && row.type !== 'histogram') return row;
  const histogram = known.get(metric.replace(HISTOGRAM_PART, ''));
  return histogram?.type === 'histogram' && HISTOGRAM_PART.test(metric) ? histogram : undefined;
}
