// One of the places of the worker processes, and the process that has it now.
//
// Q1. A process that ends by itself makes `run` throw, so that the supervisor starts another one, with backoff.
// Q2. A replacement serves and is ready before the old process is told anything; if it is not, the old one stays.
// Q3. The old process first ends its connections with their next answer and still takes new ones, so that no client meets a
//     closed port or a closed connection; only then it drains.
// Q4. A process that outlives its drain is killed.
// Q5. Where the old process ends before its replacement is ready, the replacement takes its place: no third one is started.
// Q6. Once the slot stops it starts nothing: `run` drains all of its processes, the one that is being started too.
import { setTimeout as delay } from 'node:timers/promises';
import { aborted } from '@ackline/runtime/aborted';
import type { Component } from '@ackline/runtime/component';
import { readReadiness } from '@ackline/runtime/merged-operations';
import { AppError } from '@ackline/shared/app-error';
import type { WorkerProcess } from './worker-process.ts';

/** A client that keeps a connection alive sends something within it, or is idle: then its connection is closed at the end. */
const RETIRE_MS = 5_000;
/** A process that is not ready by then will not be better than the one that it replaces. */
const READY_LIMIT_MS = 60_000;
const READY_POLL_MS = 50;

export interface WorkerSlotDeps {
  readonly name: string;
  readonly fork: () => WorkerProcess;
  /** From the word to drain until it is killed (Q4). */
  readonly drainLimitMs: number;
  readonly retireMs?: number;
  /** The last moment to read what a replaced process has counted. Never rejects. */
  readonly onRetired: () => Promise<void>;
  /** A process of the slot has started, or has ended. */
  readonly onChange: () => void;
  /** A process was killed (Q4). */
  readonly onHung: (worker: WorkerProcess) => void;
}

export interface WorkerSlot extends Component {
  /** Resolves once a process serves; rejects with what it ended by. */
  start(): Promise<void>;
  /** All processes of the slot that run: two while one replaces the other. */
  processes(): readonly WorkerProcess[];
  /** Resolves when the old process has ended. Rejects where the new one does not come up; the old one then goes on (Q2). */
  replace(): Promise<void>;
}

export function createWorkerSlot(deps: WorkerSlotDeps): WorkerSlot {
  const { name, retireMs = RETIRE_MS } = deps;
  const live = new Set<WorkerProcess>();
  let current: WorkerProcess | null = null;
  let stopping = false;
  let takingOver: Promise<boolean> | null = null;
  let replaced = Promise.withResolvers<'replaced'>();

  async function start(): Promise<WorkerProcess> {
    current = await begin(deps, live);
    return current;
  }

  /** False where the slot stops meanwhile: then `run` ends the new one (Q6). */
  async function takeOver(): Promise<boolean> {
    try {
      const next = await begin(deps, live);
      await untilReady(next); // (Q2)
      if (stopping) return false;
      current = next;
      replaced.resolve('replaced');
      return true;
    } catch (error) {
      if (stopping) return false;
      throw error;
    } finally {
      takingOver = null;
    }
  }

  async function replace(): Promise<void> {
    const old = current;
    if (stopping || old === null || old.hasEnded()) return; // (Q6), or the supervisor starts a new one anyway
    takingOver = takeOver();
    if (!(await takingOver)) return;
    old.tell({ kind: 'retire' }); // (Q3)
    await endsWithin(old, retireMs);
    await deps.onRetired();
    if (!stopping) await drain(old, deps); // else `run` does
  }

  return {
    name,
    processes: () => [...live],
    start: async () => void (await start()),
    replace,
    async run(signal) {
      const stopped = aborted(signal).then(() => null);
      let watched = current === null || current.hasEnded() ? await start() : current;
      replaced = Promise.withResolvers(); // of a replacement before this run
      for (;;) {
        const change = await Promise.race([watched.ended, replaced.promise, stopped]);
        if (change === null) break;
        if (current === watched) await Promise.race([takingOver?.catch(() => false), stopped]); // (Q5)
        if (signal.aborted) break;
        if (current === watched) throw new Error(`${watched.name} ended by itself: ${change}`); // (Q1)
        replaced = Promise.withResolvers();
        watched = current ?? watched;
      }
      stopping = true;
      await Promise.all([...live].map(worker => drain(worker, deps)));
    },
  };
}

/** A process that serves. */
async function begin({ fork, onChange }: WorkerSlotDeps, live: Set<WorkerProcess>): Promise<WorkerProcess> {
  const worker = fork();
  live.add(worker);
  void worker.ended.then(() => {
    live.delete(worker);
    onChange();
  });
  try {
    await worker.started;
  } catch (error) {
    worker.kill();
    await worker.ended;
    throw error;
  }
  onChange();
  return worker;
}

async function drain(worker: WorkerProcess, { drainLimitMs, onHung }: WorkerSlotDeps): Promise<void> {
  worker.tell({ kind: 'drain' });
  if (await endsWithin(worker, drainLimitMs)) return;
  worker.kill(); // (Q4)
  onHung(worker);
  await worker.ended;
}

/** Rejects where it is not ready in time, and ends it then. */
async function untilReady(worker: WorkerProcess): Promise<void> {
  const deadline = performance.now() + READY_LIMIT_MS;
  for (;;) {
    const { ok, detail = 'no reason given' } = await readReadiness(worker);
    if (ok) return;
    if (worker.hasEnded() || performance.now() > deadline) {
      worker.kill();
      throw new AppError('ACKLINE_SERVICE_FAILED', `${worker.name} is not ready: ${detail}`);
    }
    await delay(READY_POLL_MS);
  }
}

async function endsWithin(worker: WorkerProcess, limitMs: number): Promise<boolean> {
  const limit = new AbortController();
  const late = delay(limitMs, false, { signal: limit.signal }).catch(() => false);
  const ended = await Promise.race([worker.ended.then(() => true), late]);
  limit.abort();
  return ended;
}
