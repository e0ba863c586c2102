import { setTimeout as delay } from 'node:timers/promises';
import type { OpenedTopic } from '@ackline/eventlog/kafka-topic';
import type { Logger } from '@ackline/runtime/logger';

/** What depends on it has a day to spare (`dedup-window.ts`), so that a day's retention more is known long before it counts. */
const EVERY_MS = 60 * 60_000;

export interface TopicWatchOptions {
  /** Within a time of its own. */
  readonly ask: (signal: AbortSignal) => Promise<OpenedTopic>;
  readonly seen: (topic: OpenedTopic) => void;
  readonly log: Pick<Logger, 'warn'>;
  /** Default: an hour. */
  readonly everyMs?: number | undefined;
  /** Resolves after this long, or when aborted. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Looks at the topic's settings now and then until it is aborted: somebody may change them. Of one that can't be asked the last ones count. */
export async function watchTopic(
  { ask, seen, log, everyMs = EVERY_MS, wait = pause }: TopicWatchOptions,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await wait(everyMs, signal);
    if (signal.aborted) return;
    try {
      seen(await ask(signal));
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'kafka.topic-not-asked');
    }
  }
}

/** Until `run` has ended. */
export async function whileTopicIsWatched(
  options: TopicWatchOptions,
  signal: AbortSignal,
  run: () => Promise<void>,
): Promise<void> {
  const ended = new AbortController();
  const watching = watchTopic(options, AbortSignal.any([signal, ended.signal]));
  try {
    await run();
  } finally {
    ended.abort();
    await watching;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
