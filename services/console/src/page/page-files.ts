import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** Where the page is built to: by `npm start`, or while the image is built. */
export const PAGE_FOLDER = fileURLToPath(new URL('../../../../packages/console-web/dist', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};
/** Ten times what there is: a folder of something else is not read into memory. */
const MAX_FILES = 500;
const MAX_BYTES = 16 * 1024 * 1024;
/** Whose names have a hash of what is in them. */
const HASHED_FOLDER = 'assets';

const compress = promisify(gzip);

export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
  readonly gzipped: Buffer;
  /** What it is called never is anything else. */
  readonly isImmutable: boolean;
}

export const INDEX = '/index.html';

/** Every file of the page by its path, in memory: what is not in here is never looked for. Empty: it is not built. */
export async function readPageFiles(folder: string): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  let bytes = 0;
  for (const parts of await namesOf(folder)) {
    const name = parts.join('/');
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const body = await readFile(join(folder, ...parts));
    bytes += body.length;
    if (files.size >= MAX_FILES || bytes > MAX_BYTES)
      throw new Error(`${folder} is no built page: it is too large`);
    files.set(`/${name}`, {
      type,
      body,
      gzipped: await compress(body),
      isImmutable: parts[0] === HASHED_FOLDER,
    });
  }
  return files.has(INDEX) ? files : new Map();
}

/** The page has one folder, and no links. */
async function namesOf(folder: string): Promise<readonly string[][]> {
  const list = async (...below: string[]) =>
    readdir(join(folder, ...below), { withFileTypes: true }).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    });
  const top = (await list()).filter(entry => entry.isFile()).map(({ name }) => [name]);
  const hashed = (await list(HASHED_FOLDER)).filter(entry => entry.isFile());
  return [...top, ...hashed.map(({ name }) => [HASHED_FOLDER, name])];
}
