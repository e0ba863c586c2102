import { AggregatorRegistry } from 'prom-client';

/** Metrics as `/metrics.json` gives them. */
export type MetricsAnswer = readonly object[];

/** What one process said when it was asked. */
export interface AskedProcess {
  /** The same for each question to one place; another process may have it later. */
  readonly process: object;
  /** Where it was asked; null where it does not listen. */
  readonly port: number | null;
  /** null: it did not answer. */
  readonly answer: MetricsAnswer | null;
}

/** Keeps the sums over processes from going down when one of them ends, is replaced or does not answer for once. */
export interface KeptCounters {
  /** What is to be added up now. Not to be called again before it has resolved. */
  update(asked: readonly AskedProcess[]): Promise<MetricsAnswer[]>;
}

interface Kept {
  readonly port: number | null;
  readonly answer: MetricsAnswer;
}

/** One of `MetricsAnswer`. */
export interface Metric {
  readonly name: string;
  readonly type: string;
  readonly aggregator: string;
  readonly values: readonly {
    readonly value: number;
    readonly labels: Readonly<Record<string, string>>;
    readonly metricName?: string;
  }[];
}

/** It holds one answer of each process that runs, and one sum of those that have ended. */
export function createKeptCounters(): KeptCounters {
  let ended: MetricsAnswer = [];
  const last = new Map<object, Kept>();

  return {
    async update(asked) {
      const over: MetricsAnswer[] = [];
      for (const { process, port, answer } of asked) {
        const known = last.get(process);
        if (answer === null) continue;
        if (known !== undefined && isAnother(known, port, answer)) over.push(countersOf(known.answer));
        last.set(process, { port, answer });
      }
      const runs = new Map(asked.map(({ process, port }) => [process, port]));
      const present: MetricsAnswer[] = [];
      for (const [process, { port, answer }] of last) {
        const portNow = runs.get(process);
        if (portNow === undefined) {
          over.push(countersOf(answer));
          last.delete(process);
        } else {
          present.push(portNow === port ? answer : countersOf(answer)); // the gauges of one that has ended say nothing
        }
      }
      if (over.length > 0) ended = await addUp([ended, ...over]);
      return [ended, ...present];
    },
  };
}

/** Sums of fractions that are added up in another order differ by less. */
const ROUNDING = 1e-9;

/** Counters of one process never go down. */
function isAnother(known: Kept, port: number | null, answer: MetricsAnswer): boolean {
  if (known.port !== port) return true;
  const before = valuesOf(known.answer);
  return [...valuesOf(answer)].some(([series, value]) => value < (before.get(series) ?? 0) * (1 - ROUNDING));
}

function valuesOf(answer: MetricsAnswer): Map<string, number> {
  return new Map(
    countersOf(answer).flatMap(({ name, values }) =>
      values.map(
        ({ metricName = name, labels, value }) => [`${metricName} ${JSON.stringify(labels)}`, value] as const,
      ),
    ),
  );
}

function countersOf(answer: MetricsAnswer): Metric[] {
  return answer.filter(isMetric).filter(({ type, aggregator }) => {
    return (type === 'counter' || type === 'histogram') && aggregator === 'sum';
  });
}

export function isMetric(value: object): value is Metric {
  return 'name' in value && 'type' in value && 'values' in value && Array.isArray(value.values);
}

async function addUp(answers: readonly MetricsAnswer[]): Promise<MetricsAnswer> {
  return AggregatorRegistry.aggregate([...answers]).getMetricsAsJSON();
}
