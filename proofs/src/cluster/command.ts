import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface CommandOptions {
  /** Given to its standard input. */
  readonly input?: string;
  /** Generous: it only matters when the command hangs. Default five minutes. */
  readonly limitMs?: number;
  readonly signal?: AbortSignal;
  /** Hears its standard error as it comes. */
  readonly onStderr?: (text: string) => void;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const LIMIT_MS = 300_000;

/** Runs a program to its end. Never rejects for what the program says. */
export async function tryCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr.push(chunk);
    options.onStderr?.(chunk.toString());
  });
  child.stdin.on('error', () => undefined); // it has ended without reading all: its exit code says why
  child.stdin.end(options.input);
  const end = () => child.kill('SIGKILL');
  const timer = setTimeout(end, options.limitMs ?? LIMIT_MS);
  options.signal?.addEventListener('abort', end, { once: true });
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  options.signal?.removeEventListener('abort', end);
  return { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}

/** Its standard output; throws with what it said where it fails. */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await tryCommand(program, args, options);
  if (code === 0) return stdout;
  throw new Error(
    `${program} ${args.join(' ')} ended with ${code ?? 'a kill'}:\n${stderr}${stdout.slice(-2_000)}`,
  );
}
