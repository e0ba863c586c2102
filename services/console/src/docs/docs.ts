import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { RequestHandler } from 'express';
import type { PageFile } from '../page/page-files.ts';
import { sendFile, TEXT_POLICY } from '../page/send-file.ts';
import { DOCS_BASE, readDocFiles } from './doc-files.ts';
import { docPage, STYLE_PATH } from './doc-page.ts';
import { renderDoc, titleOf } from './render-doc.ts';

/** As the console's page looks: its own colours, measures and letters. */
const STYLES = ['tokens.css', 'base.css', 'docs.css'].map(name =>
  fileURLToPath(new URL(`../../../../packages/console-web/src/styles/${name}`, import.meta.url)),
);

const compress = promisify(gzip);

interface Library {
  /** By path; each is written when it is first asked for, and kept. */
  readonly page: (path: string) => Promise<PageFile> | null;
  readonly missing: Promise<PageFile>;
  readonly style: Promise<PageFile>;
}

/**
 * Serves the documentation of this release, at `/docs/`. Like the page's own files it is for anybody who reaches the console: it says nothing of what
 * runs here, and who can't sign in finds out how.
 */
export function createDocs(root: string): RequestHandler {
  let library: Promise<Library> | null = null;
  return async (request, response, next) => {
    const isDocs = request.path === DOCS_BASE.slice(0, -1) || request.path.startsWith(DOCS_BASE);
    if (!isDocs || (request.method !== 'GET' && request.method !== 'HEAD')) return next();
    if (request.path === DOCS_BASE.slice(0, -1)) return response.redirect(DOCS_BASE);
    library ??= openLibrary(root);
    const { page, style, missing } = await library.catch((error: unknown) => {
      library = null; // it may be there by the next time
      throw error;
    });
    if (request.path === STYLE_PATH) return sendFile(request, response, await style, { policy: TEXT_POLICY });
    const found = page(request.path);
    if (found === null)
      return sendFile(request, response, await missing, { policy: TEXT_POLICY, status: 404 });
    sendFile(request, response, await found, { policy: TEXT_POLICY });
  };
}

async function openLibrary(root: string): Promise<Library> {
  const files = await readDocFiles(root);
  const paths = new Map(files.map(({ file, path }) => [file, path]));
  const pathOfFile = (file: string) => paths.get(file) ?? null;
  const docs = new Map(files.map(doc => [doc.path, { ...doc, title: titleOf(doc.markdown) ?? doc.file }]));
  const listed = [...docs.values()];
  const written = new Map<string, Promise<PageFile>>();
  return {
    page(path) {
      const doc = docs.get(path);
      if (doc === undefined) return null;
      const file =
        written.get(path) ??
        packed('text/html', docPage({ ...doc, html: renderDoc(doc, pathOfFile).html }, listed));
      written.set(path, file);
      return file;
    },
    missing: packed('text/html', docPage({ ...MISSING, path: null }, listed)),
    style: readStyle(),
  };
}

const MISSING = {
  title: 'There is no such page',
  html: '<h1>There is no such page</h1>\n<p>The list has all that this release comes with.</p>\n',
};

async function readStyle(): Promise<PageFile> {
  const parts = await Promise.all(STYLES.map(path => readFile(path, 'utf8')));
  return packed('text/css', parts.join('\n'));
}

async function packed(type: string, text: string): Promise<PageFile> {
  const body = Buffer.from(text);
  return { type: `${type}; charset=utf-8`, body, gzipped: await compress(body), isImmutable: false };
}
