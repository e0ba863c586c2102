import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@ackline/testkit/free-port';
import { waitFor } from '@ackline/testkit/wait-for';
import { nginxMainText } from './nginx.ts';
import { ONE_BOX, readOneBoxFile, ROOT } from './one-box-files.ts';

const PROGRAMS = fileURLToPath(new URL('programs', import.meta.url));
/** A first start makes a database and loads three programs. */
const COMMAND_LIMIT_MS = 240_000;
/** Folders of a real machine; what only stands in a longer path is none. */
const FOLDERS = /(?<![\w.$}/])\/(?=(?:opt|etc|var|usr\/local)\b)/g;
const STOP_LIMIT_MS = 60_000;

export interface MachineOptions {
  /** Of nginx; null: there is none, and the commands that use it are not run. */
  readonly nginx: string | null;
  /** Takes deliveries and alerts. */
  readonly receiverUrl: string;
}

/** A folder that stands for the machine of docs/one-box.md. */
export interface Machine extends AsyncDisposable {
  /** Of the ingress. */
  readonly httpPort: number;
  /** Of nginx. */
  readonly httpsPort: number;
  /** Runs commands of the page and returns what they print. Rejects with it where one fails. */
  run(commands: string): Promise<string>;
  /** A file of it, by the path that the page has. */
  read(path: string): Promise<string>;
}

/** Nothing outside of the folder is changed; the commands that would are left out, and systemctl is one of its own. */
export async function createMachine({ nginx, receiverUrl }: MachineOptions): Promise<Machine> {
  const root = await mkdtemp(join(tmpdir(), 'ackline-machine-'));
  const [http, ops, https, plain] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const here = (text: string) => asHere(text, { root, http, ops, https, plain, receiverUrl });
  const folders = ['run', 'files', 'opt', 'etc/nginx/sites-available', 'etc/nginx/sites-enabled', 'var/lib'];
  const more = ['etc/systemd/system', 'usr/local/bin', 'usr/local/sbin', 'var/backups', 'var/www/html'];
  for (const folder of [...folders, ...more]) await mkdir(join(root, folder), { recursive: true });
  for (const name of await readdir(ONE_BOX)) {
    const { mode } = await stat(join(ONE_BOX, name));
    await writeFile(join(root, 'files', name), here(await readOneBoxFile(name)), { mode });
  }
  const sites = join(root, 'etc/nginx/sites-enabled/*');
  await writeFile(join(root, 'etc/nginx/nginx.conf'), nginxMainText(join(root, 'run'), sites, 'on'));
  const certificate = join(root, 'etc/letsencrypt/live/hooks.example.com/fullchain.pem');
  await writeFile(
    join(root, '.curlrc'),
    `connect-to = "hooks.example.com:443:127.0.0.1:${https}"\ncacert = "${certificate}"\n`,
  );
  const env = {
    PATH: [PROGRAMS, join(root, 'usr/local/bin'), process.env['PATH'], '/usr/sbin'].join(delimiter),
    HOME: root,
    CURL_HOME: root,
    MACHINE: root,
    TEST_PID: String(process.pid),
    TREE: ROOT,
    // Not NGINX: that is nginx's own, for sockets that it takes over.
    NGINX_PROGRAM: nginx ?? 'false',
  };
  return {
    httpPort: http,
    httpsPort: https,
    run: commands => runShell(here(commands), env),
    read: path => readFile(join(root, path), 'utf8'),
    async [Symbol.asyncDispose]() {
      await endOf(join(root, 'run/nginx.pid'), 'SIGTERM');
      await endOf(join(root, 'run/ackline.pid'), 'SIGTERM');
      await rm(root, { recursive: true, force: true });
    },
  };
}

interface Places {
  readonly root: string;
  readonly http: number;
  readonly ops: number;
  readonly https: number;
  readonly plain: number;
  readonly receiverUrl: string;
}

/** Commands and files of the page with the folders, ports, hosts and accounts of the test. */
function asHere(text: string, { root, http, ops, https, plain, receiverUrl }: Places): string {
  const { username, gid } = userInfo();
  return text
    .replaceAll(FOLDERS, `${root}/`)
    .replaceAll(/listen \[::\]:.*;/g, '')
    .replaceAll('listen 80;', `listen 127.0.0.1:${plain};`)
    .replaceAll('listen 443 ssl;', `listen 127.0.0.1:${https} ssl;`)
    .replaceAll(/\b8080\b/g, String(http))
    .replaceAll(/\b9464\b/g, String(ops))
    .replaceAll('http://127.0.0.1:3000', receiverUrl)
    .replaceAll('https://alerts.example.com', receiverUrl)
    .replaceAll(/-o (?:root|ackline) -g ackline/g, `-o ${username} -g ${gid}`)
    .replaceAll('chown root:ackline', `chown ${username}:${gid}`)
    .replaceAll('user=ackline', `user=${username}`);
}

function runShell(commands: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd: env['HOME'], env, timeout: COMMAND_LIMIT_MS };
    execFile('bash', ['--norc', '-euo', 'pipefail', '-c', commands], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${commands}\n${stdout}${stderr}`, { cause: error }));
    });
  });
}

/** Ends the process that a file names, where there is one. */
async function endOf(pidFile: string, signal: NodeJS.Signals): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => '0'));
  if (pid === 0 || !isAlive(pid)) return;
  process.kill(pid, signal);
  await waitFor(() => !isAlive(pid), { timeoutMs: STOP_LIMIT_MS, what: `the end of process ${pid}` });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
