import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { waitFor } from '@ackline/testkit/wait-for';

/** More than a test reads; a program that repeats itself must not fill the memory of the test. */
const MAX_OUTPUT_CHARS = 10_000;

export interface Nginx extends AsyncDisposable {
  /** What it warned of, the last of it. */
  output(): string;
  /** Resident bytes of its master and its worker. */
  memoryBytes(): Promise<number>;
}

export interface NginxOptions {
  readonly program: string;
  /** Its own: everything that it writes is there. */
  readonly folder: string;
  /** A file of sites-enabled. */
  readonly site: string;
  /** One that the site listens on. */
  readonly port: number;
}

/** A real nginx with one worker, as the file of Debian includes its sites. */
export async function startNginx({ program, folder, site, port }: NginxOptions): Promise<Nginx> {
  await writeFile(join(folder, 'site.conf'), site);
  await writeFile(join(folder, 'nginx.conf'), nginxMainText(folder, join(folder, 'site.conf'), 'off'));
  const child = spawn(program, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-MAX_OUTPUT_CHARS);
  });
  const closed = once(child, 'close');
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  await waitFor(async () => hasEnded() || (await listens(port)), { what: `nginx on port ${port}` });
  if (hasEnded()) throw new Error(`nginx has ended: ${output}`);
  return {
    output: () => output,
    async memoryBytes() {
      const pid = child.pid ?? 0;
      const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
      const sizes = await Promise.all([pid, ...children.trim().split(' ').map(Number)].map(residentBytes));
      return sizes.reduce((sum, size) => sum + size, 0);
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await closed;
    },
  };
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024;
}

function listens(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    const end = (does: boolean) => {
      socket.destroy();
      resolve(does);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}

/** As Debian's own file includes sites, with everything that nginx writes in `folder`. */
export function nginxMainText(folder: string, sites: string, daemon: 'on' | 'off'): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
daemon ${daemon};
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 768; }
http {
${temporary.map(name => `${name}_temp_path ${folder}/${name};`).join('\n')}
access_log off;
include ${sites};
}
`;
}
