// The machine of MIGRATING.md, in a folder: the old app, nginx's site, Telegram, and the commands that a person types there.
import { spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bareEnvironment } from '@ackline/testkit/bare-environment';
import { startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { startFakeTelegram } from '@ackline/testkit/fake-telegram';
import { freePort } from '@ackline/testkit/free-port';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const MAIN = join(ROOT, 'packages/cli/src/main.ts');
/** For initdb, a start and all commands of a section, on a busy machine. */
const LIMIT_MS = 240_000;
const SITE = /\/etc\/nginx\/sites-enabled\/\w+/g;

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** A folder with `ackline`, where the commands are run, and `app` and `bot` beside it. */
export async function openOldSystem() {
  const root = await mkdtemp(join(tmpdir(), 'ackline-migrating-'));
  const work = join(root, 'ackline');
  for (const name of ['ackline', 'app', 'bot', 'bin']) await mkdir(join(root, name));
  await writePrograms(join(root, 'bin'));
  const app = await startFakeReceiver();
  app.always(({ url }) => ({ status: 200, body: url === '/health' ? '{"queue": {"size": 0}}' : '' }));
  const telegram = await startFakeTelegram();
  const ports: Readonly<Record<string, string>> = {
    8000: String(app.port),
    8080: String(await freePort()),
    9464: String(await freePort()),
  };
  const site = join(root, 'nginx-site');
  await writeFile(site, `proxy_pass http://127.0.0.1:${app.port};\n`);
  const here = (text: string) =>
    text
      .replaceAll(/\b(8000|8080|9464)\b/g, port => ports[port] ?? port)
      .replaceAll(SITE, site)
      .replaceAll('https://api.telegram.org', telegram.url)
      .replaceAll('doctor telegram', `doctor telegram --api-url ${telegram.url}`);
  const bare = bareEnvironment();
  const env = {
    ...bare,
    PATH: [join(root, 'bin'), bare.PATH].join(delimiter),
    PORT: ports['8080'],
    OPS_PORT: ports['9464'],
    CONSOLE_PORT: '0',
    TELEGRAM_BOT_TOKEN: telegram.token,
  };
  return {
    root,
    work,
    app,
    telegram,
    ports,
    here,
    readSite: () => readFile(site, 'utf8'),
    /** Runs commands in one shell, with the ports and addresses of here; each that fails ends it. */
    run: (commands: string, more: Readonly<Record<string, string>> = {}) =>
      runShell(here(commands), { cwd: work, env: { ...env, ...more } }),
    copy: (from: string, to: string) => copyFile(join(ROOT, from), join(work, to)),
    async [Symbol.asyncDispose]() {
      await app.close();
      await telegram.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** `npm start`, `npx ackline …` and nginx, as the machine has them. */
async function writePrograms(folder: string): Promise<void> {
  const ackline = `exec ${process.execPath} ${MAIN}`;
  const programs = {
    npm: `[ "$1" = start ] && ${ackline} up`,
    npx: `[ "$1" = ackline ] && shift && ${ackline} "$@"`,
    nginx: '[ "$*" = "-s reload" ]',
  };
  for (const [name, text] of Object.entries(programs)) {
    await writeFile(join(folder, name), `#!/usr/bin/env bash\n${text}\n`);
    await chmod(join(folder, name), 0o755);
  }
}

/** In a group of its own, which ends with it: nothing outlives a failed command. */
function runShell(
  commands: string,
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<Ran> {
  const shell = spawn('bash', ['-euxo', 'pipefail', '-c', commands], { ...options, detached: true });
  const end = (): void => {
    try {
      if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL');
    } catch {
      // none of it is there any more
    }
  };
  const output: string[] = [];
  for (const stream of [shell.stdout, shell.stderr])
    stream.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const timer = setTimeout(end, LIMIT_MS);
  return new Promise((resolve, reject) => {
    shell.once('error', reject);
    shell.once('close', code => {
      clearTimeout(timer);
      end();
      resolve({ code, output: output.join('') });
    });
  });
}
