import { isMetric, type Metric, type MetricsAnswer } from '@ackline/runtime/kept-counters';
import { metricTable } from '@ackline/runtime/metric-table';

const RUN = metricTable.ingressUnackedRun.name;
const ANSWERED_AT = metricTable.ingressAnsweredAt.name;

/**
 * What several processes say, where a run of refusals is 0 that another one has ended by a 2xx since. Each knows its own answers
 * alone: one that gets nothing more of a source would show its run without end.
 */
export function withLiveRuns(answers: readonly MetricsAnswer[]): MetricsAnswer[] {
  const ackedAt = newest(answers.map(answer => timesOf(answer, 'ack')));
  return answers.map(answer => {
    const refusedAt = timesOf(answer, 'refusal');
    const isLive = (source: string) => (refusedAt.get(source) ?? 0) > (ackedAt.get(source) ?? 0);
    return answer.map(metric => (isMetric(metric) && metric.name === RUN ? ended(metric, isLive) : metric));
  });
}

function ended(metric: Metric, isLive: (source: string) => boolean): Metric {
  const values = metric.values.map(one => (isLive(sourceOf(one)) ? one : { ...one, value: 0 }));
  return { ...metric, values };
}

function timesOf(answer: MetricsAnswer, kind: 'ack' | 'refusal'): ReadonlyMap<string, number> {
  const samples = answer
    .filter(isMetric)
    .filter(({ name }) => name === ANSWERED_AT)
    .flatMap(({ values }) => values);
  return new Map(
    samples.filter(({ labels }) => labels['answer'] === kind).map(one => [sourceOf(one), one.value]),
  );
}

function newest(all: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const one of all) {
    for (const [source, at] of one) times.set(source, Math.max(at, times.get(source) ?? 0));
  }
  return times;
}

const sourceOf = ({ labels }: Metric['values'][number]): string => labels['source'] ?? '';
