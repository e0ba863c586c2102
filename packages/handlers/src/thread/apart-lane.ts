import { createGate } from '@ackline/runtime/gate';
import type { EndedJob, HandlerJob, HandlerProcess, ProcessLoading } from './handler-process.ts';

/** A process that nobody needs for so long is ended. */
const IDLE_MS = 60_000;
const BUSY: EndedJob = { result: { kind: 'busy' }, isSuspect: true };

/** Where jobs run that ended a thread, or may have: one at a time, in a process that has no others. */
export interface ApartLane {
  /** `busy` where the signal aborts before its turn. Never rejects. */
  run(job: HandlerJob, signal: AbortSignal): Promise<EndedJob>;
  /** The next job gets another process. */
  renew(): void;
  close(): void;
}

export interface ApartLaneOptions {
  /** null: it could not be started. */
  readonly start: () => HandlerProcess | null;
  readonly idleMs?: number;
}

export function createApartLane({ start, idleMs = IDLE_MS }: ApartLaneOptions): ApartLane {
  const gate = createGate(1);
  let process: HandlerProcess | null = null;
  let idle: NodeJS.Timeout | undefined;

  function renew(): void {
    clearTimeout(idle);
    process?.drain();
    process = null;
  }

  async function runNow(job: HandlerJob, signal: AbortSignal, queuedMs: number): Promise<EndedJob> {
    clearTimeout(idle);
    if (process === null || process.isGone) process = start();
    if (process === null) return { result: { kind: 'not-ready', failure: null }, isSuspect: true };
    const working = process;
    const loading = await loadingOf(working, signal);
    if (loading === null) return BUSY;
    if (loading.kind === 'failed') {
      return { result: { kind: 'not-ready', failure: loading.failure }, isSuspect: true };
    }
    const ended = await working.run(job, signal, performance.now() - queuedMs);
    idle = setTimeout(renew, idleMs);
    idle.unref();
    return ended;
  }

  return {
    run(job, signal) {
      const { promise, resolve } = Promise.withResolvers<EndedJob>();
      const queuedMs = performance.now();
      let hasBegun = false;
      const onAbort = () => {
        if (!hasBegun) resolve(BUSY);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      void gate(async () => {
        if (signal.aborted) return resolve(BUSY);
        hasBegun = true;
        resolve(await runNow(job, signal, queuedMs));
      });
      return promise.finally(() => signal.removeEventListener('abort', onAbort));
    },
    renew,
    close() {
      clearTimeout(idle);
      process?.kill();
    },
  };
}

/** null: the signal aborted before. */
async function loadingOf({ loading }: HandlerProcess, signal: AbortSignal): Promise<ProcessLoading | null> {
  const { promise: aborted, resolve } = Promise.withResolvers<null>();
  const onAbort = () => resolve(null);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([loading, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
