import { plural } from '../output/units.ts';
import type { Examined, Finding } from './finding.ts';
import { type Impact, IMPACTS } from './finding-row.ts';
import { type FindingId, rowOf } from './finding-rows.ts';

/** Of one kind; the rest is counted, and all are in the JSON. */
const MAX_SHOWN = 20;
/** Bounds the JSON; nobody repairs more at once. */
const MAX_FINDINGS = 2_000;

export interface Report extends Examined {
  /** Findings that somebody has accepted, in a source or by --ignore. */
  readonly accepted: number;
}

function impactOf({ id }: Pick<Finding, 'id'>): Impact {
  return rowOf(id).impact;
}

/** Each once, by impact; of one impact in the order of the examination. */
export function sorted(findings: readonly Finding[]): readonly Finding[] {
  const once = new Map(findings.map(finding => [JSON.stringify(finding), finding]));
  return IMPACTS.flatMap(impact => [...once.values()].filter(finding => impactOf(finding) === impact));
}

function countByImpact(findings: readonly Finding[]): Readonly<Record<Impact, number>> {
  const counts = { high: 0, medium: 0, low: 0 };
  for (const finding of findings) counts[impactOf(finding)] += 1;
  return counts;
}

/** Whether one of them has this impact, or a worse one. */
export function reaches(findings: readonly Finding[], failOn: Impact): boolean {
  const worst = IMPACTS.slice(0, IMPACTS.indexOf(failOn) + 1);
  return findings.some(finding => worst.includes(impactOf(finding)));
}

/** "2 high, 1 low", or "nothing found". */
function summaryOf(findings: readonly Finding[]): string {
  const counts = countByImpact(findings);
  const parts = IMPACTS.filter(impact => counts[impact] > 0).map(impact => `${counts[impact]} ${impact}`);
  return parts.length === 0 ? 'nothing found' : parts.join(', ');
}

/** Those of one kind together, with what it costs and what to do said once. */
export function formatReport(heading: string, { findings, unlooked, accepted }: Report): string {
  const byId = new Map<FindingId, Finding[]>();
  for (const finding of sorted(findings)) byId.set(finding.id, [...(byId.get(finding.id) ?? []), finding]);
  return [
    `${heading}: ${summaryOf(findings)}.`,
    ...[...byId].map(([id, group]) => formatGroup(id, group)),
    ...(accepted > 0 ? [`${plural(accepted, 'finding')} accepted, not shown.`] : []),
    ...(unlooked.length > 0
      ? [`Not looked at:\n${unlooked.map(({ part, reason }) => `  ${part}: ${reason}`).join('\n')}`]
      : []),
  ].join('\n\n');
}

function formatGroup(id: FindingId, group: readonly Finding[]): string {
  const { impact, why, fix } = rowOf(id);
  const rest = group.length - MAX_SHOWN;
  return [
    `${impact.toUpperCase().padEnd(6)}  ${id}`,
    ...group.slice(0, MAX_SHOWN).map(finding => `  ${formatFinding(finding)}`),
    ...(rest > 0 ? [`  … and ${rest} more`] : []),
    `  Why: ${why}`,
    `  Fix: ${fix}`,
  ].join('\n');
}

function formatFinding({ place, subject, what }: Finding): string {
  const where = place === null ? null : `${place.file}:${place.line}:${place.column}`;
  return [[where, subject].filter(part => part !== null).join('  '), what]
    .filter(part => part !== '')
    .join(': ');
}

/** For programs; names are API. */
export function reportJson(report: Report) {
  const findings = sorted(report.findings);
  return {
    counts: countByImpact(findings),
    findings: findings.slice(0, MAX_FINDINGS).map(({ id, place, subject, what }) => {
      const { impact, why, fix } = rowOf(id);
      const at = place ?? { file: null, line: null, column: null };
      return { id, impact, ...at, subject, what, why, fix };
    }),
    accepted: report.accepted,
    notLookedAt: report.unlooked,
  };
}
