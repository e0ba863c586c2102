import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listFiles } from './list-files.ts';

interface Marker {
  readonly line: number;
  readonly marker: string;
}

/** As git writes them. The middle one stands alone, also where it is all that was left: a heading of a page is written with `#`. */
const MARKER = /^(?:(<{7}|>{7}|\|{7})(?: .*)?|(={7}))\r?$/;
/** As git tells text from other things: a NUL in its first bytes. */
const LOOKED_AT_BYTES = 8_000;

/** Null, or every marker of a conflict that a merge has left in a text file: no other check reads pages. */
export function checkConflicts(root: string): string | null {
  const problems = listFiles(root).flatMap(file => {
    const content = readFileSync(join(root, file));
    if (content.subarray(0, LOOKED_AT_BYTES).includes(0)) return [];
    return conflictMarkers(content.toString('utf8')).map(({ line, marker }) => `${file}:${line} ${marker}`);
  });
  return problems.length === 0 ? null : `A conflict is not resolved:\n${problems.join('\n')}`;
}

/** In the order of the text. */
export function conflictMarkers(text: string): readonly Marker[] {
  const markers: Marker[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const match = MARKER.exec(line);
    const marker = match?.[1] ?? match?.[2];
    if (marker !== undefined) markers.push({ line: index + 1, marker });
  }
  return markers;
}
