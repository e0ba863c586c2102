import type { MetricRow } from '@ackline/runtime/metric-rows/metric-row';
import type { Histogram, Registry } from 'prom-client';

/** Times counted by bucket, in some rows of one histogram. prom-client's own `observe` would make a text of the labels for each of them. */
export class TimeCounts {
  readonly counts: Float64Array;
  readonly sumsMs: Float64Array;
  private readonly boundsMs: readonly number[];

  constructor(rows: number, boundsMs: readonly number[]) {
    this.boundsMs = boundsMs;
    // One bucket more for what is over the last bound.
    this.counts = new Float64Array(rows * (boundsMs.length + 1));
    this.sumsMs = new Float64Array(rows);
  }

  /** A negative time is none. */
  add(row: number, ms: number): void {
    if (ms < 0) return;
    let bucket = 0;
    while (bucket < this.boundsMs.length && ms > (this.boundsMs[bucket] ?? 0)) bucket += 1;
    const at = row * (this.boundsMs.length + 1) + bucket;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.sumsMs[row] = (this.sumsMs[row] ?? 0) + ms;
  }
}

export function boundsInMs({ buckets }: { readonly buckets: readonly number[] }): readonly number[] {
  return buckets.map(seconds => seconds * 1_000);
}

/** One row of counts, and what it is of. */
export interface TimeSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly times: TimeCounts;
  readonly row: number;
}

interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** A histogram of prom-client's form over times that are kept elsewhere; read when it is scraped. */
export function registerTimes(
  registry: Registry,
  row: MetricRow & Required<Pick<MetricRow, 'buckets'>>,
  read: () => Iterable<TimeSeries>,
): void {
  const { name, help, buckets } = row;
  const histogram = {
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    get: () =>
      Promise.resolve({
        ...histogram,
        values: [...read()].flatMap(series => samplesOf(name, buckets, series)),
      }),
    reset: () => undefined,
  };
  // A registry takes anything that has a name and `get`; its types know only the library's own classes.
  registry.registerMetric(histogram as unknown as Histogram);
}

function samplesOf(
  name: string,
  bounds: readonly number[],
  { labels, times, row }: TimeSeries,
): readonly Sample[] {
  const samples: Sample[] = [];
  let count = 0;
  for (let bucket = 0; bucket <= bounds.length; bucket += 1) {
    count += times.counts[row * (bounds.length + 1) + bucket] ?? 0;
    const le = bounds[bucket] ?? '+Inf';
    samples.push({ metricName: `${name}_bucket`, labels: { le, ...labels }, value: count });
  }
  if (count === 0) return [];
  samples.push({ metricName: `${name}_sum`, labels, value: (times.sumsMs[row] ?? 0) / 1_000 });
  samples.push({ metricName: `${name}_count`, labels, value: count });
  return samples;
}
