import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { errorCodes } from '@ackline/shared/error-codes';
import express from 'express';
import { DOCS_ROOT, readDocFiles } from '../../src/docs/doc-files.ts';
import { createDocs } from '../../src/docs/docs.ts';
import { securityHeaders } from '../../src/http/security-headers.ts';

interface Site extends AsyncDisposable {
  /** As it is given: `fetch` would tidy a path up. */
  get(path: string, method?: string): Promise<Answer>;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

async function serveDocs(root: string): Promise<Site> {
  const app = express();
  app.use(securityHeaders);
  app.use(createDocs(root));
  app.use((_request, response) => void response.status(404).json({ by: 'the rest' }));
  const server: Server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    async get(path, method = 'GET') {
      const sent = request({ host: '127.0.0.1', port, path, method });
      sent.end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      const parts: Buffer[] = [];
      for await (const part of response) parts.push(part as Buffer);
      const text = Buffer.concat(parts).toString('utf8');
      return { status: response.statusCode ?? 0, headers: response.headers, text };
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found);

describe('the documentation in the console', () => {
  let site: Site;
  before(async () => {
    site = await serveDocs(DOCS_ROOT);
  });
  after(() => site[Symbol.asyncDispose]());

  it('has each page of docs/, and each link to another one leads to a page and a heading that are there', async () => {
    const files = await readDocFiles(DOCS_ROOT);
    assert.ok(files.length > 50 && files.some(({ file }) => file === 'docs/decisions/0019-console-api.md'));
    const pages = new Map<string, { links: readonly string[]; anchors: ReadonlySet<string> }>();
    for (const { path, file } of files) {
      const { status, headers, text } = await site.get(path);
      assert.deepEqual([status, headers['content-type']], [200, 'text/html; charset=utf-8'], file);
      assert.match(text, /<h1 id="/, file);
      const anchors = all(text, / id="([^"]+)"/g);
      assert.equal(new Set(anchors).size, anchors.length, `${file}: an id twice`);
      pages.set(path, { links: all(text, /<a href="([^"]+)"/g), anchors: new Set(anchors) });
    }
    const broken = [...pages].flatMap(([from, { links }]) =>
      links
        .filter(link => link.startsWith('#') || link.startsWith('/docs/'))
        .filter(link => {
          const [path = '', anchor] = link.split('#');
          const page = pages.get(path === '' ? from : path);
          return page === undefined || (anchor !== undefined && !page.anchors.has(anchor));
        })
        .map(link => `${from} links to ${link}`),
    );
    assert.deepEqual(broken, []);
  });

  it('has a place for each code that a problem may show', async () => {
    const { text } = await site.get('/docs/errors');
    for (const code of Object.keys(errorCodes)) assert.ok(text.includes(` id="${code.toLowerCase()}"`), code);
  });

  it('lets nothing run, and loads its own style alone', async () => {
    for (const path of ['/docs/', '/docs/errors', '/docs/style.css', '/docs/nothing']) {
      const { headers, text } = await site.get(path);
      assert.equal(
        headers['content-security-policy'],
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
      );
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.doesNotMatch(text, /<script|<style|\sstyle=|\son\w+=/);
    }
    const { headers, text } = await site.get('/docs/style.css');
    assert.equal(headers['content-type'], 'text/css; charset=utf-8');
    assert.match(text, /--surface/);
  });

  it('answers nothing but what it has, however it is asked', async () => {
    assert.equal((await site.get('/docs')).headers.location, '/docs/');
    for (const path of [
      '/docs/errors.md',
      '/docs/../package.json',
      '/docs/..%2f..%2fpackage.json',
      '/docs/%2e%2e/package.json',
      '/docs/decisions/../../package',
      '/docs/__proto__',
      '/docs/one-box/ackline/ackline.env',
    ]) {
      const { status, text } = await site.get(path);
      assert.deepEqual([path, status], [path, 404]);
      assert.match(text, /There is no such page/);
    }
    assert.equal((await site.get('/docs/errors', 'HEAD')).status, 200);
    assert.equal((await site.get('/docs/errors', 'POST')).text, '{"by":"the rest"}');
    assert.equal((await site.get('/docsx')).text, '{"by":"the rest"}');
  });
});

describe('a page that was written to do harm', () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'ackline-docs-'));
    await mkdir(join(root, 'docs'));
    await writeFile(join(root, 'secret.md'), '# not of the docs');
    await symlink(join(root, 'secret.md'), join(root, 'docs/link.md'));
  });
  after(() => rm(root, { recursive: true }));

  it('is text, and its links lead nowhere but to the web and to other pages', async () => {
    const hostile = [
      '# A <script>alert(1)</script> & `<b>`',
      '<img src=x onerror=alert(1)>',
      'and <b onclick="alert(1)">inline</b><br>',
      '<!-- a remark -->',
      '[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](data:text/html,x) [d](//evil.test/x) [e](other.md"onclick=x)',
      '![pixel](https://evil.test/pixel.png) [f](https://example.test/?"onclick="x) [g](../secret.md) [h](page.md#x"y)',
      '```html"><script>\n</code></pre><script>alert(2)</script>\n```',
      '| <i>head</i> |\n|---|\n| <script>alert(3)</script> |',
    ].join('\n\n');
    await writeFile(join(root, 'docs/page.md'), hostile);
    await using site = await serveDocs(root);
    const { status, text } = await site.get('/docs/page');
    assert.equal(status, 200);
    const [, written = ''] = /<main[^>]*>(.*)<\/main>/s.exec(text) ?? [];
    assert.doesNotMatch(written, /<(?!\/?(?:h1|p|a|br|pre|code|div|table|thead|tbody|tr|th|td)\b)/);
    assert.doesNotMatch(written, /<[^>]*\son\w+=/);
    assert.deepEqual(all(written, / href="([^"]*)"/g), [
      'https://example.test/?&quot;onclick=&quot;x',
      '/docs/page#x&quot;y',
    ]);
    assert.ok(written.includes('&lt;script&gt;alert(1)&lt;/script&gt;') && !written.includes('remark'));
    assert.match(text, /<title>A &lt;script&gt;/);
    assert.equal((await site.get('/docs/link')).status, 404);
  });
});
