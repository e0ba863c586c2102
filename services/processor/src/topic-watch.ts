import { setTimeout as delay } from 'node:timers/promises';
import type { OpenedTopic } from '@ackline/eventlog/kafka-topic';
import type { Logger } from '@ackline/runtime/logger';
import { AppError } from '@ackline/shared/app-error';

/** As an ingress does: what comes to a topic that was made anew may lie before the place that this processor reads on from. */
const EVERY_MS = 60_000;

export interface TopicWatchOptions {
  /** Within a time of its own. */
  readonly ask: (signal: AbortSignal) => Promise<OpenedTopic>;
  /** False: it is another one, that was made anew. */
  readonly seen: (topic: OpenedTopic) => boolean;
  readonly log: Pick<Logger, 'warn'>;
  /** Default: a minute. */
  readonly everyMs?: number | undefined;
  /** Resolves after this long, or when aborted. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Looks at the topic's settings now and then until it is aborted, or the topic is another one, which is told: somebody may change them. Of one
 * that can't be asked the last ones count.
 */
export async function watchTopic(
  { ask, seen, log, everyMs = EVERY_MS, wait = pause }: TopicWatchOptions,
  signal: AbortSignal,
): Promise<'aborted' | 'made-anew'> {
  for (;;) {
    await wait(everyMs, signal);
    if (signal.aborted) return 'aborted';
    try {
      if (!seen(await ask(signal))) return 'made-anew';
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'kafka.topic-not-asked');
    }
  }
}

/** Until `run` has ended. Where the topic was made anew it ends `run`, and throws: it has to be opened anew. */
export async function whileTopicIsWatched(
  options: TopicWatchOptions,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  const watching = watchTopic(options, either).finally(() => ended.abort());
  try {
    await run(either);
  } finally {
    ended.abort();
    await watching;
  }
  if ((await watching) === 'made-anew')
    throw new AppError('ACKLINE_KAFKA_UNAVAILABLE', 'The topic was made anew: it is opened anew');
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
