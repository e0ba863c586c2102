import type { Overview } from './overview-query.ts';

/** One line of a chart. */
export interface Series {
  readonly label: string;
  /** null: there was none. */
  readonly values: readonly (number | null)[];
}

export interface ChartFacts {
  readonly title: string;
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
}

/** More lines than this nobody tells apart. */
const MAX_LINES = 6;

const NUMBER = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const msText = (value: number) => `${NUMBER.format(value)} ms`;
const rateText = (value: number) => `${NUMBER.format(value)}/min`;

/** What the page draws. What is not all told yet is left out: it would look like a fall. */
export function knownOf(overview: Overview) {
  const until = Date.parse(overview.completeUntil) - overview.stepS * 1_000;
  const count = Math.max(1, overview.points.at.findLastIndex(at => Date.parse(at) <= until) + 1);
  const at = overview.points.at.slice(0, count);
  return {
    at,
    /** Since 1970. */
    seconds: at.map(time => Date.parse(time) / 1_000),
    charts: chartsOf(overview).map(({ series, ...chart }) => ({
      ...chart,
      series: series.map(({ label, values }) => ({ label, values: values.slice(0, count) })),
    })),
  };
}

function chartsOf({ points, sources, stepS }: Overview): readonly ChartFacts[] {
  const perMinute = (counts: readonly number[]) => counts.map(count => (count * 60) / stepS);
  const rate = (label: string, counts: readonly number[]): Series => ({ label, values: perMinute(counts) });
  const { accepted } = points;
  return [
    {
      title: 'Time to the answer',
      series: [
        { label: 'p50', values: points.ackP50Ms },
        { label: 'p95', values: points.ackP95Ms },
        { label: 'p99', values: points.ackP99Ms },
      ],
      format: msText,
    },
    {
      title: 'Accepted, by tier',
      series: [rate('Kafka', accepted.kafka), rate('inbox', accepted.inbox), rate('spool', accepted.spool)],
      format: rateText,
    },
    {
      title: 'Accepted, by source',
      series: sources.slice(0, MAX_LINES).map(each => rate(each.source, each.accepted)),
      format: rateText,
    },
    {
      title: 'Deliveries',
      series: [
        rate('delivered', points.delivered),
        rate('failed attempts', points.failed),
        rate('parked', points.parked),
      ],
      format: rateText,
    },
  ];
}

/** Nothing came and nothing went out. */
export function isStill({ points: { accepted, stored, delivered, failed, parked } }: Overview): boolean {
  const all = [...Object.values(accepted), stored, delivered, failed, parked];
  return all.every(counts => counts.every(count => count === 0));
}
