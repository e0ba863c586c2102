import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@ackline/testkit/wait-for';
import type { WriterCommand, WriterReport } from './spool-writer.ts';

/** The process of spool-writer.ts, and what it noted (ST4 of spool-torn.ts). Disposed, it has ended and what it wrote is removed. */
export interface Writer extends AsyncDisposable {
  /** Of the spool. */
  readonly directory: string;
  tell(command: WriterCommand): void;
  /** One batch; resolves when it is acknowledged and nothing is under way. */
  append(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Resolves when it has ended. */
  kill(): Promise<void>;
  acked(): ReadonlySet<string>;
  /** What is acknowledged by now, and in no other log. */
  owed(): ReadonlySet<string>;
}

const BATCH_EVENTS = 40;
const BATCH_BODY_BYTES = 6_000;
const WAIT_MS = 120_000;

/** In a folder of its own within this one: one at a time. */
export async function startWriter(folder: string): Promise<Writer> {
  const home = join(folder, 'writer');
  const directory = join(home, 'spool');
  await mkdir(directory, { recursive: true });
  const notes = { acked: join(home, 'acked'), relayed: join(home, 'relayed') };
  const path = fileURLToPath(new URL('./spool-writer.ts', import.meta.url));
  const child = fork(path, [directory, notes.acked, notes.relayed], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'close');
  let idles = 0;
  let isReady = false;
  child.on('message', (report: WriterReport) => {
    if (report === 'idle') idles += 1;
    else isReady = true;
  });
  await waitFor(() => isReady, { timeoutMs: WAIT_MS, what: 'the writer to start' });
  const tell = (command: WriterCommand): void => void child.send(command);
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  return {
    directory,
    tell,
    async append() {
      const before = idles;
      const count = 1 + Math.floor(Math.random() * BATCH_EVENTS);
      tell({ kind: 'append', count, maxBodyBytes: BATCH_BODY_BYTES });
      await waitFor(() => idles > before, { timeoutMs: WAIT_MS, what: 'a batch to be acknowledged' });
    },
    signal: name => void child.kill(name),
    kill,
    acked: () => readIds(notes.acked),
    owed: () => readIds(notes.acked).difference(readIds(notes.relayed)),
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Whole lines: the last one may be under way. */
function readIds(path: string): Set<string> {
  return new Set(readFileSync(path, 'utf8').split('\n').slice(0, -1));
}
