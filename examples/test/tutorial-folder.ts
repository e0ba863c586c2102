import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
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
  /** A text of the page with the ports of here. */
  here(text: string): string;
}

/** The port of webhooks, and that of the console: pages name both as they are by default. */
const [WEBHOOKS, CONSOLE] = [8080, 8081];

/**
 * A folder like Ackline's own, with one file or folder of it alone, where `npm start` and `npx` run what they would install. `ports`: those that
 * the page names besides, which are others here.
 */
export async function openTutorialFolder(
  copied: string,
  options: { readonly ports?: readonly number[] } = {},
): Promise<TutorialFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'ackline-tutorial-'));
  const ports = new Map<number, string>();
  for (const port of [WEBHOOKS, CONSOLE, ...(options.ports ?? [])]) ports.set(port, String(await freePort()));
  // All at once: a port of here may look like one that the page names.
  const named = new RegExp([...ports.keys()].join('|'), 'g');
  const withPorts = (text: string) => text.replaceAll(named, port => ports.get(Number(port)) ?? port);
  await copyTo(folder, copied, withPorts);
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
    PORT: ports.get(WEBHOOKS),
    OPS_PORT: String(await freePort()),
    CONSOLE_PORT: ports.get(CONSOLE),
  };
  const started: Command[] = [];
  return {
    path: folder,
    here: withPorts,
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

/** Texts of the top of a folder get the ports of here. */
async function copyTo(folder: string, path: string, withPorts: (text: string) => string): Promise<void> {
  const copy = join(folder, path);
  await cp(join(ROOT, path), copy, { recursive: true });
  const isFolder = (await stat(copy)).isDirectory();
  const files = isFolder
    ? (await readdir(copy, { withFileTypes: true }))
        .filter(entry => entry.isFile())
        .map(({ name }) => join(copy, name))
    : [copy];
  for (const file of files) await writeFile(file, withPorts(await readFile(file, 'utf8')));
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
