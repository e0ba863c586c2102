import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { operatorName } from '@ackline/runtime/operator-name';
import { findSession, startSession } from '@ackline/store/console-sessions';
import { createToken, useToken } from '@ackline/store/console-tokens';
import { createPool } from '@ackline/store/pool';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { ranCli } from '../ran-cli.ts';

const ANNA = 'oidc:anna@example.com';

describe('ackline sessions', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = createPool({
      connectionString: database.url,
      applicationName: 'cli-test',
      max: 2,
      onError: () => undefined,
    });
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  const run = (...args: string[]) => ranCli(args, { environment: { DATABASE_URL: database.url } });
  const json = (text: string) => text.split('\n').map(line => JSON.parse(line) as Record<string, unknown>);
  const signIn = async (name: string) =>
    (
      await startSession(pool, {
        name,
        scopes: ['view', 'operate'],
        tenant: 'acme',
        by: { role: 'sre' },
        instead: [],
      })
    ).secret;
  const isIn = async (secret: string) => (await findSession(pool, secret, { isUse: false })) !== null;

  it('lists who is signed in, and signs a person out of all browsers, with who did it in the audit', async () => {
    assert.equal((await run('sessions')).out, 'Nobody is signed in with a browser.');
    const [one, two, other] = [await signIn(ANNA), await signIn(ANNA), await signIn('oidc:ben@example.com')];
    assert.match((await run('sessions')).out, /^oidc:anna@example\.com +view,operate +acme +role sre +/m);
    const listed = json((await run('sessions', 'list', '--json')).out);
    assert.deepEqual(
      listed.map(({ name, scopes, tenant, role, token }) => [name, scopes, tenant, role, token]),
      ['oidc:ben@example.com', ANNA, ANNA].map(name => [name, ['view', 'operate'], 'acme', 'sre', null]),
    );
    for (const secret of [one, two, other]) assert.ok(!JSON.stringify(listed).includes(secret));

    const ended = await run('sessions', 'end', ANNA);
    assert.deepEqual([ended.exitCode, ended.out], [0, `${ANNA} is signed out of 2 browsers.`]);
    assert.deepEqual([await isIn(one), await isIn(two), await isIn(other)], [false, false, true]);
    const [last] = json((await run('audit', '--limit', '1', '--json')).out);
    assert.deepEqual(
      [last?.['actor'], last?.['action'], last?.['subject'], last?.['details']],
      [operatorName(), 'session.ended', ANNA, { sessions: 2 }],
    );
  });

  it('names the token of a session, and leaves out one that died with it or rested for too long', async () => {
    const secret = await createToken(pool, {
      name: 'ci',
      scopes: ['view'],
      tenant: null,
      expiresInMs: null,
      actor: 'me',
    });
    const token = (await useToken(pool, secret ?? ''))!;
    await startSession(pool, {
      name: 'token:ci',
      scopes: ['view'],
      tenant: null,
      by: { token },
      instead: [],
    });
    await signIn('oidc:resting@example.com');
    await pool.query(
      "update console_sessions set used_at = now() - interval '2 hours' where name = 'oidc:resting@example.com'",
    );
    const { out } = await run('sessions');
    assert.match(out, /^token:ci +view +all +token ci +/m);
    assert.doesNotMatch(out, /resting/);
    await run('tokens', 'revoke', 'ci');
    assert.doesNotMatch((await run('sessions')).out, /token:ci/);
    for (const name of ['token:ci', 'oidc:resting@example.com', 'nobody']) {
      const { exitCode, err } = await run('sessions', 'end', name);
      assert.equal(exitCode, 1);
      assert.match(err, /\[ACKLINE_NOT_FOUND\] Nobody is signed in as /);
    }
  });
});
