import { randomUUID } from 'node:crypto';
import { encodeMeta } from '@ackline/shared/envelope-codec';
import { seal } from '@ackline/shared/seal';
import type { AttemptRecord } from '@ackline/store/deliveries';
import { insertEvents } from '@ackline/store/events';
import { inTransaction } from '@ackline/store/transaction';
import type { Pool, PoolClient } from 'pg';

export interface EventWish {
  readonly id?: string;
  readonly source?: string;
  readonly tenant?: string;
  readonly type?: string;
  readonly dedupKey?: string;
  readonly orderingKey?: string | null;
  readonly receivedAt?: number;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Buffer;
  readonly deliveries?: readonly DeliveryWish[];
}

export interface DeliveryWish {
  readonly id?: string;
  readonly destination?: string;
  readonly state: 'due' | 'parked' | 'delivered' | 'discarded';
  readonly attempts?: readonly Partial<AttemptRecord>[];
}

export interface StoredWish {
  readonly id: string;
  readonly seq: string;
  readonly deliveries: readonly string[];
}

/** Stores an event with its deliveries as a processor would have. */
export function storeEvent(pool: Pool, wish: EventWish = {}): Promise<StoredWish> {
  return inTransaction(pool, client => storeWithin(client, wish));
}

const DEFAULTS = {
  source: 'crimson-hooks',
  tenant: 'crimson',
  type: 'message',
  orderingKey: 'chat-1' as string | null,
  body: '{"text":"hello","amount":5}' as string | Buffer,
  headers: [
    ['Content-Type', 'application/json'],
    ['X-Twice', '1'],
    ['X-Twice', '2'],
  ] as readonly (readonly [string, string])[],
  deliveries: [] as readonly DeliveryWish[],
};
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

export async function storeWithin(client: PoolClient, wish: EventWish = {}): Promise<StoredWish> {
  const { id = randomUUID(), receivedAt = Date.now() } = wish;
  const { source, tenant, type, orderingKey, headers, dedupKey, ...given } = {
    ...DEFAULTS,
    dedupKey: id,
    ...wish,
  };
  const body = Buffer.from(given.body);
  const facts = { id, source, tenant, provider: 'telegram', type, dedupKey };
  const common = { ...facts, orderingKey, occurredAt: null, receivedAt, priority: 'normal' as const };
  const url = `https://hooks.example.com/${tenant}`;
  const meta = encodeMeta({
    ...common,
    method: 'POST',
    url,
    headers,
    traceparent: TRACEPARENT,
    notBefore: null,
  });
  const row = {
    ...common,
    tier: 'inbox' as const,
    routing: 'routed' as const,
    keyId: seal(meta).keyId,
    meta,
    body,
  };
  const places = await insertEvents(client, [row]);
  const { seq, storedDay } = places.get(id) ?? { seq: '0', storedDay: '' };
  await client.query(
    'insert into event_keys (source, dedup_key, event_id) values ($1, $2, $3) on conflict do nothing',
    [source, facts.dedupKey, id],
  );
  const deliveries: string[] = [];
  for (const delivery of given.deliveries) {
    deliveries.push(await insertDelivery(client, delivery, { id, seq, storedDay, source, tenant }));
  }
  return { id, seq, deliveries };
}

async function insertDelivery(
  client: PoolClient,
  { id = randomUUID(), destination = 'crm', state, attempts = [] }: DeliveryWish,
  event: { id: string; seq: string; storedDay: string; source: string; tenant: string },
): Promise<string> {
  const isFinished = state === 'delivered' || state === 'discarded';
  const records = attempts.map(attempt => ({
    at: new Date().toISOString(),
    ms: 5,
    outcome: 'retry',
    status: null,
    error: null,
    excerpt: null,
    ...attempt,
  }));
  await client.query(
    `insert into ${isFinished ? 'finished_deliveries' : 'deliveries'}
       (id, stored_day, seq, event_id, source, tenant, route, destination, priority, state, tries, attempts, park_reason, finished_at)
     values ($1, $2, $3, $4, $5, $6, 'all', $7, 'normal', $8, $9, $10, $11, case when $8 = 'due' then null else now() end)`,
    [
      id,
      event.storedDay,
      event.seq,
      event.id,
      event.source,
      event.tenant,
      destination,
      state,
      records.length,
      JSON.stringify(records),
      state === 'parked' ? 'schedule used up' : null,
    ],
  );
  return id;
}
