import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { operatorName } from '@ackline/runtime/operator-name';
import { createToken, revokeToken } from '@ackline/store/console-tokens';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import type { Route } from '../../src/api/route.ts';
import { type RouteName, routes } from '../../src/api/routes.ts';
import { type StartedConsole, startConsole, testPool } from '../support/console.ts';
import { send } from '../support/send.ts';

const table = Object.entries(routes) as [RouteName, Route][];
const ID = '00000000-0000-4000-8000-000000000000';

let database: TestDatabase;
let pool: Pool;
before(async () => {
  database = await createTestDatabase();
  pool = testPool(database.url);
});
after(async () => {
  await pool.end();
  await database.close();
});

describe('on loopback', () => {
  let ackline: StartedConsole;
  before(async () => {
    ackline = await startConsole({ databaseUrl: database.url });
  });
  after(() => ackline[Symbol.asyncDispose]());

  it('whoever is on the machine may do everything, under their own name', async () => {
    const { json } = await ackline.call('readCaller');
    assert.deepEqual(json, {
      name: operatorName(),
      scopes: ['view', 'payload', 'operate', 'configure'],
      tenant: null,
      by: 'machine',
    });
  });

  it('a page whose own name leads here (DNS rebinding) gets nothing', async () => {
    const { port } = new URL(ackline.url);
    for (const host of ['evil.example', `evil.example:${port}`, `127.0.0.1.evil.example:${port}`]) {
      const { status, body } = await send(ackline.url, { path: '/api/v1/events', headers: { host } });
      assert.equal(status, 403, host);
      assert.equal(JSON.parse(body).code, 'ACKLINE_WRONG_ORIGIN');
    }
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, '[::1]:8081', 'localhost:9000'])
      assert.equal(
        (await send(ackline.url, { path: '/api/v1/events', headers: { host } })).status,
        200,
        host,
      );
  });

  it('another page can call nothing: neither change nor look', async () => {
    const own = new URL(ackline.url);
    const paths = { GET: '/api/v1/caller', POST: '/api/v1/destinations/crm/pause' };
    for (const [method, path] of Object.entries(paths))
      for (const headers of [
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { origin: 'http://localhost:3000' },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
      ] as Record<string, string>[]) {
        const { status } = await send(ackline.url, { path, method, headers });
        assert.equal(status, 403, `${method} ${JSON.stringify(headers)}`);
      }
    assert.equal((await pool.query('select from paused_destinations')).rowCount, 0);
    const headers = { origin: own.origin, 'sec-fetch-site': 'same-origin' };
    assert.equal((await send(ackline.url, { path: paths.POST, method: 'POST', headers })).status, 200);
    assert.equal(
      (await send(ackline.url, { path: '/api/v1/destinations/crm/resume', method: 'POST', headers })).status,
      200,
    );
  });

  it('a form of another page is no call, even from a browser that says nothing of itself', async () => {
    const response = await fetch(new URL('/api/v1/destinations/crm/pause', ackline.url), {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: '{"reason":"x"}',
    });
    assert.equal(response.status, 400);
  });

  it('what a proxy has forwarded is not of this machine', async () => {
    for (const name of [
      'via',
      'forwarded',
      'x-forwarded-for',
      'x-forwarded-proto',
      'x-real-ip',
      'cf-connecting-ip',
      'true-client-ip',
    ])
      assert.equal(
        (await ackline.call('readCaller', { headers: { [name]: '203.0.113.9' } })).status,
        401,
        name,
      );
  });

  it('says on every answer that nothing of it is to be run, framed, guessed or kept', async () => {
    for (const path of [
      '/',
      '/api/v1/events',
      '/api/v1/openapi.json',
      '/api/v1/nothing',
      '/%zz',
      '/api/v1/events/x',
    ]) {
      const { headers } = await send(ackline.url, { path });
      assert.match(
        String(headers['content-security-policy']),
        /^default-src 'none';.* frame-ancestors 'none'/,
        path,
      );
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(headers['x-powered-by'], undefined);
      assert.match(String(headers['x-request-id']), /^[0-9a-f-]{36}$/);
    }
  });

  it('a path that is no call, and a method that it does not take, are said as such', async () => {
    const nothing = await send(ackline.url, { path: '/api/v1/nothing' });
    assert.deepEqual([nothing.status, JSON.parse(nothing.body).code], [404, 'ACKLINE_NO_SUCH_CALL']);
    const { status, headers, body } = await send(ackline.url, { path: '/api/v1/events', method: 'DELETE' });
    assert.deepEqual(
      [status, headers['allow'], JSON.parse(body).code],
      [405, 'GET', 'ACKLINE_METHOD_NOT_ALLOWED'],
    );
    assert.equal(headers['content-type'], 'application/problem+json; charset=utf-8');
  });

  it('a HEAD opens no stream and looks at no payload', async () => {
    for (const path of ['/api/v1/events/stream', `/api/v1/events/${ID}/payload`, '/api/v1/events/payloads']) {
      const { status, headers } = await send(ackline.url, { path, method: 'HEAD' });
      assert.deepEqual([status, headers['allow']], [405, 'GET'], path);
    }
    assert.equal((await send(ackline.url, { path: '/api/v1/events', method: 'HEAD' })).status, 200);
  });

  it('a body that is no JSON, too large or of another form is refused', async () => {
    const post = (body: string) =>
      fetch(new URL('/api/v1/replays', ackline.url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
    for (const body of [
      '{',
      '[]',
      '{}',
      '{"filter":{}}',
      '{"filter":{"state":"parked"}}',
      '{"filter":{"state":"delivered","cause":"x"}}',
      `{"filter":{"source":"${'x'.repeat(70_000)}"}}`,
    ]) {
      const response = await post(body);
      const { code } = (await response.json()) as { code: string };
      assert.deepEqual([response.status, code], [400, 'ACKLINE_CALL_INVALID'], body.slice(0, 50));
    }
  });
});

describe('where others reach it', () => {
  let ackline: StartedConsole;
  before(async () => {
    ackline = await startConsole({ databaseUrl: database.url, env: { CONSOLE_HOST: '0.0.0.0' } });
  });
  after(() => ackline[Symbol.asyncDispose]());

  const token = async (name: string, expiresInMs: number | null = null) =>
    (await createToken(pool, {
      name,
      scopes: ['view', 'operate', 'payload'],
      tenant: null,
      expiresInMs,
      actor: 'me',
    }))!;

  it('every call needs a token', async () => {
    for (const [name, route] of table) {
      if (route.isAnonymous) continue;
      const path = route.path.replaceAll(/\{\w+\}/g, ID);
      const { status, headers, body } = await send(ackline.url, {
        path: `/api/v1${path}`,
        method: route.method.toUpperCase(),
      });
      assert.deepEqual([status, JSON.parse(body).code], [401, 'ACKLINE_TOKEN_MISSING'], name);
      assert.equal(headers['www-authenticate'], 'Bearer');
    }
    assert.equal((await send(ackline.url, { path: '/api/v1/openapi.json' })).status, 401);
  });

  it('takes a token until it expires or is revoked, and notes its use once a minute', async () => {
    const valid = await token('valid');
    assert.equal((await ackline.call('readCaller', { token: valid })).status, 200);
    const used = async () =>
      (await pool.query("select last_used_at::text as at from console_tokens where name = 'valid'")).rows[0]
        .at;
    const first = await used();
    assert.ok(first !== null);
    assert.equal((await ackline.call('readCaller', { token: valid })).json.name, 'token:valid');
    assert.equal(await used(), first);
    await revokeToken(pool, 'valid', 'me');
    assert.equal((await ackline.call('readCaller', { token: valid })).status, 401);
    const short = await token('short', 1);
    assert.equal((await ackline.call('readCaller', { token: short })).status, 401);
    const { rows } = await pool.query('select array_agg(to_jsonb(t))::text as text from console_tokens t');
    assert.ok(!rows[0].text.includes(valid), 'a token at rest');
    assert.ok(!JSON.stringify(ackline.logs).includes(valid), 'a token in a log');
  });

  it('tokens that are wrong lock nobody out, not even who was never here before', async () => {
    for (let n = 0; n < 15; n++)
      assert.equal(
        (await ackline.call('readCaller', { token: `ackline_${'x'.repeat(30)}${n}` })).status,
        401,
      );
    assert.equal((await ackline.call('readCaller', { token: await token('late') })).status, 200);
  });
});

describe('in production', () => {
  it('a token is needed on loopback too: a proxy that does not say so may be in front', async () => {
    await using ackline = await startConsole({
      databaseUrl: database.url,
      env: { ACKLINE_ENV: 'production', CONSOLE_HOST: '127.0.0.1' },
    });
    const { status, json } = await ackline.call('readCaller');
    assert.deepEqual([status, json.code], [401, 'ACKLINE_TOKEN_MISSING']);
  });
});
