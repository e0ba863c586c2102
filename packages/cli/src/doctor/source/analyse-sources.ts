import type { SourceCheck, SourceFault, SourceFindingId } from './check.ts';
import { findBlockingCalls } from './checks/blocking-calls.ts';
import { findClientsPerCall } from './checks/clients-per-call.ts';
import { findMissingAwaits } from './checks/missing-awaits.ts';
import { findUnboundedCaches } from './checks/unbounded-caches.ts';
import { createDefinitions } from './definitions.ts';
import type { ParsedModule, SourceModule, SyntaxProblem } from './parse-module.ts';
import { findRunTimes } from './run-times.ts';

export interface SourceFinding {
  readonly id: SourceFindingId;
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly what: string;
}

export interface SourceReport {
  /** By file and line. */
  readonly findings: readonly SourceFinding[];
  /** What a comment accepts. */
  readonly accepted: number;
  /** Files that can not be parsed: nothing is said of them. */
  readonly problems: readonly SyntaxProblem[];
}

const CHECKS: readonly SourceCheck[] = [findBlockingCalls, findClientsPerCall, findMissingAwaits];

/** Looks at all files together: what runs for each event in one may be called in another. */
export function analyseSources(parsed: readonly ParsedModule[]): SourceReport {
  const modules = new Map<string, SourceModule>();
  const problems: SyntaxProblem[] = [];
  for (const each of parsed) {
    if (each.kind === 'module') modules.set(each.module.path, each.module);
    else problems.push(each.problem);
  }
  const definitions = createDefinitions(modules);
  const program = { definitions, runTimes: findRunTimes(modules.values(), definitions) };
  const caches = findUnboundedCaches(modules.values(), program);
  const seen = [...modules.values()].map(module => {
    const faults = [...CHECKS.flatMap(check => check(module, program)), ...(caches.get(module) ?? [])];
    return placed(module, faults);
  });
  return {
    findings: seen.flatMap(({ findings }) => findings),
    accepted: seen.reduce((sum, { accepted }) => sum + accepted, 0),
    problems,
  };
}

/** One of a kind at a line says enough. */
function placed(
  module: SourceModule,
  faults: readonly SourceFault[],
): { readonly findings: readonly SourceFinding[]; readonly accepted: number } {
  const byPlace = new Map<string, SourceFinding>();
  let accepted = 0;
  for (const { id, at, what } of faults) {
    const start = at.node.loc?.start ?? { line: 1, column: 0 };
    if (module.accepted.get(start.line)?.has(id) === true) accepted += 1;
    else {
      const finding = { id, path: module.path, line: start.line, column: start.column + 1, what };
      byPlace.set(`${id}:${start.line}`, finding);
    }
  }
  const findings = [...byPlace.values()].toSorted((a, b) => a.line - b.line || a.column - b.column);
  return { findings, accepted };
}
