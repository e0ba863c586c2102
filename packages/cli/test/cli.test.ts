import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ranCli } from './ran-cli.ts';

const run = (...args: string[]) => ranCli(args, { environment: { ACKLINE_DATA_DIR: '/nowhere/.ackline' } });

/** Every command that help names, and the commands of commands: `replay start`. */
async function commandsBelow(...words: string[]): Promise<string[][]> {
  const { out } = await run(...words, '--help');
  const list = /\nCommands:\n(.*?)(?:\n\n|$)/s.exec(out)?.[1] ?? '';
  const names = [...list.matchAll(/^ {2}(\S+)/gm)]
    .map(([, name]) => name ?? '')
    .filter(name => name !== 'help');
  const below = await Promise.all(names.map(name => commandsBelow(...words, name)));
  return names.flatMap((name, at) => [[...words, name], ...(below[at] ?? [])]);
}

test('each command has an example in its help, and a place in the table of README.md', async () => {
  const commands = await commandsBelow();
  assert.ok(commands.length > 40, String(commands.length));
  for (const words of commands) {
    const { exitCode, out } = await run(...words, '--help');
    assert.equal(exitCode, 0);
    assert.match(out, /^Usage: npx ackline .*Examples?:\n +\$ .*npx ackline/s, words.join(' '));
  }
  const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
  const table = readme.split('\n').filter(line => line.startsWith('| `npx ackline'));
  const named = new Set(
    table.flatMap(line => [...line.matchAll(/`(?:npx ackline )?(\w+)/g)].map(([, name]) => name)),
  );
  const missing = commands
    .filter(({ length }) => length === 1)
    .flat()
    .filter(name => !named.has(name));
  assert.deepEqual(missing, []);
});

test('`help` is `--help`', async () => {
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
