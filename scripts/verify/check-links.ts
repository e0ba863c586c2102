import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { listFiles } from './list-files.ts';

interface Link {
  readonly line: number;
  readonly target: string;
}

/** `[text](target)` and `[name]: target`; a title behind the target is not part of it. */
const LINK = /\]\(<?([^)\s>]{1,500})|^\[[^\]]{1,200}\]:\s{0,10}<?([^\s>]{1,500})/g;
const FENCE = /^\s{0,3}(?:```|~~~)/;
const CODE_SPAN = /`[^`]{1,1000}`/g;
/** https:, mailto:, or a place on the same page. */
const ELSEWHERE = /^(?:[a-z][a-z0-9+.-]{1,20}:|\/\/|#)/i;

/** Null, or every local link of a Markdown file that leads to nothing of the repository (letter case counts). */
export function checkLinks(root: string): string | null {
  const files = listFiles(root);
  const places = new Set(files.flatMap(withFolders));
  const problems = files
    .filter(file => file.endsWith('.md'))
    .flatMap(file =>
      localLinks(readFileSync(join(root, file), 'utf8'))
        .filter(({ target }) => !places.has(placeOf(file, target)))
        .map(({ line, target }) => `${file}:${line} links to ${target}, which is not there`),
    );
  return problems.length === 0 ? null : problems.join('\n');
}

/** Links to files, in the order of the text; what is in code is no link. */
export function localLinks(markdown: string): readonly Link[] {
  const links: Link[] = [];
  let inFence = false;
  for (const [index, line] of markdown.split('\n').entries()) {
    if (FENCE.test(line)) inFence = !inFence;
    if (inFence) continue;
    // The text of a link may be code: only the brackets around it count.
    for (const match of line.replace(CODE_SPAN, 'code').matchAll(LINK)) {
      const target = match[1] ?? match[2] ?? '';
      if (!ELSEWHERE.test(target)) links.push({ line: index + 1, target });
    }
  }
  return links;
}

/** Where a link leads, from the root of the repository. */
export function placeOf(file: string, target: string): string {
  const path = target.replace(/[?#].*$/, '');
  const decoded = path.replaceAll('%20', ' ');
  const from = decoded.startsWith('/') ? '.' : posix.dirname(file);
  return posix.join(from, decoded).replace(/\/$/, '');
}

function withFolders(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
