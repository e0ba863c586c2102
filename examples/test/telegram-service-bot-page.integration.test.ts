import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '@ackline/shared/config/load-config';
import { providers } from '@ackline/shared/providers/registry';
import { freePort } from '@ackline/testkit/free-port';
import { waitFor } from '@ackline/testkit/wait-for';
import { readPage, ROOT } from './example-page.ts';

const EXAMPLE = 'examples/telegram-service-bot';
const CLI = join(ROOT, 'packages/cli/src/main.ts');
/** initdb, two services and a migration on a busy machine. */
const SLOW = { timeoutMs: 120_000 };
const blocksOf = await readPage('telegram-service-bot');
const read = (path: string) => readFile(join(ROOT, EXAMPLE, path), 'utf8');

describe('docs/tutorials/telegram-service-bot.md', () => {
  it('shows the files of the example as they are', async () => {
    assert.equal(blocksOf('yaml')[0], await read('ackline.yaml'));
    assert.deepEqual(
      blocksOf('ts'),
      await Promise.all(
        ['conversation', 'service-api', 'service-bot'].map(name => read(`handlers/${name}.ts`)),
      ),
    );
  });

  it('has commands that lead from nothing to a request, as it says', async () => {
    await using folder = await openFolder();
    const [start = '', standIns = '', talk = ''] = blocksOf('sh');
    const first = folder.run(start);
    await first.untilSaid('Ctrl-C stops');
    const second = folder.run(standIns);
    await second.untilSaid('stand-ins: ');
    const third = folder.run(talk);
    const [code] = (await once(third.child, 'close')) as [number | null];
    assert.equal(code, 0, third.output());
    const expected = blocksOf('')[0] ?? '';
    await second.untilSaid(expected.trimEnd().split('\n').at(-1) ?? '');
    assert.equal(second.output().split('\n').slice(1).join('\n'), expected);
    assert.match(third.output(), /service-bot: delivered/);
    await first.end('SIGTERM');
    assert.match(first.output(), /stopped/);
  });

  it('has values of a cluster whose configuration is right', () => {
    const [, config = ''] = /^config:\n((?: {2}.*\n)+)/m.exec(blocksOf('yaml')[1] ?? '') ?? [];
    const text = config.replaceAll(/^ {2}/gm, '');
    const { destinations } = loadConfig(text, { fileName: 'values.yaml', providers, production: true });
    assert.deepEqual(
      destinations.map(({ name }) => name),
      ['service-bot'],
    );
  });
});

/** A command of a terminal. */
interface Command {
  readonly child: ChildProcess;
  output(): string;
  untilSaid(words: string): Promise<unknown>;
  /** Ends all that it has started. */
  end(signal: NodeJS.Signals): Promise<void>;
}

interface Folder extends AsyncDisposable {
  /** As it is pasted into a shell, but for the ports. */
  run(commands: string): Command;
}

/** One like Ackline's own, with the example alone, where `npm start` and `npx` run what they would install. */
async function openFolder(): Promise<Folder> {
  const folder = await mkdtemp(join(tmpdir(), 'ackline-tutorial-'));
  const [port, operations, standIns] = [await freePort(), await freePort(), await freePort()];
  const withPorts = (text: string) =>
    text.replaceAll('8080', String(port)).replaceAll('8091', String(standIns));
  await cp(join(ROOT, EXAMPLE), join(folder, EXAMPLE), { recursive: true });
  for (const name of ['ackline.yaml', 'stand-ins.ts']) {
    await writeFile(join(folder, EXAMPLE, name), withPorts(await read(name)));
  }
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await program(bin, 'npm', `exec "${process.execPath}" "${CLI}" up`);
  await program(
    bin,
    'npx',
    `name=$1; shift\n[ "$name" = node ] && exec "${process.execPath}" "$@"\nexec "${process.execPath}" "${CLI}" "$@"`,
  );
  const env = {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    HOME: folder,
    PORT: String(port),
    OPS_PORT: String(operations),
  };
  const started: Command[] = [];
  return {
    run(commands) {
      const command = runCommand(withPorts(commands), { cwd: folder, env });
      started.push(command);
      return command;
    },
    async [Symbol.asyncDispose]() {
      for (const command of started.toReversed()) await command.end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function program(bin: string, name: string, text: string): Promise<void> {
  await writeFile(join(bin, name), `#!/bin/sh\n${text}\n`);
  await chmod(join(bin, name), 0o755);
}

function runCommand(
  commands: string,
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Command {
  const child = spawn('sh', ['-ec', commands], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const closed = once(child, 'close');
  let said = '';
  let isOver = false;
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => (said += String(part)));
  void closed.then(() => (isOver = true));
  return {
    child,
    output: () => said,
    untilSaid: words =>
      waitFor(
        () => {
          if (isOver && !said.includes(words)) throw new Error(said);
          return said.includes(words);
        },
        { what: `"${words}"`, ...SLOW },
      ),
    async end(signal) {
      if (!isOver && child.pid !== undefined) process.kill(-child.pid, signal);
      await closed;
    },
  };
}
