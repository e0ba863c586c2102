/**
 * Removes the events of what is delivered and not kept (`history: failures`). No outcome and no promotion waits for it, and what
 * fails is tried again. It knows of those whose outcome PostgreSQL has confirmed: where that was committed and the answer was lost,
 * the event goes with its day, as where the process ends before it has gone.
 */
import type { Logger } from '@ackline/runtime/logger';
import type { ForgottenEvent } from '@ackline/store/forgotten-events';
import { createFlushableWork } from '../../flushable-work.ts';

/**
 * One statement's worth for each day; more wait for the next. What failed is tried with half of it, and goes back to all of it by
 * doubling: so large events that PostgreSQL does not remove within a statement's limit go a few at a time.
 */
const MAX_BATCH = 1_000;
/** An event that is still refused by then goes with its day: it would hold up all others. So an outage costs one in ten seconds its early end. */
const MAX_TRIES_ALONE = 10;
/** Between tries while PostgreSQL is away: nobody waits. */
const RETRY_WAIT_MS = 1_000;
/**
 * What waits, some 10 MB: a minute of a hot route's events, so that an outage of PostgreSQL, in which no outcome is written either,
 * never fills it. Over it the oldest go: they stay until their day is dropped.
 */
const MAX_WAITING = 100_000;
/** Of a drain, beside the statement that runs then: the rest of its time is for what must not be left. */
const FLUSH_MS = 1_000;

export interface EventForgetterListener {
  /** forgotten: asked to go; failed: to be tried again; left: to go with their day. */
  forgot(result: 'forgotten' | 'failed' | 'left', events: number): void;
}

export interface EventForgetterOptions {
  readonly forget: (events: readonly ForgottenEvent[]) => Promise<void>;
  readonly listener: EventForgetterListener;
  readonly log: Pick<Logger, 'warn'>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
}

export interface EventForgetter {
  add(events: readonly ForgottenEvent[]): void;
  /** One more try for what is there, for a moment. What fails then, or is not tried by then, goes with its day. */
  flush(): Promise<void>;
}

export function createEventForgetter(options: EventForgetterOptions): EventForgetter {
  const { listener, log } = options;
  const waiting: ForgottenEvent[] = [];
  const batches = createBatchSize();
  const work = createFlushableWork(() => waiting.length > 0, forgetAll);
  let flushEndsAt = 0;

  function leave(events: number): void {
    if (events === 0) return;
    listener.forgot('left', events);
    log.warn({ events }, 'events.left-to-retention');
  }

  function bound(): void {
    leave(waiting.splice(0, Math.max(0, waiting.length - MAX_WAITING)).length);
  }

  async function forgetAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, batches.size);
      if (await tryForget(batch, options)) {
        batches.succeeded();
        if (work.isFlushed && options.now() >= flushEndsAt) leave(waiting.splice(0).length);
        continue;
      }
      if (batches.failed(batch.length) === 'given-up') leave(batch.length);
      else waiting.unshift(...batch);
      bound();
      if (work.isFlushed) leave(waiting.splice(0).length);
      else await work.pause(options.wait(RETRY_WAIT_MS));
    }
  }

  return {
    add(events) {
      waiting.push(...events);
      bound();
      work.start();
    },
    async flush() {
      flushEndsAt = options.now() + FLUSH_MS;
      await work.flush();
    },
  };
}

/** Of the next statement. */
function createBatchSize() {
  let size = MAX_BATCH;
  let triesAlone = 0;
  return {
    get size() {
      return size;
    },
    succeeded(): void {
      size = Math.min(MAX_BATCH, 2 * size);
      triesAlone = 0;
    },
    failed(count: number): 'again' | 'given-up' {
      size = Math.ceil(count / 2);
      triesAlone = count === 1 ? triesAlone + 1 : 0;
      if (triesAlone < MAX_TRIES_ALONE) return 'again';
      triesAlone = 0;
      return 'given-up';
    },
  };
}

async function tryForget(
  batch: readonly ForgottenEvent[],
  { forget, listener, log }: EventForgetterOptions,
): Promise<boolean> {
  try {
    await forget(batch);
    listener.forgot('forgotten', batch.length);
    return true;
  } catch (error) {
    listener.forgot('failed', batch.length);
    log.warn({ err: error, events: batch.length }, 'events.not-forgotten');
    return false;
  }
}
