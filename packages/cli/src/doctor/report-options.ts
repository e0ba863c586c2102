import { InvalidArgumentError, Option } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { asTyped } from '../output/program-name.ts';
import { type Impact, IMPACTS } from './finding-row.ts';
import { type FindingId, isFindingId } from './finding-rows.ts';
import { formatReport, reaches, type Report, reportJson } from './report.ts';

/** For scripts: it could look, and found something of this impact. An error of the look itself is 1. */
export const FOUND_EXIT_CODE = 2;

export interface ReportOptions {
  readonly failOn: Impact;
  readonly ignore: readonly FindingId[];
  readonly json?: true;
}

/** Of each command that reports. */
export function reportOptions(): readonly Option[] {
  return [
    new Option(
      '--fail-on <impact>',
      `exit with ${FOUND_EXIT_CODE} on findings of this impact, or a higher one`,
    )
      .choices(IMPACTS)
      .default('high'),
    new Option('--ignore <id>', 'leave findings of this id out; once for each')
      .argParser(collectIds)
      .default([], 'none'),
    new Option('--json', 'one JSON document'),
  ];
}

function collectIds(text: string, before: readonly FindingId[]): readonly FindingId[] {
  if (!isFindingId(text))
    throw new InvalidArgumentError('There is no finding of this id: see docs/doctor.md.');
  return [...before, text];
}

/** Prints it, and sets the exit status. */
export function showReport(
  context: CommandContext,
  { failOn, ignore, json }: ReportOptions,
  {
    heading,
    report,
    facts,
  }: {
    readonly heading: string;
    readonly report: Report;
    /** What the JSON has beside the findings. */
    readonly facts: Readonly<Record<string, unknown>>;
  },
): void {
  const findings = report.findings.filter(({ id }) => !ignore.includes(id));
  const accepted = report.accepted + report.findings.length - findings.length;
  const shown = { ...report, findings, accepted };
  const isFound = reaches(findings, failOn);
  context.terminal.line(
    json === true
      ? JSON.stringify({ ok: !isFound, failOn, ...facts, ...reportJson(shown) })
      : asTyped(formatReport(heading, shown)),
  );
  if (isFound) context.setExitCode(FOUND_EXIT_CODE);
}
