import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { operatorName } from '@ackline/runtime/operator-name';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { ranCli } from '../ran-cli.ts';

let database: TestDatabase;

before(async () => {
  database = await createTestDatabase();
});
after(async () => {
  await database.close();
});

const run = (...args: string[]) => ranCli(args, { environment: { DATABASE_URL: database.url } });

const listed = async () =>
  (await run('tokens', 'list', '--json')).out
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>);

describe('ackline tokens', () => {
  it('shows a token once, lists it without it, and revokes it, all of it in the audit', async () => {
    assert.match((await run('tokens')).out, /There are no tokens/);
    const created = await run(
      'tokens',
      'create',
      'ci',
      '--scope',
      'view,operate',
      '--tenant',
      'acme',
      '--expires',
      '30d',
    );
    assert.match(created.out, /^ackline_[\w-]{43}$/);
    assert.match(created.err, /not shown again/);
    const [token] = await listed();
    assert.deepEqual(
      [token?.['name'], token?.['scopes'], token?.['tenant'], token?.['createdBy'], token?.['revokedAt']],
      ['ci', ['view', 'operate'], 'acme', operatorName(), null],
    );
    assert.match((await run('tokens')).out, /^ci +view,operate +acme +never +live until /m);
    assert.ok(!(await run('tokens')).out.includes(created.out));
    assert.match((await run('tokens', 'revoke', 'ci')).out, /ci is revoked/);
    assert.match((await run('tokens')).out, /^ci .* revoked /m);
    const audit = (await run('audit', '--json')).out
      .split('\n')
      .map(line => JSON.parse(line) as { action: string });
    assert.deepEqual(
      audit.map(({ action }) => action),
      ['token.revoked', 'token.created'],
    );
  });

  it('a name is of one live token at a time, and free again when that is revoked', async () => {
    assert.equal((await run('tokens', 'create', 'one', '--scope', 'view')).exitCode, 0);
    const second = await run('tokens', 'create', 'one', '--scope', 'view');
    assert.deepEqual([second.exitCode, second.out], [1, '']);
    assert.match(second.err, /A live token has the name "one"/);
    await run('tokens', 'revoke', 'one');
    assert.equal((await run('tokens', 'create', 'one', '--scope', 'view')).exitCode, 0);
    assert.match((await run('tokens', 'revoke', 'nobody')).err, /\[ACKLINE_NOT_FOUND\]/);
  });

  it('says what is wrong with a scope or a name', async () => {
    for (const scope of ['', 'all', 'view,', 'view,admin']) {
      const { exitCode, err } = await run('tokens', 'create', 'x', '--scope', scope);
      assert.ok(exitCode !== 0, scope);
      assert.match(err, /must be some of view, payload, operate, configure/);
    }
    assert.match((await run('tokens', 'create', 'a b', '--scope', 'view')).err, /1 to 60 letters/);
    assert.match((await run('tokens', 'create', 'x')).err, /required option '--scope/);
  });
});
