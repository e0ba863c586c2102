import { formatCount, formatMs, plural } from '../output/units.ts';
import { percentile } from '../send/send-figures.ts';
import { histogramLines, histogramOf } from './histogram.ts';
import type { RequirementResult } from './requirements.ts';
import type { BenchPlan, BenchResult, PartName, PartResult } from './run-bench.ts';
import { formatPercent, percentOf, verdictOf } from './verdict.ts';

export interface BenchReport extends BenchResult {
  readonly url: string;
  readonly source: string;
  readonly provider: string;
  readonly plan: BenchPlan;
  readonly minSuccessPercent: number;
  /** Why it fails; empty where it does not. */
  readonly problems: readonly string[];
  /** Stopped by a signal before its end. */
  readonly interrupted: boolean;
}

const INDENT = '  ';

export function formatBench(report: BenchReport): string {
  const { url, source, provider, parts, requirements } = report;
  const sections = [
    `${url}: signed samples of ${provider} for the source ${source}, each a new event`,
    ...parts.map(part => formatPart(part, report)),
    requirements.map(requirementLine).join('\n'),
  ];
  if (report.interrupted) {
    sections.push(
      `Interrupted: these are the figures so far; ${plural(report.unanswered, 'request')} had no answer yet.`,
    );
  }
  return sections.join('\n\n');
}

function formatPart({ part, planned, perSecond, figures }: PartResult, report: BenchReport): string {
  const { sortedMs, averageMs, maxMs, byOutcome } = figures;
  const at = (share: number) => formatMs(percentile(sortedMs, share));
  const outcomes = [...byOutcome].map(([outcome, count]) => `${outcome} × ${formatCount(count)}`);
  const lines = [
    verdictOf(figures, report.minSuccessPercent),
    `Average response time: ${formatMs(averageMs)} (p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, slowest ${formatMs(maxMs)})`,
    `Success rate: ${formatPercent(figures)} (${outcomes.join(', ') || 'none sent'})${rateText(perSecond)}`,
    ...(part === 'cached' ? [`Answered without another append: ${formatCount(report.fromCache)}`] : []),
    ...histogramLines(histogramOf(sortedMs), formatCount),
  ];
  const reached = figures.count < planned ? `; ${formatCount(figures.count)} done` : '';
  return [`${describePart(part, planned, report.plan)}${reached}`, ...lines.map(line => INDENT + line)].join(
    '\n',
  );
}

function describePart(part: PartName, planned: number, { concurrency, rate, seconds }: BenchPlan): string {
  const requests = plural(planned, 'request');
  switch (part) {
    case 'single':
      return `Single: ${requests}, one at a time`;
    case 'cached':
      return 'Cached: each of these again as it was, as a provider sends it that missed the answer';
    case 'concurrent':
      return `Concurrent: ${requests}, ${concurrency} at a time`;
    case 'sustained':
      return `Sustained: ${requests}, ${rate} a second for ${seconds} s, each timed from when it was due`;
    default: {
      const never: never = part;
      return never;
    }
  }
}

function rateText(perSecond: number | null): string {
  return perSecond === null ? '' : `, ${perSecond.toFixed(1)} accepted a second`;
}

function requirementLine({ text, count, missed, averageMs, maxMs, by }: RequirementResult): string {
  if (count === 0) return `${text}: not known, the answers have no Server-Timing`;
  const verdict = missed === 0 ? 'met' : `NOT met by ${formatCount(missed)} of ${formatCount(count)}`;
  const clock = by === 'server' ? ' by the clock of the ingress' : '';
  return `${text}: ${verdict} (average ${formatMs(averageMs)}, slowest ${formatMs(maxMs)}${clock})`;
}

/** For scripts: milliseconds, shares in percent. */
export function benchJson(report: BenchReport): string {
  const { url, source, provider, parts, requirements, fromCache, unanswered, interrupted, problems } = report;
  return JSON.stringify({
    ok: problems.length === 0,
    url,
    source,
    provider,
    interrupted,
    unanswered,
    parts: parts.map(({ figures, ...part }) => ({
      ...part,
      requests: figures.count,
      accepted: figures.accepted,
      successPercent: percentOf(figures),
      averageMs: figures.averageMs,
      p50Ms: percentile(figures.sortedMs, 0.5),
      p95Ms: percentile(figures.sortedMs, 0.95),
      p99Ms: percentile(figures.sortedMs, 0.99),
      maxMs: figures.maxMs,
      outcomes: Object.fromEntries(figures.byOutcome),
      histogram: histogramOf(figures.sortedMs),
      verdict: verdictOf(figures, report.minSuccessPercent),
    })),
    fromCache,
    requirements,
    problems,
  });
}
