import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bareEnvironment } from '@ackline/testkit/bare-environment';
import { freePort } from '@ackline/testkit/free-port';
import { waitFor } from '@ackline/testkit/wait-for';
import { ROOT } from './example-page.ts';

const CLI = join(ROOT, 'packages/cli/src/main.ts');
/** initdb, two services and a migration on a busy machine. */
const SLOW = { timeoutMs: 120_000 };

/** What is pasted into a terminal. */
export interface Command {
  readonly child: ChildProcess;
  output(): string;
  untilSaid(words: string): Promise<unknown>;
  /** Resolves with what it printed; rejects where it fails. */
  untilDone(): Promise<string>;
  /** Ends all that it has started. */
  end(signal: NodeJS.Signals): Promise<void>;
}

export interface TutorialFolder extends AsyncDisposable {
  readonly path: string;
  /** As it is pasted into a shell, but for the ports. */
  run(commands: string): Command;
}

/** A folder like Ackline's own, with one example alone, where `npm start` and `npx` run what they would install. */
export async function openTutorialFolder(
  example: string,
  options: { readonly standInPort?: number } = {},
): Promise<TutorialFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'ackline-tutorial-'));
  const [port, operations, standIn] = [await freePort(), await freePort(), await freePort()];
  const withPorts = (text: string) =>
    text
      .replaceAll('8080', String(port))
      .replaceAll(String(options.standInPort ?? 'no port'), String(standIn));
  const copy = join(folder, 'examples', example);
  await cp(join(ROOT, 'examples', example), copy, { recursive: true });
  for (const entry of await readdir(copy, { withFileTypes: true })) {
    const path = join(copy, entry.name);
    if (entry.isFile()) await writeFile(path, withPorts(await readFile(path, 'utf8')));
  }
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await program(bin, 'npm', `exec "${process.execPath}" "${CLI}" up`);
  await program(
    bin,
    'npx',
    `name=$1; shift\n[ "$name" = node ] && exec "${process.execPath}" "$@"\nexec "${process.execPath}" "${CLI}" "$@"`,
  );
  const bare = bareEnvironment();
  const env = {
    ...bare,
    PATH: `${bin}:${bare.PATH ?? ''}`,
    HOME: folder,
    PORT: String(port),
    OPS_PORT: String(operations),
    CONSOLE_PORT: '0',
  };
  const started: Command[] = [];
  return {
    path: folder,
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
  const closed = once(child, 'close') as Promise<[number | null]>;
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
    async untilDone() {
      const [code] = await closed;
      if (code !== 0) throw new Error(said);
      return said;
    },
    async end(signal) {
      if (!isOver && child.pid !== undefined) process.kill(-child.pid, signal);
      await closed;
    },
  };
}
