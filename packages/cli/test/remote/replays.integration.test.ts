// Replays of many with --url: what is printed and done is what it is with the database.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createToken } from '@ackline/store/console-tokens';
import { bothWays, type ConsoleStage, runCommand, startConsoleStage } from './console-stage.ts';

const ID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

describe('replays of many by the API', { timeout: 120_000 }, () => {
  let stage: ConsoleStage;
  before(async () => {
    stage = await startConsoleStage();
    for (const status of [503, 503, 422]) await stage.deliver('parked', { last: { status } });
  });
  after(() => stage[Symbol.asyncDispose]());

  const run = (...args: string[]) => runCommand(stage, args);
  const remote = (...args: string[]) => run(...args, '--url', stage.url);
  const idOf = (text: string) => ID.exec(text)?.[0] ?? '';
  const unnamed = (text: string) => text.replaceAll(new RegExp(ID, 'g'), '<id>');
  const rows = async () =>
    (
      await stage.pool.query(
        'select filter, rate_per_s, trickle, state, counted from replays order by created_at',
      )
    ).rows;
  const forget = () => stage.pool.query('delete from replays');

  it('are counted, told and started alike', async () => {
    const args = ['replay', 'start', '--cause', 'crm 503', '--rate', '7', '--trickle', '1', '--yes'];
    const [stored, byUrl] = [await run(...args), await remote(...args)];
    assert.equal(stored.code, 0, stored.err);
    assert.match(stored.out, /^2 parked deliveries with the cause "crm 503", at 7 a second/);
    assert.equal(unnamed(byUrl.out), unnamed(stored.out));
    assert.equal(byUrl.code, 0);
    const [one, other] = await rows();
    assert.deepEqual(other, one);
    assert.equal(one.state, 'trickle');
    await forget();
  });

  it('nothing is sent without a yes: what was counted is cancelled', async () => {
    const args = ['replay', 'start', '--destination', 'crm'];
    const [stored, byUrl] = [await run(...args), await remote(...args)];
    assert.equal(stored.code, 1);
    assert.match(stored.err, /ACKLINE_USAGE.*Nothing is sent: there is no terminal to ask on/);
    assert.deepEqual(byUrl, stored);
    const [one, other] = await rows();
    assert.deepEqual(other, one);
    assert.equal(one.state, 'cancelled');
    await forget();
  });

  it('a filter that nothing is of is an error', async () => {
    const [stored, byUrl] = await bothWays(stage, ['replay', 'start', '--cause', 'crm 999', '--yes']);
    assert.match(stored.err, /ACKLINE_NOT_FOUND.*No parked delivery is of this filter/);
    assert.deepEqual(byUrl, stored);
    await forget();
  });

  it('are listed and shown alike, as text and as JSON', async () => {
    for (const cause of ['crm 503', 'crm 422']) await run('replay', 'start', '--cause', cause, '--yes');
    const [listed] = await bothWays(stage, ['replay', 'list', '--json']);
    const [newest, older] = listed.out.split('\n').map(idOf);
    await stage.pool.query("update replays set state = 'stopped', reason = 'parked again' where id = $1", [
      newest,
    ]);
    for (const args of [
      ['replay', 'list'],
      ['replay', 'list', '--json'],
      ['replay', 'list', '--limit', '1'],
      ['replay', 'status', newest ?? ''],
      ['replay', 'status', older ?? '', '--json'],
    ]) {
      const [stored, byUrl] = await bothWays(stage, args);
      assert.equal(stored.code, 0, stored.err);
      assert.ok(stored.out.length > 50);
      assert.deepEqual(byUrl, stored, args.join(' '));
    }
    for (const change of ['continue', 'cancel'] as const) {
      const stored = await run('replay', change, newest ?? '');
      assert.equal(stored.code, 0, stored.err);
      await stage.pool.query("update replays set state = 'stopped', finished_at = null where id = $1", [
        newest,
      ]);
      assert.deepEqual(await remote('replay', change, newest ?? ''), stored);
    }
    const { err } = await remote('replay', 'continue', newest ?? '');
    assert.match(err, /ACKLINE_WRONG_STATE.*The replay is cancelled: continue is for one that is stopped/);
    assert.match((await remote('replay', 'status', randomUUID())).err, /ACKLINE_NOT_FOUND.*no replay/);
    await forget();
  });

  it('a token of a tenant has its own alone, and one that only looks starts none', async () => {
    const token = async (name: string, scopes: readonly ('view' | 'operate')[], tenant: string | null) =>
      (await createToken(stage.pool, { name, scopes, tenant, expiresInMs: null, actor: 'me' })) ?? '';
    const azure = await token('azure', ['view', 'operate'], 'azure');
    const looks = await token('looks', ['view'], null);
    await run('replay', 'start', '--cause', 'crm 503', '--yes');
    const id = idOf((await run('replay', 'list')).out);
    const as = (ACKLINE_TOKEN: string, ...args: string[]) =>
      runCommand(stage, [...args, '--url', stage.url], { ACKLINE_TOKEN });
    assert.equal((await as(azure, 'replay', 'list')).out, 'Nothing was replayed by a filter yet.');
    assert.match((await as(azure, 'replay', 'status', id)).err, /ACKLINE_NOT_FOUND/);
    assert.match((await as(azure, 'replay', 'cancel', id)).err, /ACKLINE_NOT_FOUND/);
    const others = await as(azure, 'replay', 'start', '--tenant', 'default', '--yes');
    assert.match(others.err, /ACKLINE_NOT_ALLOWED.*of the tenant "azure" alone/);
    const none = await as(azure, 'replay', 'start', '--cause', 'crm 503', '--yes');
    assert.match(none.err, /ACKLINE_NOT_FOUND.*No parked delivery/);
    assert.equal((await as(looks, 'replay', 'list')).code, 0);
    assert.match((await as(looks, 'replay', 'cancel', id)).err, /ACKLINE_NOT_ALLOWED.*`operate`/);
  });

  it('--url before the subcommand is refused: it would be the database that is asked', async () => {
    const { code, err } = await run('replay', '--url', stage.url, 'list');
    assert.equal(code, 1);
    assert.match(err, /ACKLINE_USAGE.*stand behind `replay list`/);
  });
});
