import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createToken } from '@ackline/store/console-tokens';
import { waitFor } from '@ackline/testkit/wait-for';
import { type ConsoleStage, runCommand, startCli, startConsoleStage } from '../remote/console-stage.ts';
import { HOSTILE } from './hostile-texts.ts';

describe('ackline tail', { timeout: 120_000 }, () => {
  let stage: ConsoleStage;
  before(async () => {
    stage = await startConsoleStage();
  });
  after(() => stage[Symbol.asyncDispose]());

  const tail = (
    args: readonly string[] = [],
    wishes: { isTerminal?: boolean; env?: Record<string, string> } = {},
  ) => startCli(['tail', '--url', stage.url, ...args], { folder: stage.folder, ...wishes });
  const idsOf = (lines: readonly string[]) =>
    lines.map(line => JSON.parse(line) as { id: string }).map(({ id }) => id);

  it('shows events as they are stored, one line each, with no colours where it is piped', async () => {
    const cli = tail(['--keys', '--since', '1m']);
    const id = await stage.store({ type: 'edited', orderingKey: 'chat-7' });
    await waitFor(() => cli.out.some(line => line.includes(id)));
    const line = cli.out.find(text => text.includes(id)) ?? '';
    assert.match(line, /^\d\d:\d\d:\d\d\.\d{3}  telegram +edited +chat-7  no route takes it  [0-9a-f-]{36}$/);
    assert.equal(await cli.stop(), 0);
    assert.deepEqual(cli.err, []);
  });

  it('says where no source has the name that was given', async () => {
    const cli = tail(['--source', 'telegramm']);
    await waitFor(() => cli.err.length === 2);
    assert.deepEqual(cli.err, [
      'No source is named telegramm: nothing new comes from there.',
      'The sources are telegram.',
    ]);
    assert.equal(await cli.stop(), 0);
  });

  it('colours a terminal, but with NO_COLOR', async () => {
    const [coloured, plain] = [
      tail(['--since', '1m'], { isTerminal: true }),
      tail(['--since', '1m'], { isTerminal: true, env: { NO_COLOR: '1' } }),
    ];
    await stage.store();
    await waitFor(() => coloured.out.length > 0 && plain.out.length > 0);
    assert.ok(coloured.out[0]?.includes('\u001b[2m'));
    assert.ok(!plain.out[0]?.includes('\u001b'));
    await Promise.all([coloured.stop(), plain.stop()]);
  });

  it('filters, and hides keys but with --keys', async () => {
    const cli = tail([
      '--json',
      '--since',
      '1m',
      '--source',
      'stripe',
      '--type',
      'paid',
      '--where',
      '{"body.amount":{"$gt":5}}',
    ]);
    await stage.store({ source: 'stripe', type: 'paid', body: '{"amount":1}' });
    await stage.store({ source: 'other', type: 'paid', body: '{"amount":9}' });
    const id = await stage.store({
      source: 'stripe',
      type: 'paid',
      body: '{"amount":9}',
      orderingKey: '+49 151 1',
    });
    await waitFor(() => cli.out.length > 0);
    assert.deepEqual(idsOf(cli.out), [id]);
    const keyIn = (text: string) => (JSON.parse(text) as { orderingKey: string }).orderingKey;
    assert.match(keyIn(cli.out[0] ?? ''), /^#[0-9a-f]{8}$/);
    const listed = await runCommand(stage, ['events', '--source', 'stripe', '--limit', '1', '--json']);
    assert.equal(keyIn(cli.out[0] ?? ''), keyIn(listed.out), 'as the database has it');
    await cli.stop();
  });

  it('filters by integers that no double holds to the last digit', async () => {
    const where = '{"body.chat":9007199254740993}';
    const cli = tail(['--json', '--since', '1m', '--source', 'long', '--where', where]);
    for (const chat of ['9007199254740992', '9007199254740994'])
      await stage.store({ source: 'long', body: `{"chat":${chat}}` });
    const id = await stage.store({ source: 'long', body: '{"chat":9007199254740993}' });
    await waitFor(() => cli.out.length > 0);
    assert.deepEqual(idsOf(cli.out), [id]);
    await cli.stop();
  });

  it('shows hostile texts of events, and obeys none of them', async () => {
    const cli = tail(['--keys', '--since', '1m', '--source', 'hostile']);
    const json = tail(['--json', '--keys', '--since', '1m', '--source', 'hostile']);
    // PostgreSQL takes no NUL: neither does the ingress.
    const texts = HOSTILE.filter(text => !text.includes('\u0000'));
    for (const text of texts) await stage.store({ source: 'hostile', type: text, orderingKey: text });
    await waitFor(() => cli.out.length === texts.length && json.out.length === texts.length);
    for (const line of [...cli.out, ...json.out]) assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u);
    assert.deepEqual(
      json.out.map(line => (JSON.parse(line) as { type: string }).type),
      texts,
    );
    await Promise.all([cli.stop(), json.stop()]);
  });

  it('goes on where it was after a break, says so, and skips nothing', async () => {
    const cli = tail(['--json', '--since', '1s', '--source', 'breaks']);
    const ids = [await stage.store({ source: 'breaks' })];
    await waitFor(() => idsOf(cli.out).length === 1);
    await stage.link.cut();
    await waitFor(() => cli.err.some(text => text.includes('does not answer')));
    ids.push(await stage.store({ source: 'breaks' }), await stage.store({ source: 'breaks' }));
    await stage.link.heal();
    await waitFor(() => idsOf(cli.out).length >= 3);
    ids.push(await stage.store({ source: 'breaks' }));
    await waitFor(() => idsOf(cli.out).includes(ids[3] ?? ''));
    assert.deepEqual([...new Set(idsOf(cli.out))], ids);
    const said = cli.err.filter(text => !/^No source|^The sources/.test(text));
    assert.match(said[0] ?? '', /does not answer \(\w+\): trying again, nothing is skipped/);
    assert.match(said[1] ?? '', /answers again/);
    assert.equal(await cli.stop(), 0);
  });

  it('takes its token from a file or the environment, and ends with why where it is refused', async () => {
    const token = await createToken(stage.pool, {
      name: 'laptop',
      scopes: ['payload'],
      tenant: null,
      expiresInMs: null,
      actor: 'me',
    });
    await writeFile(join(stage.folder, 'token'), `${token}\n`);
    for (const cli of [tail(['--token-file', 'token']), tail([], { env: { ACKLINE_TOKEN: token ?? '' } })]) {
      assert.equal(await cli.exit, 1);
      assert.match(cli.err.join('\n'), /^error \[ACKLINE_NOT_ALLOWED\] The caller has no scope `view`/);
    }
    for (const [args, problem] of [
      [['--token-file', 'none'], /ACKLINE_USAGE.*can not be read \(ENOENT\)/],
      [['--token-file', 'ackline.yaml'], /ACKLINE_USAGE.*holds no token/],
      [['--where', '{'], /ACKLINE_CALL_INVALID.*where: is no JSON/],
    ] as const) {
      const cli = tail(args);
      assert.equal(await cli.exit, 1);
      assert.match(cli.err.join('\n'), problem);
    }
  });

  it('ends at Ctrl-C also while it waits for a console', async () => {
    await stage.link.cut();
    const cli = tail();
    await waitFor(() => cli.err.length > 0);
    assert.equal(await cli.stop(), 0);
    await stage.link.heal();
  });

  it('begins now without --since', async () => {
    await stage.store({ source: 'now' });
    const cli = tail(['--json', '--source', 'now']);
    await waitFor(async () => {
      await stage.store({ source: 'now', type: 'later' });
      return cli.out.length > 0;
    });
    assert.ok(cli.out.every(line => (JSON.parse(line) as { type: string }).type === 'later'));
    await cli.stop();
  });
});
