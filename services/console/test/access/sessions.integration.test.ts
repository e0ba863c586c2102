import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SESSIONS_OF_A_NAME, sweepSessions } from '@ackline/store/console-sessions';
import { createToken, revokeToken } from '@ackline/store/console-tokens';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { FAILED_OF_ADDRESS } from '../../src/access/failed-sign-ins.ts';
import {
  cookieOf,
  OWN_PAGE,
  signIn,
  type StartedConsole,
  startConsole,
  testPool,
} from '../support/console.ts';
import { storeEvent } from '../support/rows.ts';
import { send } from '../support/send.ts';

let database: TestDatabase;
let pool: Pool;
let ackline: StartedConsole;
const OUTSIDE = { CONSOLE_HOST: '0.0.0.0', ACKLINE_ENV: 'production' };

before(async () => {
  database = await createTestDatabase();
  pool = testPool(database.url);
  ackline = await startConsole({ databaseUrl: database.url, env: OUTSIDE });
});
after(async () => {
  await ackline[Symbol.asyncDispose]();
  await pool.end();
  await database.close();
});

const tokenNamed = async (name: string, expiresInMs: number | null = null) =>
  (await createToken(pool, {
    name,
    scopes: ['view', 'payload', 'operate'],
    tenant: null,
    expiresInMs,
    actor: 'me',
  }))!;
const caller = (cookie: string, headers = {}, on = ackline) => on.call('readCaller', { cookie, headers });
const sessionsOf = async (name: string) =>
  (await pool.query('select * from console_sessions where name = $1', [name])).rows;

describe('a browser that signs in with a token', () => {
  it('is known by a cookie that no script reads, and the token is not in it, nor the cookie at rest or in a log', async () => {
    const token = await tokenNamed('plain');
    const { json, headers } = await ackline.call('startSession', { body: { token }, headers: OWN_PAGE });
    assert.deepEqual(
      [json.name, json.scopes, json.tenant],
      ['token:plain', ['view', 'payload', 'operate'], null],
    );
    const [set = ''] = headers.getSetCookie();
    assert.match(set, /^ackline-session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
    const cookie = cookieOf(headers);
    assert.deepEqual((await caller(cookie)).json, {
      name: 'token:plain',
      scopes: ['view', 'payload', 'operate'],
      tenant: null,
      by: 'session',
    });
    const secret = cookie.split('=')[1]!;
    const { rows } = await pool.query('select array_agg(to_jsonb(s))::text as text from console_sessions s');
    for (const text of [rows[0].text, JSON.stringify(ackline.logs)])
      for (const secretText of [secret, token]) assert.ok(!text.includes(secretText));
    assert.ok(!set.includes(token));
  });

  it('is known by each console of the database, and by none once it has signed out', async () => {
    await using other = await startConsole({ databaseUrl: database.url, env: OUTSIDE });
    const cookie = await signIn(ackline, await tokenNamed('shared'));
    assert.equal((await caller(cookie, {}, other)).status, 200);
    const { json, headers } = await other.call('endSession', { cookie, body: {} });
    assert.deepEqual(json, { ended: true });
    assert.match(headers.getSetCookie()[0]!, /^ackline-session=; Path=\/; Max-Age=0; /);
    for (const on of [ackline, other]) assert.equal((await caller(cookie, {}, on)).status, 401);
    assert.deepEqual((await other.call('endSession', { cookie, body: {} })).json, { ended: false });
    const { rows } = await pool.query(
      "select action, actor from audit where subject = 'token:shared' order by id",
    );
    assert.deepEqual(
      rows.map(({ action, actor }) => [action, actor]),
      [
        ['session.started', 'token:shared'],
        ['session.ended', 'token:shared'],
      ],
    );
  });

  it('gets a new secret at each sign-in, and the one that it came with ends', async () => {
    const token = await tokenNamed('again');
    const first = await signIn(ackline, token);
    const { headers } = await ackline.call('startSession', { cookie: first, body: { token } });
    const second = cookieOf(headers);
    assert.notEqual(first, second);
    assert.deepEqual([(await caller(first)).status, (await caller(second)).status], [401, 200]);
    const planted = `ackline-session=${'p'.repeat(43)}`;
    await ackline.call('startSession', { cookie: planted, body: { token } });
    assert.equal((await caller(planted)).status, 401);
  });

  it('is not known any more once the token was revoked, and no longer than it is valid', async () => {
    const revoked = await signIn(ackline, await tokenNamed('gone'));
    assert.equal((await caller(revoked)).status, 200);
    await revokeToken(pool, 'gone', 'me');
    assert.equal((await caller(revoked)).status, 401);
    const short = await tokenNamed('short', 60_000);
    const cookie = await signIn(ackline, short);
    const [session] = await sessionsOf('token:short');
    assert.ok(session.expires_at.getTime() <= Date.now() + 60_000);
    await pool.query("update console_tokens set expires_at = now() where name = 'short'");
    assert.equal((await caller(cookie)).status, 401);
  });

  it('is not known any more after an hour of rest, or after twelve', async () => {
    for (const [name, ending] of [
      ['idle', "used_at = now() - interval '61 minutes'"],
      ['long', "expires_at = now() - interval '1 second'"],
    ] as const) {
      const cookie = await signIn(ackline, await tokenNamed(name));
      await pool.query(
        "update console_sessions set used_at = now() - interval '59 minutes' where name = $1",
        [`token:${name}`],
      );
      assert.equal((await caller(cookie)).status, 200);
      await pool.query(`update console_sessions set ${ending} where name = $1`, [`token:${name}`]);
      const { status, json } = await caller(cookie);
      assert.deepEqual([status, json.code], [401, 'ACKLINE_TOKEN_MISSING'], name);
      const before = await sessionsOf(`token:${name}`);
      assert.ok((await sweepSessions(pool)) >= 1);
      assert.deepEqual([before.length, (await sessionsOf(`token:${name}`)).length], [1, 0]);
    }
  });

  it('rests while nobody is at its page, whatever the page asks for by itself', async () => {
    const cookie = await signIn(ackline, await tokenNamed('left alone'));
    const rest = async (minutes: number) => {
      await pool.query(
        "update console_sessions set used_at = now() - $1::int * interval '1 minute' where name = 'token:left alone'",
        [minutes],
      );
      return usedAt();
    };
    const usedAt = async () => (await sessionsOf('token:left alone'))[0].used_at.getTime() as number;
    const background = { 'x-ackline-background': '1' };
    const before = await rest(59);
    for (const name of ['readCaller', 'listEvents', 'readOverview'] as const)
      assert.equal((await ackline.call(name, { cookie, headers: background })).status, 200);
    assert.equal(await usedAt(), before);
    // Who says nothing of it is a person.
    assert.equal((await caller(cookie)).status, 200);
    assert.notEqual(await usedAt(), before);
    await rest(61);
    for (const headers of [background, {}]) assert.equal((await caller(cookie, headers)).status, 401);
  });

  it('is one of a few of the same token: the one that rested longest goes', async () => {
    const token = await tokenNamed('many');
    const cookies: string[] = [];
    for (let n = 0; n < SESSIONS_OF_A_NAME + 1; n++) cookies.push(await signIn(ackline, token));
    assert.equal((await sessionsOf('token:many')).length, SESSIONS_OF_A_NAME);
    assert.deepEqual(
      [(await caller(cookies[0]!)).status, (await caller(cookies.at(-1)!)).status],
      [401, 200],
    );
  });
});

describe('by https', () => {
  const HTTPS = { 'x-forwarded-proto': 'https' };

  it('the cookie is for https and for this host alone, whoever says that it is https', async () => {
    const token = await tokenNamed('tls');
    await using named = await startConsole({
      databaseUrl: database.url,
      env: { ...OUTSIDE, CONSOLE_PUBLIC_URL: 'https://console.example.com' },
    });
    const body = JSON.stringify({ token });
    const path = '/api/v1/session';
    const json = { 'content-type': 'application/json' };
    for (const { headers } of [
      await send(ackline.url, { path, method: 'POST', body, headers: { ...json, ...OWN_PAGE, ...HTTPS } }),
      await send(named.url, {
        path,
        method: 'POST',
        body,
        headers: { ...json, host: 'proxied', origin: 'https://console.example.com' },
      }),
    ])
      assert.match(
        String(headers['set-cookie']),
        /^__Host-ackline-session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/,
      );
    // A forwarded port of this machine.
    assert.match(await signIn(named, token), /^ackline-session=/);
  });

  it('one without the prefix, or one of two, is nobody’s: a neighbour of the domain can have set it', async () => {
    const token = await tokenNamed('neighbour');
    const { headers } = await ackline.call('startSession', {
      body: { token },
      headers: { ...OWN_PAGE, ...HTTPS },
    });
    const cookie = cookieOf(headers);
    assert.equal((await caller(cookie, HTTPS)).status, 200);
    assert.equal((await caller(cookie.replace('__Host-', ''), HTTPS)).status, 401);
    assert.equal((await caller(`${cookie}; ${cookie}x`, HTTPS)).status, 401);
    assert.equal((await caller(`other=1; ${cookie}`, HTTPS)).status, 200);
  });

  it('a page of the same name without TLS is another one', async () => {
    const cookie = await signIn(ackline, await tokenNamed('stripped'));
    const { host } = new URL(ackline.url);
    const post = (headers: Record<string, string>) =>
      ackline.call('pauseDestination', { params: { name: 'crm' }, headers: { cookie, ...headers } });
    assert.equal((await post({ origin: `http://${host}`, ...HTTPS })).status, 403);
    assert.equal((await post({ origin: `http://${host}` })).status, 200);
  });
});

describe('what a cookie alone does not prove', () => {
  it('is that the person meant it: changes and payloads are for pages of the console', async () => {
    const cookie = await signIn(ackline, await tokenNamed('meant'));
    const { id } = await storeEvent(pool, {});
    const { origin } = new URL(ackline.url);
    const tried = async (headers: Record<string, string>) => {
      const change = await ackline.call('resumeDestination', {
        params: { name: 'crm' },
        headers: { cookie, ...headers },
      });
      const look = await ackline.call('readPayload', { params: { id }, headers: { cookie, ...headers } });
      const list = await ackline.call('listEvents', { headers: { cookie, ...headers } });
      return [change.status, look.status, list.status];
    };
    assert.deepEqual(await tried({}), [403, 403, 200]);
    assert.deepEqual(await tried({ 'sec-fetch-site': 'none' }), [403, 403, 200]);
    for (const others of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin, 'sec-fetch-site': 'same-site' },
    ] as Record<string, string>[])
      assert.deepEqual(await tried(others), [403, 403, 403], JSON.stringify(others));
    assert.deepEqual(await tried({ origin }), [200, 200, 200]);
    assert.deepEqual(await tried({ 'sec-fetch-site': 'same-origin' }), [200, 200, 200]);
    const { rows } = await pool.query(
      "select count(*)::int from audit where actor = 'token:meant' and action = 'payload.viewed'",
    );
    assert.equal(rows[0].count, 2);
  });

  it('signs nobody in or out from another page, nor by a form', async () => {
    const token = await tokenNamed('forced');
    const cookie = await signIn(ackline, token);
    for (const headers of [{}, { origin: 'https://evil.example' }] as Record<string, string>[]) {
      assert.equal((await ackline.call('startSession', { body: { token }, headers })).status, 403);
      assert.equal((await ackline.call('endSession', { headers: { cookie, ...headers } })).status, 403);
    }
    const form = await fetch(new URL('/api/v1/session', ackline.url), {
      method: 'POST',
      headers: { ...OWN_PAGE, 'content-type': 'text/plain' },
      body: JSON.stringify({ token }),
    });
    assert.equal(form.status, 400);
    assert.equal((await caller(cookie)).status, 200);
  });
});

describe('an Authorization header beside a cookie', () => {
  /** That of a proxy in front, which asks for a password itself. */
  const BASIC = { authorization: `Basic ${Buffer.from('anna:secret').toString('base64')}` };

  it('that a proxy has added hides no session, and proves no more than its cookie', async () => {
    const cookie = await signIn(ackline, await tokenNamed('behind a proxy'));
    assert.equal((await caller(cookie, BASIC)).json.name, 'token:behind a proxy');
    const change = (headers: Record<string, string>) =>
      ackline.call('resumeDestination', {
        params: { name: 'crm' },
        headers: { cookie, ...BASIC, ...headers },
      });
    assert.equal((await change({})).status, 403);
    assert.equal((await change({ origin: 'https://evil.example' })).status, 403);
    assert.equal((await change(OWN_PAGE)).status, 200);
    assert.equal((await ackline.call('readCaller', { headers: BASIC })).status, 401);
  });

  it('with a token is that token’s call, also where it is wrong', async () => {
    const cookie = await signIn(ackline, await tokenNamed('in the browser'));
    const token = await tokenNamed('in the script');
    assert.equal((await ackline.call('readCaller', { cookie, token })).json.name, 'token:in the script');
    for (const authorization of ['Bearer', 'bearer x', `Bearer ${token}x`, `Bearer ${token} x`])
      assert.equal((await caller(cookie, { authorization })).status, 401, authorization);
  });

  it('of whatever kind is not of whoever is on this machine', async () => {
    await using local = await startConsole({ databaseUrl: database.url });
    assert.equal((await local.call('readCaller')).status, 200);
    assert.equal((await local.call('readCaller', { headers: BASIC })).status, 401);
  });
});

describe('sign-ins that fail', () => {
  it('are told to stop, and lock nobody out who has a token', async () => {
    await using fresh = await startConsole({ databaseUrl: database.url, env: OUTSIDE });
    const attempt = (token: string) => fresh.call('startSession', { body: { token }, headers: OWN_PAGE });
    for (let n = 0; n < FAILED_OF_ADDRESS; n++) assert.equal((await attempt(`wrong ${n}`)).status, 401);
    const { status, headers, json } = await attempt('wrong');
    assert.deepEqual([status, json.code, headers.get('retry-after')], [429, 'ACKLINE_SIGN_INS_FAILED', '60']);
    assert.ok(!JSON.stringify(json).includes('wrong'));
    await signIn(fresh, await tokenNamed('known all along'));
  });
});

describe('who asks how to sign in', () => {
  it('is told it without being known', async () => {
    assert.deepEqual((await ackline.call('readAccess')).json, { local: false, oidc: null });
    await using local = await startConsole({ databaseUrl: database.url });
    assert.deepEqual((await local.call('readAccess')).json, { local: true, oidc: null });
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    assert.deepEqual((await local.call('readAccess', { headers })).json, { local: false, oidc: null });
  });

  it('on this machine is who signed in, and whoever is there where nobody did', async () => {
    await using local = await startConsole({ databaseUrl: database.url });
    const cookie = await signIn(local, await tokenNamed('chosen'));
    assert.equal((await caller(cookie, {}, local)).json.name, 'token:chosen');
    await local.call('endSession', { cookie, body: {} });
    assert.equal((await caller(cookie, {}, local)).json.by, 'machine');
  });
});
