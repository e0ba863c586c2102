import { metricTable } from '@ackline/runtime/metric-table';
import type { ProviderRules } from '@ackline/shared/provider';
import { providerOf } from '@ackline/shared/providers/registry';
import { findOperationsUrl } from '../../top/look.ts';
import { quantilesMs, type Samples, sumBy } from '../../top/metric-samples.ts';
import { readService } from '../../top/read-services.ts';
import { formatCount, formatMs, plural } from '../../output/units.ts';
import { type Examination, finding } from '../examination.ts';
import { type Examined, type Finding, joined, notLookedAt, only } from '../finding.ts';

/** One that fails now and then is no trouble. */
const REFUSED_IN_A_ROW = 10;

/** What the services have counted since they started. `urls`: of operations ports; without any, that of this machine. */
export async function examineServices(examination: Examination, urls: readonly string[]): Promise<Examined> {
  const asked = urls.length > 0 ? urls : [await findOperationsUrl(examination.config)];
  const answers = await Promise.all(asked.map(readService));
  const away = answers.filter(({ problem }) => problem !== null);
  if (urls.length === 0 && away.length > 0) {
    return notLookedAt(
      'what services counted',
      `no operations port answers at ${asked.join(', ')} (--ops names others)`,
    );
  }
  return joined([
    only(away.map(({ url, problem }) => finding('service-away', url, problem ?? 'it does not answer'))),
    only(
      counted(
        examination,
        answers.flatMap(({ samples }) => samples ?? []),
      ),
    ),
  ]);
}

export function counted(examination: Examination, samples: Samples): readonly Finding[] {
  const unacked = sumBy(samples, metricTable.ingressUnackedRun.name, 'source');
  const lost = sumBy(samples, metricTable.ingressEventsLost.name, 'source');
  const limited = sumBy(samples, metricTable.limitHits.name, 'verdict').get('rejected') ?? 0;
  const sources = examination.acklineConfig?.sources ?? [];
  return [
    ...sources.flatMap(source => {
      const rules = providerOf(source)?.rules ?? null;
      const subject = `source ${source.name}`;
      return [
        ...refused(subject, unacked.get(source.name) ?? 0, rules),
        ...slow(subject, p99Of(samples, source.name), rules?.waitsMs ?? null),
      ];
    }),
    ...[...lost].flatMap(([name, count]) =>
      count > 0 ? [finding('event-lost', `source ${name}`, `${plural(count, 'event')} since the start`)] : [],
    ),
    ...(limited > 0
      ? [finding('limit-hit', null, `${formatCount(limited)} requests over a limit since the start`)]
      : []),
  ];
}

function refused(subject: string, count: number, rules: ProviderRules | null): readonly Finding[] {
  const { disables } = rules ?? { disables: false };
  if (count <= borneBy(rules)) return [];
  const what = `${plural(count, 'request')} refused in a row`;
  return [finding(disables ? 'webhook-at-risk' : 'webhook-refused', subject, what)];
}

/** One that sends again bears some, though many in a row may disable its webhook as well. */
function borneBy(rules: ProviderRules | null): number {
  if (rules?.bears !== undefined) return rules.bears;
  return rules !== null && rules.disables && !rules.sendsAgain ? 0 : REFUSED_IN_A_ROW - 1;
}

function p99Of(samples: Samples, source: string): number | null {
  const own = samples.filter(({ labels }) => labels['source'] === source);
  return quantilesMs(own, metricTable.ingressAckSeconds.name)?.p99 ?? null;
}

/** Half of what the provider waits is spent: the network takes its part too. */
function slow(subject: string, p99Ms: number | null, waitsMs: number | null): readonly Finding[] {
  if (p99Ms === null || waitsMs === null || p99Ms < waitsMs / 2) return [];
  return [
    finding(
      'answer-slow',
      subject,
      `one answer in a hundred takes ${formatMs(p99Ms)} or more, the provider waits ${formatMs(waitsMs)}`,
    ),
  ];
}
