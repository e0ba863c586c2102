import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bareEnvironment } from '@ackline/testkit/bare-environment';
import { freePort } from '@ackline/testkit/free-port';
import { waitFor } from '@ackline/testkit/wait-for';
import { createWireRequest, TOKEN, USUAL_BODY_BYTES, WEBHOOK_PATH } from './wire-request.ts';

/** Where the programs that use Kafka find it. */
export interface Stage {
  /** Empty: there is no Kafka. */
  readonly brokers: string;
  /** Of the peers, with as many partitions as Ackline's own. */
  readonly topic: string;
  readonly databaseUrl: string;
  /** For configuration files and logs; removed at the end. */
  readonly directory: string;
}

/** How a program is started by hand. */
export interface StartPlan {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Answers 2xx once it is ready, where the program says so on another port; else a webhook answered 200 counts. */
  readonly readyUrl?: string;
  /** Prometheus text, scraped while it is measured. */
  readonly metricsUrl?: string;
}

/** What a 200 of the program says. */
export interface Meaning {
  /** The event is in Kafka or PostgreSQL, and stays there whatever is killed. */
  readonly durable: boolean;
  /** One sentence for the table. */
  readonly text: string;
}

export type Preparation =
  | {
      readonly kind: 'ready';
      /** Of the program and of what it is made of, as they are installed. */
      readonly version: string;
      readonly plan: (stage: Stage, port: number) => Promise<StartPlan>;
    }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** One that is measured: Ackline, or a peer. */
export interface Program {
  readonly name: string;
  readonly meaning: Meaning;
  /** Installs it into the folder, or says why it can't. */
  readonly prepare: (cacheDirectory: string) => Promise<Preparation>;
}

export interface RunningProgram extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  readonly plan: StartPlan;
  /** Throws, with its last words, where it has ended by itself. */
  assertRuns(): void;
  /** Ends it in order, as disposal does. */
  stop(): Promise<void>;
}

class ProgramEnded extends Error {}

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;
const WORK_LIMIT_MS = 600_000;
const PROBE_LIMIT_MS = 2_000;
const SHOWN_LOG_CHARS = 400;
let logs = 0;

/** Starts it as a process of its own, whose log goes to a file, and waits until it serves. */
export async function startProgram(
  makePlan: (stage: Stage, port: number) => Promise<StartPlan>,
  stage: Stage,
): Promise<RunningProgram> {
  const port = await freePort();
  const plan = await makePlan(stage, port);
  const logPath = join(stage.directory, `program-${++logs}.log`);
  const log = openSync(logPath, 'a');
  const child = spawn(plan.command, plan.args, {
    cwd: stage.directory,
    env: { ...bareEnvironment(), ...plan.env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const killAtExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killAtExit);
  const exited = once(child, 'exit');
  exited.catch(() => undefined); // a command that can't be run shows as one that never serves
  const stop = async (): Promise<void> => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await exited;
    clearTimeout(timer);
    process.off('exit', killAtExit);
  };
  const lastWords = (): string => readFileSync(logPath, 'utf8').trim().slice(-SHOWN_LOG_CHARS);
  const assertRuns = (): void => {
    if (!hasEnded(child)) return;
    throw new ProgramEnded(
      `it ended with ${child.signalCode ?? `exit code ${child.exitCode}`}: ${lastWords()}`,
    );
  };
  try {
    await waitFor(() => hasEnded(child) || serves(plan, port), {
      timeoutMs: START_LIMIT_MS,
      what: `${plan.command} to serve`,
    });
    assertRuns();
  } catch (cause) {
    await stop();
    throw cause instanceof ProgramEnded ? cause : new Error(`it does not serve: ${lastWords()}`, { cause });
  }
  return { port, pid: child.pid ?? 0, plan, assertRuns, stop, [Symbol.asyncDispose]: stop };
}

/** Waits for the condition; throws at once, with the program's last words, where it ends before. */
export async function waitWhileRuns(
  running: Pick<RunningProgram, 'assertRuns'>,
  { done, what }: { readonly done: () => Promise<boolean>; readonly what: string },
): Promise<void> {
  const runs = (): boolean => {
    try {
      running.assertRuns();
      return true;
    } catch {
      return false;
    }
  };
  await waitFor(async () => !runs() || done(), { timeoutMs: WORK_LIMIT_MS, what });
  running.assertRuns();
}

function hasEnded(child: { exitCode: number | null; signalCode: string | null }): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function serves({ readyUrl }: StartPlan, port: number): Promise<boolean> {
  const signal = AbortSignal.timeout(PROBE_LIMIT_MS);
  if (readyUrl !== undefined) return (await fetch(readyUrl, { signal })).ok;
  const wire = createWireRequest({ host: 'localhost', bodyBytes: USUAL_BODY_BYTES }).of(0);
  const response = await fetch(`http://127.0.0.1:${port}${WEBHOOK_PATH}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': TOKEN },
    body: wire.subarray(wire.indexOf('\r\n\r\n') + 4).toString(),
    signal,
  });
  await response.arrayBuffer();
  return response.status === 200;
}
