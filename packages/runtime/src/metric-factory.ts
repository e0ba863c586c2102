import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { MetricRow } from './metric-rows/metric-row.ts';
import { type KeyOf, type LabelOf, metricTable } from './metric-table.ts';

type Labels<K extends KeyOf<MetricRow['type']>> = Readonly<Record<LabelOf<K>, string>>;

/** One number where there are no labels (null: there is nothing to say), else one for each set of them. */
export type Reading<K extends KeyOf<MetricRow['type']>> = [LabelOf<K>] extends [never]
  ? number | null
  : Iterable<readonly [labels: Labels<K>, value: number]>;

/** Builds a service's metrics: names, helps, labels and buckets are those of the table. */
export interface MetricFactory {
  counter<K extends KeyOf<'counter'>>(key: K): Counter<LabelOf<K>>;
  histogram<K extends KeyOf<'histogram'>>(key: K): Histogram<LabelOf<K>>;
  /** Reads it whenever the metrics are asked for; labels that are not read again are gone. */
  read<K extends KeyOf<'counter' | 'gauge'>>(key: K, read: () => Reading<K>): void;
}

export function createMetricFactory(registry: Registry): MetricFactory {
  const registers = [registry];
  const common = ({ name, help, labels }: MetricRow) => ({ name, help, labelNames: [...labels], registers });
  return {
    counter: key => new Counter(common(metricTable[key])),
    histogram: key => {
      const row: MetricRow = metricTable[key];
      return new Histogram({ ...common(row), buckets: [...(row.buckets ?? [])] });
    },
    read(key, read) {
      const row: MetricRow = metricTable[key];
      const collected = { ...common(row), aggregator: row.merged ?? ('sum' as const) };
      if (row.type === 'counter') {
        const counter: Counter = new Counter({
          ...collected,
          collect: () => refill(counter, (labels, value) => counter.inc(labels, value), read()),
        });
      } else {
        const gauge: Gauge = new Gauge({
          ...collected,
          collect: () => refill(gauge, (labels, value) => gauge.set(labels, value), read()),
        });
      }
    },
  };
}

type Samples = number | null | Iterable<readonly [labels: Readonly<Record<string, string>>, value: number]>;

function refill(
  metric: { reset(): void; remove(labels: object): void },
  put: (labels: Record<string, string>, value: number) => void,
  reading: Samples,
): void {
  metric.reset();
  if (reading === null) metric.remove({});
  else if (typeof reading === 'number') put({}, reading);
  else for (const [labels, value] of reading) put({ ...labels }, value);
}
