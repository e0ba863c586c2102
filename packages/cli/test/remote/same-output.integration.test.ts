// What commands print with --url is what they print of the database, line by line.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createToken } from '@ackline/store/console-tokens';
import { randomUUID } from 'node:crypto';
import { bothWays, type ConsoleStage, runCommand, startConsoleStage } from './console-stage.ts';

describe('commands by the API', { timeout: 120_000 }, () => {
  let stage: ConsoleStage;
  before(async () => {
    stage = await startConsoleStage();
    for (let n = 0; n < 5; n++)
      await stage.store({ orderingKey: `chat-${n % 2}`, source: n === 4 ? 'other' : 'telegram' });
    for (let n = 0; n < 3; n++) await delivery('parked');
    const run = async (...args: string[]) => assert.equal((await both(args))[0]?.code, 0);
    await run('destinations', 'pause', 'crm', '--reason', 'they move');
  });
  after(() => stage[Symbol.asyncDispose]());

  const delivery = (state: 'parked' | 'due') => stage.deliver(state);
  const run = (args: readonly string[], env?: Record<string, string>) => runCommand(stage, args, env);
  const both = (args: readonly string[]) => bothWays(stage, args);

  it('lists print the same, as tables and as JSON', async () => {
    for (const args of [
      ['events'],
      ['events', '--source', 'other'],
      ['events', '--json', '--keys'],
      ['events', '--source', 'telegram', '--limit', '2', '--json'],
      ['audit'],
      ['audit', '--json', '--limit', '1'],
    ]) {
      const [stored, remote] = await both(args);
      assert.equal(stored?.code, 0, args.join(' '));
      assert.ok((stored?.out.length ?? 0) > 50);
      assert.deepEqual(remote, stored, args.join(' '));
    }
  });

  it('a source without events is told from one that there is not', async () => {
    await stage.pool.query("update events set source = 'older' where source = 'telegram'");
    const [stored, remote] = await both(['events', '--source', 'telegram']);
    await stage.pool.query("update events set source = 'telegram' where source = 'older'");
    assert.match(stored?.out ?? '', /^No events of source telegram yet/);
    assert.deepEqual(remote, stored);
    const mistyped = await both(['events', '--source', 'telegarm']);
    assert.match(mistyped[0]?.err ?? '', /ACKLINE_USAGE.*no events of source "telegarm"; known: telegram/);
    assert.deepEqual(mistyped[1], mistyped[0]);
  });

  it('a list that is longer than a page of the API is read page by page', async () => {
    const [first] = await both(['events', '--limit', '1000', '--json']);
    await stage.pool.query(
      `insert into events (seq, id, source, tenant, provider, type, dedup_key, received_at, priority, tier, routing, key_id, meta, body)
       select nextval('event_seq'), gen_random_uuid(), 'bulk', 'default', 'p', 't', n::text, now(), 'normal', 'inbox', 'unmatched', 'none', '', ''
         from generate_series(1, 450) n`,
    );
    const [stored, remote] = await both(['events', '--limit', '1000', '--json']);
    assert.equal(stored?.out.split('\n').length, 450 + (first?.out.split('\n').length ?? 0));
    assert.deepEqual(remote, stored);
  });

  it('a delivery is sent with another body, by the one as by the other', async () => {
    await writeFile(join(stage.folder, 'body.json'), '{"text":"repaired"}');
    const [one, other] = [await delivery('parked'), await delivery('parked')];
    const stored = await run(['replay', one, '--edit', 'body.json']);
    const remote = await run(['replay', other, '--edit', 'body.json', '--url', stage.url]);
    assert.equal(stored.code, 0, stored.err);
    assert.deepEqual({ ...remote, out: remote.out.replace(other, one) }, stored);
    const { rows } = await stage.pool.query('select body::text as body from delivery_edits');
    assert.equal(rows.length, 2);
    assert.equal(rows[0].body, rows[1].body);
  });

  it('acts print the same: replay, discard, pause, resume and enable', async () => {
    const pairs = [
      [
        ['replay', await delivery('parked')],
        ['replay', await delivery('parked')],
      ],
      [
        ['replay', await delivery('due')],
        ['replay', await delivery('due')],
      ],
      [
        ['discard', await delivery('parked')],
        ['discard', await delivery('parked')],
      ],
    ] as const;
    for (const [one, other] of pairs) {
      const stored = await run(one);
      const remote = await run([...other, '--url', stage.url]);
      assert.equal(remote.code, 0);
      assert.equal(remote.out.replace(other[1], one[1]), stored.out);
    }
    for (const args of [
      ['destinations', 'resume', 'crm'],
      ['destinations', 'enable', 'crm'],
      ['destinations', 'pause', 'crm', '--reason', 'again'],
    ]) {
      const before = args[1] === 'pause' ? 'resume' : 'pause';
      await run(['destinations', before, 'crm']);
      const stored = await run(args);
      await run(['destinations', before, 'crm']);
      assert.deepEqual(await run([...args, '--url', stage.url]), stored, args.join(' '));
    }
    const again = await run(['destinations', 'pause', 'crm', '--url', stage.url]);
    assert.equal(again.code, 0);
  });

  it('says what a console refuses or does not have, and where nobody answers', async () => {
    const token = await createToken(stage.pool, {
      name: 'looks',
      scopes: ['view'],
      tenant: null,
      expiresInMs: null,
      actor: 'me',
    });
    const env = { ACKLINE_TOKEN: token ?? '' };
    for (const [args, problem] of [
      [['discard', randomUUID(), '--url', stage.url], /ACKLINE_NOT_ALLOWED.*`operate`/],
      [['events', '--token-file', 'x'], /ACKLINE_USAGE.*give --url too/],
      [['events', '--url', 'http://127.0.0.1:9'], /ACKLINE_CONSOLE_UNAVAILABLE.*ECONNREFUSED/],
      [['events', '--url', 'http://user:pw@127.0.0.1'], /ACKLINE_USAGE.*without a user/],
      [['replay', randomUUID(), '--url', stage.url], /ACKLINE_NOT_FOUND/],
    ] as const) {
      const { code, err } = await run(args, env);
      assert.equal(code, 1, args.join(' '));
      assert.match(err, problem);
    }
  });
});
