import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
/** Of the page that is opened first, whichever it is, compressed. */
const MAX_BYTES = 250_000;

/** What was built: `npm test` does it before. */
describe('the page as it is built', () => {
  let html: string;
  let files: readonly string[];
  before(() => {
    html = readFileSync(join(DIST, 'index.html'), 'utf8');
    files = globSync('**/*.{js,css,svg,html}', { cwd: DIST });
  });
  const read = (file: string) => readFileSync(join(DIST, file), 'utf8');

  /** A script with all that it imports before it runs. */
  function withImports(file: string, seen = new Set<string>()): ReadonlySet<string> {
    if (seen.has(file)) return seen;
    seen.add(file);
    for (const [, name = ''] of read(file).matchAll(/(?:\bfrom|\bimport) ?"\.\/([^"]+\.js)"/g))
      withImports(`assets/${name}`, seen);
    return seen;
  }

  it('opens each page with 250 kB at most, with every style of every page', () => {
    const entry = /<script type="module"[^>]* src="\/([^"]+)"/.exec(html)?.[1] ?? '';
    const styles = files.filter(file => file.endsWith('.css'));
    const pages = files.filter(file => /^assets\/[a-z-]+-page-[^/]+\.js$/.test(file));
    assert.ok(pages.length > 5);
    for (const page of pages) {
      const scripts = new Set([...withImports(entry), ...withImports(page)]);
      const loaded = ['index.html', ...scripts, ...styles];
      const bytes = loaded.reduce((sum, file) => sum + gzipSync(read(file)).length, 0);
      process.stdout.write(`# ${page}: ${bytes} bytes compressed, in ${loaded.length} files\n`);
      assert.ok(bytes > 50_000 && bytes <= MAX_BYTES, `${bytes} bytes: ${loaded.join(', ')}`);
    }
  });

  it('loads each page when it is opened', () => {
    const pages = files.filter(file => /-page-[^/]+\.js$/.test(file));
    const entry = /<script type="module"[^>]* src="\/([^"]+)"/.exec(html)?.[1] ?? '';
    const eager = withImports(entry);
    assert.ok(pages.length > 1);
    assert.deepEqual(
      pages.filter(page => eager.has(page)),
      [],
    );
  });

  it('has nothing that its policy would refuse: no script or style in the document, no `data:`, no other host', () => {
    assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=|<script(?![^>]* src="\/assets\/)/i);
    assert.match(html, /id="react-aria-pressable-style"/);
    for (const [, address = ''] of html.matchAll(/\s(?:src|href)="([^"]*)"/g))
      assert.match(address, /^\/[^/]/);
    for (const file of files.filter(name => name.endsWith('.css')))
      assert.doesNotMatch(read(file), /url\((?!["']?\/assets\/)|@import/, file);
    for (const file of files.filter(name => name.endsWith('.js')))
      assert.doesNotMatch(read(file), /\beval\(|\bnew Function\(|["'`]data:(?!\s)[\w+/-]+[;,]/, file);
  });

  it('names each of its parts by what is in it, so that a browser may keep it for ever', () => {
    const parts = files.filter(file => file.startsWith('assets/'));
    assert.ok(parts.length > 3);
    for (const part of parts) assert.match(part, /-[\w-]{8}\.(?:js|css|svg)$/);
  });
});
