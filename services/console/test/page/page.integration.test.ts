import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import express from 'express';
import { securityHeaders } from '../../src/http/security-headers.ts';
import { createPage } from '../../src/page/page.ts';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

describe("the console's page", () => {
  let folder: string;
  let server: Server;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-page-'));
    const app = express();
    app.use(securityHeaders);
    app.use(createPage(join(folder, 'dist')));
    app.use((_request, response) => void response.status(404).json({ by: 'the rest' }));
    server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(async () => {
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true });
  });

  /** As it is given: `fetch` would tidy a path up. */
  async function get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    const { port } = server.address() as AddressInfo;
    const sent = request({ host: '127.0.0.1', port, path, headers });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const isGzip = response.headers['content-encoding'] === 'gzip';
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      text: (isGzip ? gunzipSync(body) : body).toString('utf8'),
    };
  }
  const open = (path: string) => get(path, { accept: BROWSER });

  it('says what to run where it is not built, and is there once it is, without a restart', async () => {
    const missing = await open('/events');
    assert.equal(missing.status, 503);
    assert.match(missing.headers['content-type'] ?? '', /^text\/html/);
    assert.match(missing.text, /npm run page.*ACKLINE_PAGE_MISSING/);
    assert.equal((await get('/')).text, '{"by":"the rest"}');

    await mkdir(join(folder, 'dist', 'assets'), { recursive: true });
    await writeFile(join(folder, 'dist', 'index.html'), '<!doctype html>the page');
    await writeFile(join(folder, 'dist', 'favicon.svg'), '<svg/>');
    await writeFile(join(folder, 'dist', '.inputs'), 'a hash');
    await writeFile(join(folder, 'dist', 'assets', 'index-abc.js'), 'console.log(1)');
    await writeFile(join(folder, 'secret.txt'), 'not of the page');
    await symlink(join(folder, 'secret.txt'), join(folder, 'dist', 'assets', 'link-abc.txt'));
    assert.equal((await open('/events')).text, '<!doctype html>the page');
  });

  it('answers a browser with its document at any path, and nothing of it is kept', async () => {
    for (const path of [
      '/',
      '/events',
      '/events/018f-x',
      '/parked?cause=1',
      '/index.html',
      '/no-such-page',
    ]) {
      const { status, headers, text } = await open(path);
      assert.deepEqual([path, status, text], [path, 200, '<!doctype html>the page']);
      assert.equal(headers['content-type'], 'text/html; charset=utf-8');
      assert.equal(headers['cache-control'], 'no-store');
    }
  });

  it('lets it run and load what came with it, and nothing else', async () => {
    const { headers } = await open('/events');
    assert.equal(
      headers['content-security-policy'],
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    );
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['x-frame-options'], 'DENY');
  });

  it('sends what has a hash in its name to be kept for ever, small where the browser reads that', async () => {
    const script = await get('/assets/index-abc.js', { 'accept-encoding': 'gzip, br' });
    assert.equal(script.text, 'console.log(1)');
    assert.equal(script.headers['content-encoding'], 'gzip');
    assert.equal(script.headers['content-type'], 'text/javascript; charset=utf-8');
    assert.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable');
    const plain = await get('/assets/index-abc.js');
    assert.equal(plain.headers['content-encoding'], undefined);
    const icon = await get('/favicon.svg');
    assert.deepEqual(
      [icon.headers['content-type'], icon.headers['cache-control']],
      ['image/svg+xml', 'no-store'],
    );
  });

  it('leaves to others what is not of it: the API, signing in, programs, changes', async () => {
    const rest = '{"by":"the rest"}';
    for (const path of ['/api', '/api/v1/events', '/api/v1/nothing', '/login/oidc'])
      assert.equal((await open(path)).text, rest, path);
    for (const path of ['/', '/events', '/assets/gone-abc.js', '/.inputs', '/assets/.inputs'])
      assert.equal((await get(path, { accept: '*/*' })).text, rest, path);
  });

  it('reads nothing outside of its folder', async () => {
    for (const path of [
      '/../secret.txt',
      '/assets/../../secret.txt',
      '/assets/..%2f..%2fsecret.txt',
      '/%2e%2e/secret.txt',
      '/assets/....//....//secret.txt',
      '/assets/..\\..\\secret.txt',
      `/assets/${join(folder, 'secret.txt')}`,
      '/assets/link-abc.txt',
      '/secret.txt%00.js',
    ]) {
      const { text } = await get(path);
      assert.doesNotMatch(text, /not of the page/, path);
    }
  });
});
