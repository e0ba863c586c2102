import { metricTable } from '@ackline/runtime/telemetry-names';
import type { Histogram, Registry } from 'prom-client';
import { PHASES } from './http/phase-clock.ts';

const { name, help, buckets: BOUNDS_S } = metricTable.ingressPhaseSeconds;
const BOUNDS_MS = BOUNDS_S.map(seconds => seconds * 1_000);
/** One more for what is over the last bound. */
const BUCKETS = BOUNDS_S.length + 1;

/** The times of one source's phases. prom-client's own `observe` would make a text of the labels for each of them. */
export class SourcePhases {
  readonly counts: Float64Array = new Float64Array(PHASES.length * BUCKETS);
  readonly sumsMs: Float64Array = new Float64Array(PHASES.length);

  /** A negative time is none. */
  add(phase: number, ms: number): void {
    if (ms < 0) return;
    let bucket = 0;
    while (bucket < BOUNDS_MS.length && ms > (BOUNDS_MS[bucket] ?? 0)) bucket += 1;
    const at = phase * BUCKETS + bucket;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.sumsMs[phase] = (this.sumsMs[phase] ?? 0) + ms;
  }
}

interface Sample {
  readonly metricName: string;
  readonly labels: Record<string, string | number>;
  readonly value: number;
}

/** A histogram of prom-client's form over times that are kept elsewhere; read when it is scraped. */
export function registerPhaseHistogram(
  registry: Registry,
  read: () => readonly { readonly source: string; readonly phases: SourcePhases }[],
): void {
  const histogram = {
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    get: () =>
      Promise.resolve({
        ...histogram,
        values: read().flatMap(({ source, phases }) =>
          PHASES.flatMap((phase, index) => samplesOf({ source, phase }, phases, index)),
        ),
      }),
    reset: () => undefined,
  };
  // A registry takes anything that has a name and `get`; its types know only the library's own classes.
  registry.registerMetric(histogram as unknown as Histogram);
}

function samplesOf(labels: Record<string, string>, phases: SourcePhases, index: number): Sample[] {
  const samples: Sample[] = [];
  let count = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    count += phases.counts[index * BUCKETS + bucket] ?? 0;
    const le = BOUNDS_S[bucket] ?? '+Inf';
    samples.push({ metricName: `${name}_bucket`, labels: { le, ...labels }, value: count });
  }
  if (count === 0) return [];
  samples.push({ metricName: `${name}_sum`, labels, value: (phases.sumsMs[index] ?? 0) / 1_000 });
  samples.push({ metricName: `${name}_count`, labels, value: count });
  return samples;
}
