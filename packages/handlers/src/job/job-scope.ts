import { AsyncLocalStorage } from 'node:async_hooks';

/** The job that code runs for, whatever it began: so that an error that nobody caught finds its event. */
export interface JobScope {
  /** A promise of it was rejected, and nobody waits for that promise. */
  lose(error: unknown): void;
  /** It threw where nobody can catch it (a timer, an emitter): it may never end by itself. */
  crash(error: unknown): void;
}

export const jobScope = new AsyncLocalStorage<JobScope>();
