import type { Sample } from './scrape.ts';

/** A row of a table of docs/metrics.md, as the code's own table has it. */
export interface DocumentedMetric {
  readonly name: string;
  readonly needs?: string;
}

export interface Coverage {
  /** Documented, and without a sample. */
  readonly missing: readonly string[];
  /** With a sample, and not documented. */
  readonly unknown: readonly string[];
  /** Those that were not asked for, and what each needs. */
  readonly skipped: readonly string[];
}

/** Whether each documented metric has a sample, and each sample is documented; `here` is what this run has of what a metric may need. */
export function compareWithDocs(
  samples: readonly Sample[],
  documented: readonly DocumentedMetric[],
  here: readonly string[],
): Coverage {
  const seen = new Set(samples.map(({ name }) => name));
  const hasSample = (name: string) => seen.has(name) || seen.has(`${name}_count`);
  const names = new Set(documented.map(({ name }) => name));
  const isAsked = ({ needs }: DocumentedMetric) => needs === undefined || here.includes(needs);
  return {
    missing: documented.filter(row => isAsked(row) && !hasSample(row.name)).map(({ name }) => name),
    unknown: [...seen].filter(
      name => !names.has(name) && !names.has(name.replace(/_(?:bucket|sum|count)$/, '')),
    ),
    skipped: documented.filter(row => !isAsked(row)).map(({ name, needs }) => `${name} (${needs})`),
  };
}
