import { escapeHtml } from '../page/send-file.ts';

export const STYLE_PATH = '/docs/style.css';

export interface ListedDoc {
  readonly file: string;
  readonly path: string;
  readonly title: string;
}

/** By the folder of a page, in this order; those of no group are first. */
const GROUPS: readonly (readonly [folder: string, title: string])[] = [
  ['docs/tutorials/', 'Tutorials'],
  ['docs/benchmarks/', 'Benchmarks'],
  ['docs/proofs/', 'Proofs'],
  ['docs/decisions/', 'Decisions'],
];
/** Before all others: where a reader begins. */
const FIRST = ['README.md', 'docs/tutorial.md', 'docs/console.md'];

/** The document around a page: the header of the console, and the list of all pages, which a phone shows below. */
export function docPage(
  { title, html, path }: { readonly title: string; readonly html: string; readonly path: string | null },
  all: readonly ListedDoc[],
): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} · Ackline</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${STYLE_PATH}">
</head>
<body>
<a class="skip-link" href="#docs-text">Skip to the content</a>
<header class="docs-header"><a class="docs-brand" href="/">Ackline</a><a href="/events">Console</a><a class="docs-to-list" href="#docs-list">All pages</a></header>
<div class="docs">
<main id="docs-text" class="docs-text" tabindex="-1">
${html}</main>
<nav id="docs-list" class="docs-list" aria-label="Documentation">
${list(all, path)}</nav>
</div>
</body>
</html>
`;
}

function list(all: readonly ListedDoc[], path: string | null): string {
  const groupOf = ({ file }: ListedDoc) => GROUPS.find(([folder]) => file.startsWith(folder))?.[1] ?? null;
  const rank = ({ file }: ListedDoc) => (FIRST.includes(file) ? FIRST.indexOf(file) : FIRST.length);
  const own = all
    .filter(doc => groupOf(doc) === null)
    .toSorted((a, b) => rank(a) - rank(b) || a.title.localeCompare(b.title, 'en'));
  const groups = GROUPS.map(([, title]) => {
    const docs = all.filter(doc => groupOf(doc) === title);
    return docs.length === 0 ? '' : `<h2>${title}</h2>\n${links(docs, path)}`;
  });
  return links(own, path) + groups.join('');
}

function links(docs: readonly ListedDoc[], path: string | null): string {
  const items = docs.map(doc => {
    const current = doc.path === path ? ' aria-current="page"' : '';
    return `<li><a href="${escapeHtml(doc.path)}"${current}>${escapeHtml(doc.title)}</a></li>`;
  });
  return `<ul>\n${items.join('\n')}\n</ul>\n`;
}
