import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@ackline/shared/app-error';
import type { Logger } from '@ackline/runtime/logger';
import type { KafkaTier, KafkaTierState } from './tiers.ts';
import { createKafkaLog } from './kafka-log.ts';
import { type KafkaDurability, openTopic } from './kafka-topic.ts';

/** How long a start waits for a broker before it goes on without: a broker that is up answers in a fraction of it. */
const START_DEADLINE_MS = 3_000;
/** A broker that is just starting may need several seconds to create a topic. */
const OPEN_DEADLINE_MS = 10_000;
const FIRST_RETRY_MS = 1_000;
/** A broker that comes back is used within this time. */
const MAX_RETRY_MS = 10_000;

export interface KafkaTierOptions {
  readonly brokers: readonly string[];
  readonly durability: KafkaDurability;
  readonly log: Pick<Logger, 'warn' | 'error' | 'info'>;
  readonly topic?: string;
}

/** Opens the topic now, or goes on trying in the background where no broker answers. */
export async function connectKafkaTier(options: KafkaTierOptions): Promise<KafkaTier> {
  const { log } = options;
  const ending = new AbortController();
  let current = await tryOpen(options, START_DEADLINE_MS, ending.signal);
  if (current.state === 'refused') throw current.error;

  async function keepTrying(): Promise<void> {
    let waitMs = FIRST_RETRY_MS;
    while (current.state === 'connecting') {
      await delay(waitMs, undefined, { signal: ending.signal }).catch(() => undefined);
      if (ending.signal.aborted) return;
      waitMs = Math.min(waitMs * 2, MAX_RETRY_MS);
      const next = await tryOpen(options, OPEN_DEADLINE_MS, ending.signal);
      if (ending.signal.aborted) {
        if (next.state === 'ready') await next.log.close();
        return;
      }
      current = next;
    }
    if (current.state === 'ready') log.info('kafka.connected');
    if (current.state === 'refused') log.error({ err: current.error }, 'kafka.refused');
  }

  const trying = keepTrying();
  return {
    get current() {
      return current;
    },
    async close() {
      ending.abort();
      await trying;
      if (current.state === 'ready') await current.log.close();
    },
  };
}

async function tryOpen(
  options: KafkaTierOptions,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<KafkaTierState> {
  const { log, ...topicOptions } = options;
  const { brokers } = options;
  try {
    const opened = await openTopic({ ...topicOptions, deadlineMs, signal });
    for (const warning of opened.warnings) log.warn({ topic: opened.name }, warning);
    return { state: 'ready', log: createKafkaLog({ brokers, topic: opened }), weaknesses: opened.weaknesses };
  } catch (error) {
    if (error instanceof AppError && error.code === 'ACKLINE_KAFKA_NOT_DURABLE')
      return { state: 'refused', error };
    if (!signal.aborted) log.warn({ err: error }, 'kafka.unavailable');
    return { state: 'connecting' };
  }
}
