import { type ChildProcess, spawn } from 'node:child_process';
// @boundaries-ignore a peer dependency: the tests of runtime use this package
import { NODE_ARGUMENTS } from '@ackline/runtime/node-arguments';
import { bareEnvironment } from './bare-environment.ts';
import { waitFor } from './wait-for.ts';

export interface SpawnServiceOptions {
  /** Added to a bare environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** Waited for until it answers 2xx, e.g. `http://127.0.0.1:9464/readyz`. */
  readonly readyUrl?: string;
  readonly readyTimeoutMs?: number;
  /** Of the last output, which is kept. Default: 256 Ki. */
  readonly maxOutputChars?: number;
}

export interface ServiceExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A real process of ours. */
export interface SpawnedService extends AsyncDisposable {
  readonly pid: number;
  readonly exited: Promise<ServiceExit>;
  /** Standard output and error together, the last of them. */
  output(): string;
  /** Sends the signal and does not wait. Default SIGTERM. */
  kill(signal?: NodeJS.Signals): void;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<ServiceExit>;
}

const MAX_OUTPUT_CHARS = 256 * 1024;
const READY_TIMEOUT_MS = 60_000;
/** A readiness answer that takes longer counts as none. */
const PROBE_LIMIT_MS = 2_000;

/** Starts `mainPath` as a service is started, with the node that runs the tests. Throws with its output if it ends before it is ready. */
export async function spawnService(
  mainPath: string,
  options: SpawnServiceOptions = {},
): Promise<SpawnedService> {
  const child = spawn(process.execPath, [...NODE_ARGUMENTS, mainPath, ...(options.args ?? [])], {
    cwd: options.cwd,
    env: { ...bareEnvironment(), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const service = describeService(child, options.maxOutputChars ?? MAX_OUTPUT_CHARS);
  if (options.readyUrl === undefined) return service;
  const { readyUrl, readyTimeoutMs = READY_TIMEOUT_MS } = options;
  try {
    await untilReady(child, service, { readyUrl, readyTimeoutMs });
  } catch (cause) {
    await service.stop('SIGKILL');
    throw new Error(`${mainPath} did not become ready. Its output:\n${service.output()}`, { cause });
  }
  return service;
}

function describeService(child: ChildProcess, maxOutputChars: number): SpawnedService {
  // Joined only when somebody reads it: a service that logs each request must not cost the test more than itself.
  const output: string[] = [];
  let outputChars = 0;
  const collect = (chunk: Buffer): void => {
    const text = chunk.toString('utf8');
    output.push(text);
    outputChars += text.length;
    while (outputChars - (output[0]?.length ?? 0) >= maxOutputChars)
      outputChars -= output.shift()?.length ?? 0;
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  const { promise: exited, resolve, reject } = Promise.withResolvers<ServiceExit>();
  child.once('close', (code, signal) => resolve({ code, signal }));
  child.once('error', reject);
  exited.catch(() => undefined); // who waits for it gets the error; nobody has to
  const kill = (signal: NodeJS.Signals = 'SIGTERM'): void => {
    child.kill(signal);
  };
  return {
    pid: child.pid ?? 0,
    exited,
    output: () => output.join('').slice(-maxOutputChars),
    kill,
    stop(signal) {
      kill(signal);
      return exited;
    },
    async [Symbol.asyncDispose]() {
      kill('SIGKILL');
      await exited;
    },
  };
}

async function untilReady(
  child: ChildProcess,
  service: SpawnedService,
  options: { readonly readyUrl: string; readonly readyTimeoutMs: number },
): Promise<void> {
  const ended = service.exited.then(({ code, signal }) => {
    throw new Error(`it ended with ${signal ?? `exit code ${code}`}`);
  });
  const ready = waitFor(
    async () => {
      if (child.exitCode !== null || child.signalCode !== null) return true; // `ended` tells
      const response = await fetch(options.readyUrl, { signal: AbortSignal.timeout(PROBE_LIMIT_MS) });
      await response.arrayBuffer();
      return response.ok;
    },
    { timeoutMs: options.readyTimeoutMs, what: `a 2xx from ${options.readyUrl}` },
  );
  await Promise.race([ended, ready]);
  if (child.exitCode !== null || child.signalCode !== null) await ended;
}
