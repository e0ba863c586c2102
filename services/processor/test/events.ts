import { createInboxLog } from '@ackline/eventlog/inbox-log';
import type { LaneBatch } from '@ackline/eventlog/kafka-consumer';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { newEventId } from '@ackline/shared/event-id';
import { peekInbox } from '@ackline/store/inbox';
import { STORING_LOCK_LIMIT_MS } from '@ackline/store/lock-patience';
import { createPool } from '@ackline/store/pool';
import type { Pool } from 'pg';
import type { Rules } from '../src/rules.ts';

export const TOPIC_ID = 'the-topic';

/** An event as an ingress would append it, later than those made before; `overrides` replace fields. */
export function sampleEvent(overrides: Partial<EventEnvelope> = {}): EventEnvelope {
  const id = newEventId();
  return {
    id,
    source: 'telegram',
    tenant: 'default',
    provider: 'telegram',
    type: 'message',
    dedupKey: id,
    orderingKey: null,
    occurredAt: null,
    receivedAt: 1_795_372_800_000,
    method: 'POST',
    url: 'https://hooks.example.com/webhook/telegram',
    headers: [['Content-Type', 'application/json']],
    body: Buffer.from('{"update_id":1}'),
    priority: 'normal',
    traceparent: null,
    notBefore: null,
    ...overrides,
  };
}

/** Consecutive records of a lane, beginning at `first`. */
export function kafkaBatch(
  events: readonly EventEnvelope[],
  { lane = 0, first = 0n, storedTo = null }: { lane?: number; first?: bigint; storedTo?: bigint | null } = {},
): LaneBatch {
  return {
    lane,
    topicId: TOPIC_ID,
    storedTo,
    records: events.map((event, n) => ({ offset: first + BigInt(n), event })),
    nextOffset: first + BigInt(events.length),
  };
}

/** Appends as the ingress does, one after the other. */
export async function appendToInbox(
  pool: Pool,
  events: readonly EventEnvelope[],
  afterOffset = -1n,
): Promise<void> {
  const log = createInboxLog({ pool });
  for (const event of events) await log.append(event, afterOffset);
  await log.close();
}

/** All that waits in the inbox. */
export async function inboxNumbers(pool: Pool): Promise<readonly string[]> {
  return (await peekInbox(pool, 10_000)).map(row => row.n);
}

/** What `routeUnrouted` needs. */
export function lateDeps(
  pool: Pool,
  rules: Pick<Rules, 'fanOut' | 'destinations' | 'providerOf'>,
  lanes = 1,
) {
  const log = { info: () => undefined, error: () => undefined } as never;
  const told = { onKeptWhole: () => undefined, onQuarantined: () => undefined };
  return { pool, rules, intake: { lanes: () => lanes }, log, rest: { last: null }, ...told };
}

/** As of a processor, or as much shorter in all its limits. */
export function openPool(url: string, limitMs = 5_000): Pool {
  return createPool({
    connectionString: url,
    applicationName: 'processor-test',
    max: 10,
    onError: () => undefined,
    limitMs,
    lockLimitMs: (limitMs / 5_000) * STORING_LOCK_LIMIT_MS,
  });
}
