import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Kubectl } from './kubectl.ts';

const OPEN_LIMIT_MS = 30_000;

/** A port of this machine that leads to one of a Service or pod, while `use` runs. It ends with the pod that it leads to. */
export async function withPortForward<T>(
  kubectl: Kubectl,
  target: { readonly name: string; readonly port: number },
  use: (port: number) => Promise<T>,
): Promise<T> {
  const args = ['--namespace', kubectl.namespace, 'port-forward', target.name, `:${target.port}`];
  const child = spawn('kubectl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  try {
    return await use(await portOf(child));
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

function portOf({
  stdout,
  stderr,
}: {
  stdout: NodeJS.ReadableStream;
  stderr: NodeJS.ReadableStream;
}): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let said = '';
  const timer = setTimeout(() => reject(new Error(`no port was forwarded: ${said}`)), OPEN_LIMIT_MS);
  const hear = (chunk: Buffer): void => {
    said += chunk.toString();
    const port = /127\.0\.0\.1:(\d+)/.exec(said)?.[1];
    if (port !== undefined) resolve(Number(port));
  };
  stdout.on('data', hear);
  stderr.on('data', hear);
  stdout.once('end', () => reject(new Error(`port-forward ended: ${said}`)));
  return promise.finally(() => clearTimeout(timer));
}
