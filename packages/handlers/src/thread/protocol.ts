/**
 * What handlers' threads and their host say to each other: the host is a processor, the threads of one destination are in a process of
 * their own, whose main thread passes on what it is not asked itself (docs/decisions/0017-handler-threads.md). All of it is structured-cloneable, and all of it is bounded by who
 * sends it: jobs by the destination's `concurrency`, calls by `MAX_CALLS_IN_FLIGHT` a job, log lines by `LOG_LINES_PER_SECOND` a
 * thread, figures by their interval.
 */
import type { HeaderPairs } from '@ackline/shared/envelope';
import type { PoolFigures, ThreadEnd, ThreadFigures } from './figures.ts';

export type { ThreadEnd } from './figures.ts';

/** Calls of a service that a job may have open; one more is refused in the thread. */
export const MAX_CALLS_IN_FLIGHT = 64;
/** Of a thread; what is over it is counted and told in one line. */
export const LOG_LINES_PER_SECOND = 100;
/** Of what `ctx.once` keeps, and of `settings`, as JSON. */
export const MAX_KEPT_BYTES = 65_536;
/** Of a key of `ctx.once` or `ctx.cache`. */
export const MAX_KEY_CHARS = 256;
/** As much as the two-tier cache takes of one value, as JSON. */
export const MAX_CACHED_BYTES = 262_144;

/** An event as it is handed to a thread: times as epoch milliseconds. */
export interface JobEvent {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly tenant: string;
  readonly provider: string;
  readonly orderingKey: string | null;
  readonly receivedAt: number;
  readonly occurredAt: number | null;
  /** From 1. */
  readonly attempt: number;
  readonly isReplay: boolean;
  readonly headers: HeaderPairs;
  /** As it came, or as the route's transform or an edit made it. */
  readonly body: Uint8Array;
}

/** All that a thread is started with; its secrets are values. */
export interface ThreadSetup {
  readonly destination: string;
  /** An absolute path. */
  readonly module: string;
  /** The name given to `defineHandler`; null: the module exports one handler. */
  readonly handler: string | null;
  readonly secrets: Readonly<Record<string, string>>;
  /** Any JSON; undefined: none. */
  readonly settings: unknown;
  readonly http: HttpLimits;
  /** null: `ctx.pg` is refused. */
  readonly pg: PgSetup | null;
}

/** Of one thread; `http` in a destination's settings wins. */
export interface HttpLimits {
  /** Connections in all. */
  readonly connections: number;
  /** Of these, how many stay open while nothing uses them. */
  readonly keepAlive: number;
}

export interface PgSetup {
  readonly connectionString: string;
  /** Of one thread. */
  readonly connections: number;
}

// --- services: what a thread asks of its host ---

export type OnceBegun =
  /** Nobody did it: do it, and tell with `once.end`. */
  | { readonly kind: 'claimed'; readonly claim: string }
  /** It was done; its result as JSON, null where it was `undefined`. */
  | { readonly kind: 'kept'; readonly result: string | null }
  /** Whoever claimed it is gone without a word, so it may have been done. Never answered to `uncertain: 'again'`. */
  | { readonly kind: 'uncertain' }
  /** Somebody does it just now. */
  | { readonly kind: 'busy' };

export type OnceOutcome =
  | { readonly kind: 'done'; readonly result: string | null }
  /** It failed before it had an effect: the claim is removed. */
  | { readonly kind: 'undone' }
  /** It failed and may have had its effect: the claim stays, as one that was left behind. */
  | { readonly kind: 'maybe-done' };

export type Nothing = Readonly<Record<never, never>>;

/**
 * Each service by its name. Keys and namespaces are of the call's destination. A service rejects only where it can't answer (its store
 * is away); the thread then sees an error to be tried again, and nothing of the service's own message.
 */
export interface ServiceCalls {
  /** Claims a key. The service logs and counts what is uncertain. */
  readonly 'once.begin': {
    readonly request: { readonly key: string; readonly uncertain: 'skip' | 'again' };
    readonly answer: OnceBegun;
  };
  readonly 'once.end': {
    readonly request: { readonly key: string; readonly claim: string; readonly outcome: OnceOutcome };
    readonly answer: Nothing;
  };
  readonly 'cache.get': {
    readonly request: { readonly key: string };
    /** JSON; null: not there. */
    readonly answer: { readonly value: string | null };
  };
  readonly 'cache.set': {
    readonly request: {
      readonly key: string;
      readonly value: string;
      readonly ttlMs: number;
      /** That of `cache.lease`, which ends by it; null: none. */
      readonly lease: string | null;
    };
    readonly answer: Nothing;
  };
  readonly 'cache.delete': { readonly request: { readonly key: string }; readonly answer: Nothing };
  /**
   * The value, or the right to make it. While another has that right (of this process, and as far as the service can tell of others) it
   * answers once there is a value or the right is free again. A lease ends by `cache.set`, `cache.release`, its time or the end of its job.
   */
  readonly 'cache.lease': {
    readonly request: { readonly key: string };
    readonly answer: { readonly value: string } | { readonly lease: string };
  };
  readonly 'cache.release': {
    readonly request: { readonly key: string; readonly lease: string };
    readonly answer: Nothing;
  };
  /** One point of a limit that all processors share. */
  readonly 'limit.take': {
    readonly request: {
      /** Whose limit: holds no secret. Not of the destination: several may use one bot. */
      readonly key: string;
      /** So many within `perMs`. */
      readonly points: number;
      readonly perMs: number;
    };
    /** 0: taken. Else nothing was, and it is asked for again after this time. */
    readonly answer: { readonly waitMs: number };
  };
}

export type ServiceName = keyof ServiceCalls;
export type ServiceRequest<Name extends ServiceName> = ServiceCalls[Name]['request'];
export type ServiceAnswer<Name extends ServiceName> = ServiceCalls[Name]['answer'];

/** Who asks. */
export interface ServiceCaller {
  readonly destination: string;
  readonly delivery: string;
  readonly eventId: string;
  /** Aborts when the job has ended, however: what it held is left behind. */
  readonly signal: AbortSignal;
}

/** The host's side of the services. */
export type HandlerServices = {
  readonly [Name in ServiceName]: (
    request: ServiceRequest<Name>,
    caller: ServiceCaller,
  ) => Promise<ServiceAnswer<Name>>;
};

// --- results ---

/** What a thread says of a job. Texts are bounded, and safe to be shown: `detail` is a HandlerError's own words. */
export type HandlerResult =
  | { readonly kind: 'done' }
  /** `retryLater`: as a receiver's `Retry-After`; null: by the schedule alone. */
  | { readonly kind: 'retry-later'; readonly afterMs: number | null; readonly detail: string }
  /** `giveUp`: no other try would change it. */
  | { readonly kind: 'given-up'; readonly detail: string }
  /** Its body is not what its source sends: no other try would change it. */
  | { readonly kind: 'undecodable'; readonly detail: string }
  /** Any other error: its class, its code where it has one, and where it came from (`service-bot.ts:42:7`); never its message. */
  | {
      readonly kind: 'failed';
      readonly error: string;
      readonly code: string | null;
      readonly at: string | null;
      /** The own words of an error of ours (a HandlerError, an OutboundError); null: there are none that may be shown. */
      readonly detail: string | null;
    };

export type AttributeValue = string | number | boolean;

/** Why a module could not be used. */
export interface LoadFailure {
  readonly code: 'ACKLINE_HANDLER_NOT_LOADED';
  /** A sentence: what is wrong, and where. */
  readonly detail: string;
}

/** What became of a job. Once it is there, nothing of the job runs any more. */
export type JobResult =
  | HandlerResult
  /** Its signal aborted with a TimeoutError, and it was ended. */
  | { readonly kind: 'timeout' }
  /** Its signal aborted for another reason: it says nothing of the job. */
  | { readonly kind: 'aborted' }
  /** Its thread was ended for another job's sake, or ended by itself with several jobs: it says nothing of the job. */
  | { readonly kind: 'interrupted' }
  /** Its thread, or the process of all threads, ended by itself while it had no other job. */
  | { readonly kind: 'thread-ended'; readonly reason: ThreadEnd; readonly detail: string | null }
  /** It waited for its turn until its signal aborted, or for the better part of its time. */
  | { readonly kind: 'busy' }
  /** No thread has the module: see `state()`. It says nothing of the job. */
  | { readonly kind: 'not-ready'; readonly failure: LoadFailure | null };

// --- messages ---

/** Host to process, and process to thread. */
export type HostMessage =
  | {
      readonly kind: 'job';
      readonly id: number;
      readonly event: JobEvent;
      /** By then the host has said `abort`, unless it stands still. */
      readonly timeoutMs: number;
    }
  /** The job's time is over, or the processor drains. */
  | { readonly kind: 'abort'; readonly id: number; readonly reason: AbortReason }
  | {
      readonly kind: 'answer';
      /** The job's. */
      readonly id: number;
      readonly call: number;
      /** null: the service could not answer. */
      readonly answer: unknown;
    }
  /** No more jobs come: what is open is closed, and it ends. */
  | { readonly kind: 'drain' };

export type AbortReason = 'timeout' | 'drain';

/** Thread to process, and on to the host. */
export type RelayedMessage =
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly call: number;
      readonly service: ServiceName;
      readonly request: unknown;
    }
  | { readonly kind: 'attribute'; readonly id: number; readonly name: string; readonly value: AttributeValue }
  | { readonly kind: 'log'; readonly line: HandlerLogLine };

export type ThreadMessage =
  | RelayedMessage
  | { readonly kind: 'ready'; readonly loaded: LoadedHandler }
  | { readonly kind: 'failed'; readonly failure: LoadFailure }
  | { readonly kind: 'begun'; readonly id: number }
  | { readonly kind: 'done'; readonly id: number; readonly result: HandlerResult }
  /** `abort` was read: the thread still turns. */
  | { readonly kind: 'aborting'; readonly id: number }
  /** Something threw where nobody can catch it, for a job (null: for none): the thread takes no more, and ends. */
  | { readonly kind: 'worn'; readonly id: number; readonly result: HandlerResult }
  | { readonly kind: 'worn'; readonly id: null }
  | { readonly kind: 'figures'; readonly figures: ThreadFigures };

/** The first message to a process of threads. */
export interface ProcessStart {
  readonly kind: 'start';
  readonly setup: ThreadSetup;
  readonly threads: number;
  /** Of each thread. */
  readonly memoryBytes: number;
}

export type ProcessReport =
  | RelayedMessage
  | { readonly kind: 'ready'; readonly loaded: LoadedHandler }
  | { readonly kind: 'failed'; readonly failure: LoadFailure }
  | {
      readonly kind: 'ended';
      readonly id: number;
      readonly result: JobResult;
      /** It ended its thread, or may have: its next try is apart from all others. */
      readonly isSuspect: boolean;
    }
  | { readonly kind: 'figures'; readonly figures: PoolFigures }
  /** The last message. */
  | { readonly kind: 'drained' };

export interface LoadedHandler {
  readonly handler: string;
  /** null: it takes events of all. */
  readonly provider: string | null;
}

export interface HandlerLogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Of a handler's own `ctx.log` the text that it gave; else `handler.<what happened>`. */
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}
