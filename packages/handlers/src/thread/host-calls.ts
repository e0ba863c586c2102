import { HandlerError } from '../handler-error.ts';
import { type Ask, serviceAway } from '../services/ask.ts';
import { MAX_CALLS_IN_FLIGHT, type RelayedMessage, type ServiceName } from './protocol.ts';

/** The thread's side of the services. */
export interface HostCalls {
  /** For one job. */
  of(job: number): Ask;
  /** null: the service could not answer. */
  answered(call: number, answer: unknown): void;
}

interface Open {
  readonly job: number;
  readonly service: ServiceName;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

export function createHostCalls(post: (message: RelayedMessage) => void): HostCalls {
  const open = new Map<number, Open>();
  const perJob = new Map<number, number>();
  let calls = 0;

  function count(job: number, by: 1 | -1): void {
    const next = (perJob.get(job) ?? 0) + by;
    if (next === 0) perJob.delete(job);
    else perJob.set(job, next);
  }

  return {
    of: job => (service, request) => {
      if ((perJob.get(job) ?? 0) >= MAX_CALLS_IN_FLIGHT) {
        const words = `more than ${MAX_CALLS_IN_FLIGHT} calls of ctx.cache and ctx.once at a time`;
        return Promise.reject(new HandlerError(words, { kind: 'failed', code: 'TOO_MANY_CALLS' }));
      }
      const { promise, resolve, reject } = Promise.withResolvers<never>();
      const call = ++calls;
      open.set(call, { job, service, resolve, reject });
      count(job, 1);
      post({ kind: 'call', id: job, call, service, request });
      return promise;
    },
    answered(call, answer) {
      const waiting = open.get(call);
      if (waiting === undefined) return;
      open.delete(call);
      count(waiting.job, -1);
      if (answer === null) waiting.reject(serviceAway(waiting.service));
      else waiting.resolve(answer as never);
    },
  };
}
