import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What holds docs/ and README.md: the folder of Ackline, in a checkout and in the image. */
export const DOCS_ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

/** Below this path pages are served; it is that of README.md itself. */
export const DOCS_BASE = '/docs/';
const FOLDER = 'docs';
/** Pages that lie elsewhere, and how they are called here. */
const OTHERS: Readonly<Record<string, string>> = {
  'README.md': '',
  'CHANGELOG.md': 'changelog',
  'MIGRATING.md': 'migrating',
  'ARCHITECTURE.md': 'architecture',
  'CONTRIBUTING.md': 'contributing',
  'SECURITY.md': 'security',
  'charts/ackline/README.md': 'chart',
  'k8s/README.md': 'k8s',
};
/** Several times what there is: a folder of something else is not read into memory. */
const MAX_PAGES = 300;
const MAX_BYTES = 8 * 1024 * 1024;

export interface DocFile {
  /** From the root: links lead from here. */
  readonly file: string;
  /** `/docs/errors`. */
  readonly path: string;
  readonly markdown: string;
}

/** Every page that is there, in the order of their files, in memory: what is not in here is never looked for. */
export async function readDocFiles(root: string): Promise<readonly DocFile[]> {
  const pages: DocFile[] = [];
  let bytes = 0;
  for (const file of [...Object.keys(OTHERS), ...(await listMarkdown(root))]) {
    const markdown = await readFile(join(root, file), 'utf8').catch(orNull);
    if (markdown === null) continue;
    bytes += markdown.length;
    if (pages.length >= MAX_PAGES || bytes > MAX_BYTES)
      throw new Error(`${root} is no folder of Ackline: its docs are too large`);
    pages.push({ file, path: pathOf(file), markdown });
  }
  return pages;
}

function pathOf(file: string): string {
  return DOCS_BASE + (OTHERS[file] ?? file.slice(FOLDER.length + 1).replace(/\.md$/, ''));
}

/** docs/ has folders of pages, and no links. */
async function listMarkdown(root: string): Promise<readonly string[]> {
  const entries = await readdir(join(root, FOLDER), { withFileTypes: true, recursive: true }).catch(orNull);
  return (entries ?? [])
    .filter(entry => entry.isFile() && entry.name.endsWith('.md'))
    .map(entry => join(entry.parentPath, entry.name).slice(join(root, '/').length).replaceAll('\\', '/'))
    .toSorted();
}

function orNull(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
  throw error;
}
