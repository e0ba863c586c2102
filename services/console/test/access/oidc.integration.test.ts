import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createToken } from '@ackline/store/console-tokens';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { FAILED_OF_ADDRESS } from '../../src/access/failed-sign-ins.ts';
import { type Browser, createBrowser } from '../support/browser.ts';
import { OWN_PAGE, signIn, type StartedConsole, startConsole, testPool } from '../support/console.ts';
import { CLIENT_ID, startOidcProvider, type TestProvider } from '../support/oidc-provider.ts';
import { send } from '../support/send.ts';

const HOST = 'console.example.com';
const BASE = `https://${HOST}`;
const SECRET = 'the secret of the console at its provider';
const ROLES = {
  sre: { scopes: ['view', 'payload', 'operate', 'configure'] },
  'crimson-desk': { scopes: ['view'], tenant: 'crimson' },
};
const ANNA = { sub: 'u-1', email: 'anna@example.com', email_verified: true, roles: ['staff', 'sre'] };

let database: TestDatabase;
let pool: Pool;
let provider: TestProvider;
let ackline: StartedConsole;
let browser: Browser;

const environment = (more = {}) => ({
  ACKLINE_ENV: 'production',
  CONSOLE_PUBLIC_URL: BASE,
  CONSOLE_OIDC_ISSUER: provider.issuer,
  CONSOLE_OIDC_CLIENT_ID: CLIENT_ID,
  CONSOLE_OIDC_CLIENT_SECRET: SECRET,
  CONSOLE_OIDC_ROLES: JSON.stringify(ROLES),
  CONSOLE_OIDC_LABEL: 'Example ID',
  ...more,
});
const browserOf = (started: StartedConsole) => createBrowser({ [HOST]: started.url });
/** Who the browser is to the console. */
const caller = async (of = browser, on = ackline) => {
  const headers = { host: HOST, cookie: of.cookies(HOST), ...OWN_PAGE };
  const { status, body } = await send(on.url, { path: '/api/v1/caller', headers });
  return { status, ...(JSON.parse(body) as { name?: string; scopes?: string[]; tenant?: string | null }) };
};

before(async () => {
  database = await createTestDatabase();
  pool = testPool(database.url);
  provider = await startOidcProvider({ redirectUri: `${BASE}/login/oidc/callback`, secret: SECRET });
  ackline = await startConsole({ databaseUrl: database.url, env: environment() });
});
after(async () => {
  await ackline[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
  await pool.end();
  await database.close();
});
beforeEach(() => {
  browser = browserOf(ackline);
  Object.assign(provider, { account: ANNA, isUp: true, alterTokens: (tokens: object) => tokens });
});

describe('who signs in with an OpenID provider', () => {
  it('is known by a session with the scopes of their role, under their address in the audit', async () => {
    assert.deepEqual((await ackline.call('readAccess')).json, {
      local: false,
      oidc: { label: 'Example ID' },
    });
    const { url } = await browser.follow(`${BASE}/login/oidc`);
    assert.equal(url, `${BASE}/`);
    assert.match(browser.cookies(HOST), /^__Host-ackline-session=[\w-]{43}$/);
    const scopes = ['view', 'payload', 'operate', 'configure'];
    assert.deepEqual(await caller(), {
      status: 200,
      name: 'oidc:anna@example.com',
      scopes,
      tenant: null,
      by: 'session',
    });
    const { rows } = await pool.query("select actor, details from audit where action = 'session.started'");
    assert.deepEqual(rows, [
      { actor: 'oidc:anna@example.com', details: { role: 'sre', scopes: scopes.join(','), tenant: 'all' } },
    ]);
    for (const secret of [SECRET, browser.cookies(HOST).split('=')[1]!])
      assert.ok(!JSON.stringify(ackline.logs).includes(secret));
  });

  it('is of the tenant of their role alone, and without a proven address goes by the id at the provider', async () => {
    provider.account = { ...ANNA, sub: 'u-2', email_verified: false, roles: 'crimson-desk' };
    await browser.follow(`${BASE}/login/oidc`);
    assert.deepEqual(await caller(), {
      status: 200,
      name: 'oidc-sub:u-2',
      scopes: ['view'],
      tenant: 'crimson',
      by: 'session',
    });
    const { status, headers } = await send(ackline.url, {
      path: '/api/v1/events?tenant=azure',
      headers: { host: HOST, cookie: browser.cookies(HOST) },
    });
    assert.deepEqual([status, headers['set-cookie']], [403, undefined]);
  });

  it('again has one session: the one before ends once the new one begins, whoever it is of', async () => {
    await browser.follow(`${BASE}/login/oidc`);
    const first = browser.cookies(HOST);
    const callerBy = async (cookie: string) =>
      (await send(ackline.url, { path: '/api/v1/caller', headers: { host: HOST, cookie } })).status;
    // One that is not finished ends nothing.
    const begun = await browser.open(`${BASE}/login/oidc`);
    assert.equal(await callerBy(first), 200);
    for (const secret of first.split('=').slice(1))
      assert.ok(
        !String(begun.headers['set-cookie']).includes(secret),
        'a secret in a cookie that is not Strict',
      );
    provider.account = { ...ANNA, sub: 'u-3', email: 'eve@example.com' };
    await browser.follow(`${BASE}/login/oidc`);
    assert.equal((await caller()).name, 'oidc:eve@example.com');
    assert.equal(await callerBy(first), 401);
  });

  it('keeps a role for as long as it gives the same', async () => {
    await browser.follow(`${BASE}/login/oidc`);
    const changed = { sre: { scopes: ['view'] } };
    for (const [roles, status] of [
      [ROLES, 200],
      [changed, 401],
    ] as const) {
      const env = environment({ CONSOLE_OIDC_ROLES: JSON.stringify(roles) });
      await using other = await startConsole({ databaseUrl: database.url, env });
      assert.equal((await caller(browser, other)).status, status);
    }
    await using without = await startConsole({
      databaseUrl: database.url,
      env: { ACKLINE_ENV: 'production', CONSOLE_PUBLIC_URL: BASE },
    });
    assert.equal((await caller(browser, without)).status, 401);
    assert.equal((await send(without.url, { path: '/login/oidc' })).status, 404);
  });

  it('finds roles within other claims; of several the first that is declared holds; the secret may be a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ackline-oidc-'));
    const file = join(folder, 'secret');
    await writeFile(file, `${SECRET}\n`);
    const env = environment({
      CONSOLE_OIDC_CLIENT_SECRET: '',
      CONSOLE_OIDC_CLIENT_SECRET_FILE: file,
      CONSOLE_OIDC_ROLE_CLAIM: 'realm_access.roles',
    });
    await using other = await startConsole({ databaseUrl: database.url, env });
    provider.account = { ...ANNA, roles: [], realm_access: { roles: ['crimson-desk', 'sre'] } };
    const own = browserOf(other);
    await own.follow(`${BASE}/login/oidc`);
    assert.equal((await caller(own, other)).tenant, null);
    await rm(folder, { recursive: true });
  });
});

describe('nobody is signed in', () => {
  /** A page that a person can read, and no cookie. */
  async function refused(
    got: { status: number; body: string; headers: NodeJS.Dict<string | string[]> },
    status: number,
    code: string,
  ) {
    assert.equal(got.status, status, got.body);
    assert.match(String(got.headers['content-type']), /^text\/html/);
    assert.match(got.body, new RegExp(code));
    assert.doesNotMatch(got.body, /<script/);
    assert.match(String(got.headers['content-security-policy']), /default-src 'none'/);
    assert.doesNotMatch(browser.cookies(HOST), /session/);
  }

  it('who has no role that is known here', async () => {
    for (const roles of [['staff'], [], undefined, [{ sre: 1 }], 'SRE', '__proto__', 'constructor']) {
      provider.account = { ...ANNA, sub: `u-${JSON.stringify(roles)?.length}`, roles };
      browser = browserOf(ackline);
      await refused(await browser.follow(`${BASE}/login/oidc`), 403, 'ACKLINE_OIDC_NO_ROLE');
    }
  });

  it('who refuses at the provider, whose words are not repeated', async () => {
    provider.account = null;
    const got = await browser.follow(`${BASE}/login/oidc`);
    await refused(got, 401, 'ACKLINE_OIDC_REFUSED');
    assert.doesNotMatch(got.body, /alert/);
  });

  it('while the provider is away: tokens work all the same, and so does the provider once it is back', async () => {
    await using fresh = await startConsole({ databaseUrl: database.url, env: environment() });
    browser = browserOf(fresh);
    provider.isUp = false;
    const got = await browser.follow(`${BASE}/login/oidc`);
    await refused(got, 503, 'ACKLINE_OIDC_UNAVAILABLE');
    assert.match(got.body, /sign in with a token/i);
    const options = {
      name: 'while away',
      scopes: ['view'] as const,
      tenant: null,
      expiresInMs: null,
      actor: 'me',
    };
    await signIn(fresh, (await createToken(pool, options))!);
    provider.isUp = true;
    await browser.follow(`${BASE}/login/oidc`);
    assert.equal((await caller(browser, fresh)).status, 200);
  });

  it('with an answer that is another browser’s, or none’s, or comes twice', async () => {
    const begun = await browser.open(`${BASE}/login/oidc`);
    assert.match(
      String(begun.headers['set-cookie']),
      /^__Host-ackline-oidc=[\w.-]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/,
    );
    const other = browserOf(ackline);
    const left = await other.open(`${BASE}/login/oidc`);
    // The other one's person, as far as the last step.
    let at = String(left.headers['location']);
    while (!at.startsWith(BASE)) at = new URL(String((await other.open(at)).headers['location']), at).href;
    const asked = provider.asked.length;
    await refused(await browser.open(at), 401, 'ACKLINE_OIDC_REFUSED');
    await refused(await browserOf(ackline).open(at), 401, 'ACKLINE_OIDC_REFUSED');
    assert.equal(provider.asked.length, asked, 'the code was used');
    assert.equal((await other.open(at)).status, 303);
    assert.equal((await other.open(at)).status, 401);
  });

  it('by an ID token that somebody else has signed, or that is for another sign-in, client or issuer', async () => {
    await using fresh = await startConsole({ databaseUrl: database.url, env: environment() });
    const { privateKey: another } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    /** One that is wrong in nothing but that: what is not said to be of another key has the provider's own signature. */
    const forged =
      (claims: object, key = provider.key) =>
      (tokens: Record<string, unknown>) => {
        const [head = '', own = ''] = String(tokens['id_token']).split('.');
        const text = `${head}.${part({ ...decoded(own), ...claims })}`;
        return {
          ...tokens,
          id_token: `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`,
        };
      };
    const unsigned = (tokens: Record<string, unknown>) => {
      const [, claims = ''] = String(tokens['id_token']).split('.');
      return { ...tokens, id_token: `${part({ alg: 'none' })}.${claims}.` };
    };
    const invalid = 'invalid response encountered';
    const unexpected = 'unexpected JWT claim value encountered';
    for (const [what, alterTokens, why] of [
      ['the key of another', forged({}, another), invalid],
      ['no signature', unsigned, invalid],
      ['no ID token', (tokens: Record<string, unknown>) => ({ ...tokens, id_token: undefined }), invalid],
      ['the nonce of another sign-in', forged({ nonce: 'another' }), unexpected],
      ['no nonce', forged({ nonce: undefined }), invalid],
      ['another client', forged({ aud: 'another' }), unexpected],
      ['another issuer', forged({ iss: 'https://evil.example' }), unexpected],
      ['over', forged({ exp: 1 }), 'JWT timestamp claim value failed validation'],
    ] as const) {
      provider.alterTokens = alterTokens;
      browser = browserOf(fresh);
      await refused(await browser.follow(`${BASE}/login/oidc`), 401, 'ACKLINE_OIDC_REFUSED');
      assert.equal(fresh.logs.at(-1)?.['why'], why, what);
    }
    // What is signed anew is as good as before, so that none was refused for that.
    provider.alterTokens = forged({});
    browser = browserOf(fresh);
    await browser.follow(`${BASE}/login/oidc`);
    assert.equal((await caller(browser, fresh)).status, 200);
  });

  it('by a HEAD, or by a code that is made up, as often as somebody tries', async () => {
    await using fresh = await startConsole({ databaseUrl: database.url, env: environment() });
    for (const path of ['/login/oidc', '/login/oidc/callback?code=x'])
      assert.equal((await send(fresh.url, { path, method: 'HEAD' })).status, 405);
    const statuses: number[] = [];
    for (let n = 0; n <= FAILED_OF_ADDRESS; n++)
      statuses.push((await send(fresh.url, { path: `/login/oidc/callback?code=${n}&state=x` })).status);
    assert.deepEqual(statuses, [...Array.from({ length: FAILED_OF_ADDRESS }, () => 401), 429]);
    browser = browserOf(fresh);
    await browser.follow(`${BASE}/login/oidc`);
    assert.equal((await caller(browser, fresh)).status, 200);
  });
});

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decoded = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString()) as object;
