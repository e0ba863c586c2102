import { labelNames, metricNames } from '@ackline/runtime/telemetry-names';
import type { Histogram, Registry } from 'prom-client';
import { PHASES } from './http/phase-clock.ts';

/** From what an HMAC takes to the deadlines of the logs. */
const BOUNDS_S = [0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const BOUNDS_MS = BOUNDS_S.map(seconds => seconds * 1_000);
/** One more for what is over the last bound. */
const BUCKETS = BOUNDS_S.length + 1;

/** The place behind the phases: all of a request's way, from its head to its answer. */
const WHOLE_WAY: number = PHASES.length;
const PLACES = PHASES.length + 1;

/** The times of one source's phases, and of all of them together. prom-client's own `observe` would make a text of the labels for each of them. */
export class SourcePhases {
  readonly counts: Float64Array = new Float64Array(PLACES * BUCKETS);
  readonly sumsMs: Float64Array = new Float64Array(PLACES);

  /** `timesMs` by the place of the phase; negative: it did not end. */
  addRequest(timesMs: readonly number[], isAnswered: boolean): void {
    let wholeMs = 0;
    for (let phase = 0; phase < PHASES.length; phase += 1) {
      const ms = timesMs[phase] ?? -1;
      this.add(phase, ms);
      if (ms > 0) wholeMs += ms;
    }
    if (isAnswered) this.add(WHOLE_WAY, wholeMs);
  }

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

interface SourceTimes {
  readonly source: string;
  readonly phases: SourcePhases;
}

/** The phases, and the whole way, as two metrics. */
export function registerPhaseHistograms(registry: Registry, read: () => readonly SourceTimes[]): void {
  register(registry, {
    name: metricNames.ingressPhaseSeconds,
    help: 'Time that a phase of a request took, by source and phase',
    series: () =>
      read().flatMap(({ source, phases }) =>
        PHASES.map((phase, place) => ({
          labels: { [labelNames.source]: source, [labelNames.phase]: phase },
          phases,
          place,
        })),
      ),
  });
  register(registry, {
    name: metricNames.ingressAckSeconds,
    help: 'Time from the head of a request to its answer, by source',
    series: () =>
      read().map(({ source, phases }) => ({
        labels: { [labelNames.source]: source },
        phases,
        place: WHOLE_WAY,
      })),
  });
}

interface Series {
  readonly labels: Record<string, string>;
  readonly phases: SourcePhases;
  readonly place: number;
}

/** A histogram of prom-client's form over times that are kept elsewhere; read when it is scraped. */
function register(
  registry: Registry,
  {
    name,
    help,
    series,
  }: { readonly name: string; readonly help: string; readonly series: () => readonly Series[] },
): void {
  const histogram = {
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    get: () => Promise.resolve({ ...histogram, values: series().flatMap(one => samplesOf(name, one)) }),
    reset: () => undefined,
  };
  // A registry takes anything that has a name and `get`; its types know only the library's own classes.
  registry.registerMetric(histogram as unknown as Histogram);
}

function samplesOf(name: string, { labels, phases, place }: Series): Sample[] {
  const samples: Sample[] = [];
  let count = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    count += phases.counts[place * BUCKETS + bucket] ?? 0;
    const le = BOUNDS_S[bucket] ?? '+Inf';
    samples.push({ metricName: `${name}_bucket`, labels: { le, ...labels }, value: count });
  }
  if (count === 0) return [];
  samples.push({ metricName: `${name}_sum`, labels, value: (phases.sumsMs[place] ?? 0) / 1_000 });
  samples.push({ metricName: `${name}_count`, labels, value: count });
  return samples;
}
