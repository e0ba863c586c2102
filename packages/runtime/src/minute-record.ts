import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from './component.ts';
import type { Logger } from './logger.ts';

const MINUTE_MS = 60_000;
/** Processes whose minutes end at once do not all write at once. */
const SPREAD_MS = 5_000;
/** What can't be told is kept for so many minutes: an outage of an hour is in the totals later. */
const MAX_UNTOLD = 60;
/** A process that ends waits no longer for its last word. */
const END_LIMIT_MS = 2_000;

export interface MinuteRecordDeps<Counts> {
  readonly name: string;
  /** What was counted since it was asked last, and begins anew; null: nothing. */
  readonly take: () => Counts | null;
  /** Of the minute that began at `at`. Rejects while it can't be told: it is told again. */
  readonly write: (at: Date, counts: Counts) => Promise<void>;
  readonly log: Pick<Logger, 'debug'>;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly minuteMs?: number;
  readonly spreadMs?: number;
  readonly endLimitMs?: number;
}

export interface MinuteRecord extends Component {
  /** Tells what is left, of a process that ends; waits for no more than some seconds. */
  end(): Promise<void>;
}

/** Tells once a minute what was counted in it, by this machine's clock, beside all other work. */
export function createMinuteRecord<Counts>(deps: MinuteRecordDeps<Counts>): MinuteRecord {
  const { take, write, log, now = Date.now } = deps;
  const { minuteMs = MINUTE_MS, spreadMs = SPREAD_MS, endLimitMs = END_LIMIT_MS } = deps;
  const untold: { readonly at: Date; readonly counts: Counts }[] = [];
  const minuteOf = (ms: number) => Math.floor(ms / minuteMs) * minuteMs;
  let current = minuteOf(now());

  function close(): void {
    const counts = take();
    if (counts !== null) untold.push({ at: new Date(current), counts });
    if (untold.length > MAX_UNTOLD) untold.shift();
    current = minuteOf(now());
  }

  /** One minute after the other, as long as it may. */
  async function tell(signal: AbortSignal): Promise<void> {
    try {
      for (let next = untold[0]; next !== undefined && !signal.aborted; next = untold[0]) {
        await write(next.at, next.counts);
        untold.shift();
      }
    } catch (error) {
      log.debug({ err: error }, 'totals.unwritten');
    }
  }

  return {
    name: deps.name,
    async run(signal) {
      const rest = (ms: number) => delay(ms, undefined, { signal }).catch(() => undefined);
      while (!signal.aborted) {
        // Set back by a day, it is a minute all the same.
        await rest(Math.max(0, Math.min(current + minuteMs - now(), minuteMs)));
        // A timer may be early by a millisecond, and a clock may be set back.
        if (signal.aborted || minuteOf(now()) === current) continue;
        close();
        await rest(Math.random() * spreadMs);
        await tell(signal);
      }
    },
    async end() {
      close();
      const over = new AbortController();
      await Promise.race([tell(over.signal), delay(endLimitMs, undefined, { ref: false })]);
      over.abort();
    },
  };
}
