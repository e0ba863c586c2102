/**
 * Gives the expressions of routes their turn:
 *
 * X5. One job of a route and tenant at a time; routes in turn, and in the turns of a route its tenants: none with a backlog
 *     holds up the others. In the common processes one job of a route at a time, whoever's it is.
 * X6. A tenant whose events took too long or too much on a route goes there to a process apart, until it has done well for a
 *     while; and so does each that has not done well there yet, since the expression may be bad for all. So an expression holds
 *     up other routes, and a tenant the others of its route, for the time of one job at most, however many events are bad.
 * X7. A delivery is given up for memory only where it ended two processes that were started for it: what the machine ends, or
 *     what others had taken, is no fault of its. Until then it is tried again.
 */
import { MAX_TRANSFORMABLE_BYTES } from '@ackline/shared/routing/transform-limits';
import { createRouteTurns, type Flow } from './route-turns.ts';
import { createStartReports, type StartReportsOptions } from './start-reports.ts';
import { createSuspects } from './suspects.ts';
import type { TransformJob, TransformResult } from './transform-job.ts';
import { createTrust } from './trust.ts';
import {
  createTransformProcess,
  type TransformProcess,
  type TransformProcessOptions,
} from './transform-process.ts';

/** Two, so that the first bad event of a route leaves one to the others. 50 MB each, once the first transform runs. */
const COMMON_PROCESSES = 2;

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
  /** That it works for; null: it has nothing to do. */
  route: string | null;
}

export function createTransformer({ log, onStartFailed, ...options }: TransformerOptions): Transformer {
  const starts = createStartReports({ log, onFailed: onStartFailed });
  const places: readonly Place[] = [...Array<boolean>(COMMON_PROCESSES).fill(false), true].map(isApart => ({
    worker: createTransformProcess({ ...options, starts }),
    isApart,
    route: null,
  }));
  const turns = createRouteTurns<Waiting>(); // (X5)
  const trust = createTrust();
  const suspects = createSuspects();

  function startNext(): void {
    for (const place of places) {
      if (place.route !== null) continue;
      const next = turns.take(flow => mayUse(place, flow));
      if (next !== null) void work(place, next.flow, next.item);
    }
  }

  function mayUse({ isApart }: Place, flow: Flow): boolean {
    if (trust.isApart(flow) !== isApart) return false; // (X6)
    return isApart || !places.some(other => !other.isApart && other.route === flow.route); // (X5)
  }

  async function work(place: Place, flow: Flow, waiting: Waiting): Promise<void> {
    place.route = flow.route;
    const ran = await place.worker.run(waiting.job, { fresh: suspects.has(waiting.job) });
    const result = suspects.judge(waiting.job, ran); // (X7)
    trust.note(flow, result);
    turns.done(flow);
    place.route = null;
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
        const flow = flowOf(job);
        const settle = (result: TransformResult) => {
          signal.removeEventListener('abort', onAbort);
          resolve(result);
        };
        const waiting: Waiting = { job, settle };
        function onAbort(): void {
          turns.drop(flow, waiting); // one that runs goes on, and ends by its own time
          settle({ kind: 'busy' });
        }
        signal.addEventListener('abort', onAbort, { once: true });
        turns.add(flow, waiting);
        startNext();
      });
    },
    close() {
      for (const { worker } of places) worker.close();
    },
  };
}

/** A changed expression starts with a clean name. A route's name has no space. */
function flowOf({ route, transform, event }: TransformJob): Flow {
  return { route: `${route} ${transform.jsonata}`, tenant: event.tenant };
}
