import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ranCli } from './ran-cli.ts';

const run = (...args: string[]) => ranCli(args, { environment: { ACKLINE_DATA_DIR: '/nowhere/.ackline' } });

test('help lists every command, and each command has an example', async () => {
  const help = await run('--help');
  assert.equal(help.exitCode, 0);
  const commands = [
    'up',
    'check',
    'plan',
    'send',
    'bench',
    'tail',
    'listen',
    'events',
    'park',
    'replay',
    'discard',
    'sources',
    'destinations',
    'audit',
    'migrate',
    'backup',
    'restore',
  ];
  for (const command of commands) {
    assert.match(help.out, new RegExp(`\\n  ${command}\\b`));
    const { exitCode, out } = await run(command, '--help');
    assert.equal(exitCode, 0);
    assert.match(out, /^Usage: npx ackline .*Example:\n +\$ .*npx ackline/s, command);
  }
});

test('a subcommand has an example too, and `help` is `--help`', async () => {
  for (const words of [['list'], ['pause'], ['resume']]) {
    const { out } = await run('destinations', ...words, '--help');
    assert.match(out, new RegExp(`Example:\\n +\\$ npx ackline destinations ${words.join()}`));
  }
  for (const word of ['start', 'list', 'status', 'cancel', 'continue']) {
    assert.match(
      (await run('replay', word, '--help')).out,
      new RegExp(`Example:\\n +\\$ npx ackline replay ${word}`),
    );
  }
  for (const words of [[], ['send']]) {
    const help = await run('help', ...words);
    assert.deepEqual([help.exitCode, help.out], [0, (await run(...words, '--help')).out]);
  }
});

test('an error of usage points to the help of its command', async () => {
  for (const [args, help] of [
    [['send'], 'npx ackline send --help'],
    [['events', '--limit', '0'], 'npx ackline events --help'],
    [['destinations', 'pause'], 'npx ackline destinations pause --help'],
    [['--nope'], 'npx ackline --help'],
  ] as const) {
    const { exitCode, err } = await run(...args);
    assert.equal(exitCode, 1);
    assert.ok(err.endsWith(` – see \`${help}\``), err);
  }
});

test('a mistyped command is one line with a suggestion, and exit status 1', async () => {
  const { exitCode, err, out } = await run('evnts');
  assert.equal(exitCode, 1);
  assert.equal(out, '');
  assert.match(
    err,
    /^error \[ACKLINE_USAGE\] unknown command 'evnts' \(Did you mean events\?\) – see `npx ackline --help`$/,
  );
});

test('a bad option value is refused before anything is connected', async () => {
  for (const args of [
    ['events', '--limit', '0'],
    ['events', '--limit', '1e3'],
    ['send', 'telegram', '--rate', '-1'],
    ['send', 'telegram', '--count', '1000001'],
    ['send', 'telegram', '--url', 'localhost:8080'],
    ['bench', 'localhost:8080'],
    ['bench', 'http://127.0.0.1/?x=1'],
    ['bench', 'http://127.0.0.1', '--requests', '0'],
    ['bench', 'http://127.0.0.1', '--requests', '1000001'],
    ['bench', 'http://127.0.0.1', '--concurrency', '1001'],
    ['bench', 'http://127.0.0.1', '--rate', '0'],
    ['bench', 'http://127.0.0.1', '--seconds', '3601'],
    ['bench', 'http://127.0.0.1', '--min-success', '100.1'],
    ['bench', 'http://127.0.0.1', '--min-success', '-1'],
    ['bench', 'http://127.0.0.1', '--max-p99', '50'],
    ['listen'],
    ['listen', '0'],
    ['listen', '3000', '--since', 'soon'],
    ['tail', '--url', 'localhost:8081'],
    ['replay', 'not-an-id'],
    ['discard'],
    ['discard', '019ab2c4-0000-7000-8000-00000000000d', '--cause', 'crm 503'],
  ]) {
    const { exitCode, err } = await run(...args);
    assert.equal(exitCode, 1, args.join(' '));
    assert.match(err, /^error \[ACKLINE_USAGE\] /, args.join(' '));
  }
});

test('without a database the error says how to start one', async () => {
  const { exitCode, err } = await run('events');
  assert.equal(exitCode, 1);
  assert.match(err, /^error \[ACKLINE_NOT_RUNNING\] .*npm start/);
});
