import {
  type BreakerChange,
  type BreakerSnapshot,
  createCircuitBreaker,
  type Permit,
} from '../breaker/circuit-breaker.ts';
import { consecutiveFailures } from '../breaker/trip-rules.ts';

/** Redis answers within one on a healthy network; a cache that takes longer costs more than the work that it saves. */
export const REDIS_TIMEOUT_MS = 20;
/** A probe costs one request its 20 ms: every five seconds that is nothing, and Redis is used again soon after it is back. */
const BREAKER_RESET_MS = 5_000;
/** A timer that is so late tells that this process did something else meanwhile: Redis is not to blame for that time. */
const STALL_MS = 10;
/** More wait for Redis at a time only when it is not well; the next ones do without it. */
const MAX_UNDER_WAY = 1_000;

/** In place of a result: Redis was not asked, did not answer in time, or answered with an error. */
export const FAILED = Symbol('failed');
export type Failed = typeof FAILED;

/**
 * The one way to Redis: each call has 20 ms, a circuit breaker stands before all of them, and their number is bounded.
 * What Redis does costs speed, never an event.
 */
export interface RedisGate {
  /**
   * What the call resolves to. FAILED at once where the call is not made; else a promise that never rejects, and that is
   * FAILED when the call fails or takes too long. A late answer is ignored.
   */
  ask<Result>(call: () => Promise<Result>): Promise<Result | Failed> | Failed;
  getStats(): RedisGateStats;
}

export interface RedisGateStats {
  readonly timeouts: number;
  readonly errors: number;
  /** Calls that were not made: the circuit was open, or too many were under way. */
  readonly skipped: number;
  readonly breaker: BreakerSnapshot;
}

export interface GateTimer {
  /** Milliseconds of a clock that is never set. */
  now(): number;
  after(ms: number, callback: () => void): void;
}

export interface RedisGateOptions {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly timer?: GateTimer;
  /** Of the circuit. Must not throw. */
  readonly onChange?: (change: BreakerChange) => void;
}

const SYSTEM_TIMER: GateTimer = {
  now: () => performance.now(),
  after(ms, callback) {
    // Answers that came while the event loop was busy are read before setImmediate: they are not late.
    setTimeout(() => setImmediate(callback), ms);
  },
};

interface Waiting {
  endsAt: number;
  /** null once the call has come to its end. */
  expire: (() => void) | null;
}

export function createRedisGate({ now, timer = SYSTEM_TIMER, onChange }: RedisGateOptions): RedisGate {
  const breaker = createCircuitBreaker({
    rule: consecutiveFailures(),
    resetMs: BREAKER_RESET_MS,
    now,
    ...(onChange && { onChange }),
  });
  const counts = { timeouts: 0, errors: 0, skipped: 0 };
  const deadlines = createDeadlines(timer);
  let underWay = 0;

  function start<Result>(call: () => Promise<Result>, permit: Permit): Promise<Result | Failed> {
    return new Promise(resolve => {
      const settle = (result: Result | Failed) => {
        waiting.expire = null;
        underWay -= 1;
        if (result === FAILED) permit.failure();
        else permit.success();
        resolve(result);
      };
      const waiting = deadlines.add(() => {
        counts.timeouts += 1;
        settle(FAILED);
      });
      underWay += 1;
      begin(call).then(
        result => {
          if (waiting.expire !== null) settle(result);
        },
        () => {
          if (waiting.expire === null) return;
          counts.errors += 1;
          settle(FAILED);
        },
      );
    });
  }

  return {
    ask(call) {
      const permit = underWay < MAX_UNDER_WAY ? breaker.tryAcquire() : null;
      if (permit !== null) return start(call, permit);
      counts.skipped += 1;
      return FAILED;
    },
    getStats: () => ({ ...counts, breaker: breaker.state }),
  };
}

/** A call that throws at once is one that fails. */
function begin<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return call();
  } catch (error) {
    return Promise.reject(error as Error);
  }
}

/** All calls have the same time, so they end in their order, and one timer is enough for all of them. */
function createDeadlines(timer: GateTimer) {
  let queue: Waiting[] = [];
  let armedFor: number | null = null;

  function arm(ms: number): void {
    armedFor = timer.now() + ms;
    timer.after(ms, expireDue);
  }
  function expireDue(): void {
    const at = timer.now();
    if (at - (armedFor ?? at) > STALL_MS) {
      for (const waiting of queue) waiting.endsAt = at + REDIS_TIMEOUT_MS;
    }
    armedFor = null;
    const firstLeft = queue.findIndex(waiting => waiting.expire !== null && waiting.endsAt > at);
    const due = firstLeft === -1 ? queue : queue.slice(0, firstLeft);
    queue = firstLeft === -1 ? [] : queue.slice(firstLeft);
    for (const waiting of due) waiting.expire?.();
    const next = queue[0];
    if (next !== undefined && armedFor === null) arm(Math.max(1, next.endsAt - at));
  }

  return {
    add(expire: () => void): Waiting {
      const waiting: Waiting = { endsAt: timer.now() + REDIS_TIMEOUT_MS, expire };
      queue.push(waiting);
      if (armedFor === null) arm(REDIS_TIMEOUT_MS);
      return waiting;
    },
  };
}
