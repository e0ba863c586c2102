import { z } from 'zod';

/** One series with its value. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export type Samples = readonly Sample[];

const answerSchema = z.array(
  z.object({
    name: z.string(),
    values: z.array(
      z.object({
        metricName: z.string().optional(),
        labels: z.record(z.string(), z.union([z.string(), z.number()])),
        value: z.number().nullable(),
      }),
    ),
  }),
);

/** The series of what `/metrics.json` answered; null: it is no such answer. */
export function readSamples(answer: unknown): Samples | null {
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) return null;
  return parsed.data.flatMap(({ name, values }) =>
    values.map(({ metricName = name, labels, value }) => ({
      name: metricName,
      labels: Object.fromEntries(Object.entries(labels).map(([key, label]) => [key, String(label)])),
      value: value ?? 0,
    })),
  );
}

/** The values of a metric, by one of its labels; several series of a label are added up. */
export function sumBy(samples: Samples, name: string, label: string): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const sample of samples) {
    if (sample.name !== name) continue;
    const key = sample.labels[label] ?? '';
    sums.set(key, (sums.get(key) ?? 0) + sample.value);
  }
  return sums;
}

/**
 * What was counted between two looks. A counter that went down began anew with its process: then all that it has is new. One
 * that was not there before has counted since the look before, unless nothing was known then (`before` is null).
 */
export function increases(before: Samples | null, after: Samples): Samples {
  if (before === null) return after.map(sample => ({ ...sample, value: 0 }));
  const known = new Map(before.map(sample => [seriesOf(sample), sample.value]));
  return after.map(sample => {
    const earlier = known.get(seriesOf(sample)) ?? 0;
    return { ...sample, value: sample.value >= earlier ? sample.value - earlier : sample.value };
  });
}

function seriesOf({ name, labels }: Sample): string {
  const sorted = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([name, sorted]);
}

export interface Quantiles {
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** The last bound of the histogram: a quantile that has reached it may be anything above. */
  readonly limit: number;
}

/** Of a histogram in seconds, between the bounds of its buckets as if they were filled evenly; null: nothing was counted. */
export function quantilesMs(samples: Samples, histogram: string): Quantiles | null {
  const buckets = [...sumBy(samples, `${histogram}_bucket`, 'le')]
    .map(([le, count]) => ({ bound: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le), count }))
    .toSorted((a, b) => a.bound - b.bound);
  const count = buckets.at(-1)?.count ?? 0;
  if (count === 0) return null;
  const limit = buckets.findLast(({ bound }) => Number.isFinite(bound))?.bound ?? 0;
  const quantile = (part: number) => {
    const rank = part * count;
    const at = buckets.findIndex(bucket => bucket.count >= rank);
    const { bound = limit, count: upTo = count } = buckets[at] ?? {};
    if (!Number.isFinite(bound)) return limit * 1_000;
    const { bound: lower = 0, count: below = 0 } = buckets[at - 1] ?? {};
    const inside = upTo === below ? 1 : (rank - below) / (upTo - below);
    return (lower + (bound - lower) * inside) * 1_000;
  };
  return { p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99), limit: limit * 1_000 };
}
