import { shownPath } from '../../config-file.ts';
import type { Finding, Place } from '../finding.ts';
import { analyseSources } from '../source/analyse-sources.ts';
import { readSources } from '../source/read-sources.ts';

export interface ExaminedSources {
  readonly findings: readonly Finding[];
  /** Findings that a comment accepts. */
  readonly accepted: number;
  /** Files that were looked at. */
  readonly files: number;
}

/** The sources at these paths: a file with what it imports, a folder with all that is in it. */
export async function examineSources(paths: readonly string[]): Promise<ExaminedSources> {
  const { modules, leftOut } = await readSources(paths);
  const { findings, accepted, problems } = analyseSources(modules);
  return {
    findings: [
      ...problems.map(
        ({ message, ...at }): Finding => ({
          id: 'source-syntax',
          place: placeOf(at),
          subject: null,
          what: message,
        }),
      ),
      ...leftOut.map(
        ({ path, reason }): Finding => ({
          id: 'source-left-out',
          place: null,
          subject: shownPath(path),
          what: reason,
        }),
      ),
      ...findings.map(({ id, what, ...at }): Finding => ({ id, place: placeOf(at), subject: null, what })),
    ],
    accepted,
    files: modules.length,
  };
}

function placeOf({ path, line, column }: { path: string; line: number; column: number }): Place {
  return { file: shownPath(path), line, column };
}
