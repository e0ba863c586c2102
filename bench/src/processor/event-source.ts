import { setTimeout as delay } from 'node:timers/promises';
import type { EventLog } from '@ackline/eventlog/event-log';
import { createInboxLog } from '@ackline/eventlog/inbox-log';
import { createKafkaLog } from '@ackline/eventlog/kafka-log';
import { EVENTS_TOPIC, openTopic } from '@ackline/eventlog/kafka-topic';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { createPool } from '@ackline/store/pool';
import { removeTopic } from '../kafka-records.ts';
import { type NumberRange, sampleEvents } from './sample-events.ts';

/** Where a processor's events come from: the topic, or the inbox of its own database. */
export interface EventSource {
  /** null: the inbox. */
  readonly brokers: string | null;
  /** Forgets all that was offered before. */
  renew(): Promise<void>;
  /** Puts the events where every processor finds them that has not stored them yet. */
  offer(range: NumberRange): Promise<void>;
  /** Gives the events of all offers since the last `renew` to this database, where it needs them in its own inbox. */
  handTo(databaseUrl: string): Promise<void>;
  /** For one processor, at a pace. */
  openLog(databaseUrl: string): Promise<EventLog>;
}

/** Under every log's buffer, so that none is refused for want of room. */
const CHUNK_EVENTS = 500;
const APPEND_TRIES = 10;
const RETRY_MS = 200;
const TOPIC_DEADLINE_MS = 30_000;
const INBOX_CONNECTIONS = 2;

export function kafkaSource(brokers: string): EventSource {
  const list = brokers.split(',');
  const open = () =>
    openTopic({ brokers: list, durability: 'single-node', deadlineMs: TOPIC_DEADLINE_MS }).then(topic =>
      createKafkaLog({ brokers: list, topic }),
    );
  return {
    brokers,
    async renew() {
      await removeTopic(brokers, EVENTS_TOPIC);
      await openTopic({ brokers: list, durability: 'single-node', deadlineMs: TOPIC_DEADLINE_MS });
    },
    async offer(range) {
      await appendAll(await open(), range);
    },
    handTo: () => Promise.resolve(),
    openLog: open,
  };
}

export function inboxSource(): EventSource {
  let offered: NumberRange[] = [];
  const open = (databaseUrl: string): EventLog => {
    const pool = createPool({
      connectionString: databaseUrl,
      applicationName: 'ackline-bench',
      max: INBOX_CONNECTIONS,
      onError: () => undefined,
    });
    const log = createInboxLog({ pool });
    return { ...log, close: () => log.close().then(() => pool.end()) };
  };
  return {
    brokers: null,
    renew() {
      offered = [];
      return Promise.resolve();
    },
    offer(range) {
      offered.push(range);
      return Promise.resolve();
    },
    async handTo(databaseUrl) {
      for (const range of offered) await appendAll(open(databaseUrl), range);
    },
    openLog: databaseUrl => Promise.resolve(open(databaseUrl)),
  };
}

/** Appends and closes. */
async function appendAll(log: EventLog, range: NumberRange): Promise<void> {
  const { first, count } = range;
  try {
    for (let from = first; from < first + count; from += CHUNK_EVENTS) {
      const inChunk = Math.min(CHUNK_EVENTS, first + count - from);
      const events = sampleEvents({ ...range, first: from, count: inChunk });
      await appendChunk(log, events);
    }
  } finally {
    await log.close();
  }
}

/** One that timed out may be there twice then: it has one dedup key, and is stored once. */
export async function appendChunk(log: EventLog, events: readonly EventEnvelope[]): Promise<void> {
  let left = events;
  let cause: unknown;
  for (let attempt = 0; attempt < APPEND_TRIES && left.length > 0; attempt += 1) {
    if (attempt > 0) await delay(RETRY_MS);
    const results = await Promise.allSettled(left.map(event => log.append(event)));
    cause = results.find(result => result.status === 'rejected')?.reason;
    left = left.filter((_, index) => results[index]?.status === 'rejected');
  }
  if (left.length > 0) throw new Error(`${left.length} events could not be appended`, { cause });
}
