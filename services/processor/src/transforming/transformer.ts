/**
 * Gives the expressions of routes their turn:
 *
 * X5. One job of a route at a time, and routes in turn: one with a backlog does not hold up the others.
 * X6. A route that took too long or too much goes to a process apart until it has done well for a while: so it holds up
 *     other routes for the time of one job at most, however many of its events are bad.
 * X7. A delivery is given up for memory only where it ended two processes that were started for it: what the machine ends, or
 *     what others had taken, is no fault of its. Until then it is tried again.
 */
import { MAX_TRANSFORMABLE_BYTES } from '@ackline/shared/routing/transform-limits';
import { createRouteTurns } from './route-turns.ts';
import { createStartReports, type StartReportsOptions } from './start-reports.ts';
import { createSuspects } from './suspects.ts';
import type { TransformJob, TransformResult } from './transform-job.ts';
import {
  createTransformProcess,
  type TransformProcess,
  type TransformProcessOptions,
} from './transform-process.ts';

/** Two, so that the first bad event of a route leaves one to the others. 50 MB each, once the first transform runs. */
const COMMON_PROCESSES = 2;
/** Jobs in a row that end well before a route is trusted again. */
const PROBATION_JOBS = 20;

export interface TransformerOptions extends Omit<TransformProcessOptions, 'starts'> {
  readonly log: StartReportsOptions['log'];
  /** Hears of each process that did not start. */
  readonly onStartFailed?: () => void;
}

export interface Transformer {
  /** Never rejects. `busy` where the signal ends it before there is a result. */
  transform(job: TransformJob, signal: AbortSignal): Promise<TransformResult>;
  close(): void;
}

interface Waiting {
  readonly job: TransformJob;
  readonly settle: (result: TransformResult) => void;
}

/** A process and who it works for. */
interface Place {
  readonly worker: TransformProcess;
  readonly isApart: boolean;
  isBusy: boolean;
}

export function createTransformer({ log, onStartFailed, ...options }: TransformerOptions): Transformer {
  const starts = createStartReports({ log, onFailed: onStartFailed });
  const places: readonly Place[] = [...Array<boolean>(COMMON_PROCESSES).fill(false), true].map(isApart => ({
    worker: createTransformProcess({ ...options, starts }),
    isApart,
    isBusy: false,
  }));
  const turns = createRouteTurns<Waiting>(); // (X5)
  const trust = createTrust();
  const suspects = createSuspects();

  function startNext(): void {
    for (const place of places) {
      if (place.isBusy) continue;
      const next = turns.take(key => trust.isApart(key) === place.isApart);
      if (next !== null) void work(place, next.key, next.item);
    }
  }

  async function work(place: Place, key: string, waiting: Waiting): Promise<void> {
    place.isBusy = true;
    const ran = await place.worker.run(waiting.job, { fresh: suspects.has(waiting.job) });
    const result = suspects.judge(waiting.job, ran); // (X7)
    trust.note(key, result);
    turns.done(key);
    place.isBusy = false;
    waiting.settle(result);
    startNext();
  }

  return {
    transform(job, signal) {
      if (job.event.body.byteLength > MAX_TRANSFORMABLE_BYTES) {
        return Promise.resolve({ kind: 'failed', reason: 'too-large', detail: null });
      }
      if (signal.aborted) return Promise.resolve({ kind: 'busy' });
      return new Promise(resolve => {
        const key = keyOf(job);
        const settle = (result: TransformResult) => {
          signal.removeEventListener('abort', onAbort);
          resolve(result);
        };
        const waiting: Waiting = { job, settle };
        function onAbort(): void {
          turns.drop(key, waiting); // one that runs goes on, and ends by its own time
          settle({ kind: 'busy' });
        }
        signal.addEventListener('abort', onAbort, { once: true });
        turns.add(key, waiting);
        startNext();
      });
    },
    close() {
      for (const { worker } of places) worker.close();
    },
  };
}

/** Who is apart (X6). */
function createTrust() {
  /** How many jobs each of these has to do well. */
  const probation = new Map<string, number>();
  return {
    isApart: (key: string) => probation.has(key),
    note(key: string, result: TransformResult): void {
      const left = probation.get(key);
      if (isTooMuch(result)) probation.set(key, PROBATION_JOBS);
      else if (left !== undefined && result.kind !== 'busy') {
        if (left === 1) probation.delete(key);
        else probation.set(key, left - 1);
      }
    },
  };
}

/** A changed expression starts with a clean name. A route's name has no space. */
function keyOf({ route, transform }: TransformJob): string {
  return `${route} ${transform.jsonata}`;
}

function isTooMuch(result: TransformResult): boolean {
  if (result.kind === 'killed') return true;
  return result.kind === 'failed' && (result.reason === 'timeout' || result.reason === 'memory');
}
