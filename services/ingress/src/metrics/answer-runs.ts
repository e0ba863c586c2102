import type { MetricFactory } from '@ackline/runtime/metric-factory';

/** How providers were answered of late: some disable a webhook that fails too often in a row. */
export interface AnswerRuns {
  /** A 2xx. */
  acked(source: string): void;
  /** What a provider sees as a failure. */
  refused(source: string): void;
}

interface LastAnswers {
  /** Refusals since the last 2xx. */
  run: number;
  /** Epoch milliseconds; 0: not since the start. */
  ackedAt: number;
  refusedAt: number;
}

export interface AnswerRunsDeps {
  /** Of the sources that there are now: each is shown before anything has happened to it. */
  readonly configured: () => readonly { readonly name: string }[];
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const NONE: Readonly<LastAnswers> = { run: 0, ackedAt: 0, refusedAt: 0 };

/** Each process knows its own answers alone. By their times several are put together (`processes/live-runs.ts`, and the alert). */
export function createAnswerRuns(metrics: MetricFactory, { configured, now }: AnswerRunsDeps): AnswerRuns {
  const sources = new Map<string, LastAnswers>();
  const of = (source: string): LastAnswers => {
    const known = sources.get(source) ?? { ...NONE };
    sources.set(source, known);
    return known;
  };
  const shown = () => configured().map(({ name }) => [name, sources.get(name) ?? NONE] as const);
  metrics.read('ingressUnackedRun', () => shown().map(([source, { run }]) => [{ source }, run]));
  metrics.read('ingressAnsweredAt', () =>
    shown().flatMap(([source, { ackedAt, refusedAt }]) => [
      [{ source, answer: 'ack' }, ackedAt / 1_000],
      [{ source, answer: 'refusal' }, refusedAt / 1_000],
    ]),
  );
  return {
    acked(source) {
      const last = of(source);
      last.run = 0;
      last.ackedAt = now();
    },
    refused(source) {
      const last = of(source);
      last.run += 1;
      last.refusedAt = now();
    },
  };
}
