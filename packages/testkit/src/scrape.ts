/** One line of Prometheus text. */
export interface Sample {
  /** As written: a histogram's ends in _bucket, _sum or _count. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Scrape {
  readonly samples: readonly Sample[];
  /** The value of the only sample of this name that has these labels, whatever others it has; null: there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | null;
}

const ANSWER_LIMIT_MS = 10_000;
const LINE = /^(?<name>[a-z_][a-z0-9_]*)(?:\{(?<labels>.*)\})? (?<value>\S+)$/i;
const LABEL = /(?<key>[a-z_]+)="(?<value>(?:[^"\\]|\\.)*)"/gi;

/** What `/metrics` of this operations port says now. */
export async function scrape(operations: string): Promise<Scrape> {
  const response = await fetch(`${operations}/metrics`, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`/metrics answered ${response.status}: ${text}`);
  const samples = text
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(parseLine);
  return {
    samples,
    value(name, labels = {}) {
      const found = samples.filter(
        sample =>
          sample.name === name &&
          Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
      );
      if (found.length > 1) throw new Error(`${found.length} samples of ${name} ${JSON.stringify(labels)}`);
      return found[0]?.value ?? null;
    },
  };
}

function parseLine(line: string): Sample {
  const groups = LINE.exec(line)?.groups;
  if (groups === undefined) throw new Error(`no line of Prometheus text: ${line}`);
  const pairs = [...(groups['labels'] ?? '').matchAll(LABEL)].map(
    ({ groups: label }) => [label?.['key'] ?? '', label?.['value'] ?? ''] as const,
  );
  return { name: groups['name'] ?? '', labels: Object.fromEntries(pairs), value: Number(groups['value']) };
}
