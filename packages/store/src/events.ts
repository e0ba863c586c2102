import type { PoolClient } from 'pg';
import { byteaArray } from './bytea-array.ts';
import { statementsOf } from './statement-rows.ts';

export type Tier = 'kafka' | 'inbox';
export type Routing = 'routed' | 'unmatched' | 'unrouted';

/** An event as it is stored; `meta` (method, url, headers, …) and `body` are sealed under `keyId`. */
export interface EventRow {
  readonly id: string;
  readonly source: string;
  readonly tenant: string;
  readonly provider: string;
  readonly type: string;
  readonly dedupKey: string;
  readonly orderingKey: string | null;
  /** Epoch milliseconds. */
  readonly occurredAt: number | null;
  readonly receivedAt: number;
  readonly priority: 'normal' | 'high';
  readonly tier: Tier;
  readonly routing: Routing;
  readonly keyId: string;
  readonly meta: Uint8Array;
  readonly body: Uint8Array;
}

/** Where an event is stored: its place in the order, and its partition. */
export interface StoredPlace {
  readonly seq: string;
  /** ISO date. */
  readonly storedDay: string;
}

/**
 * Inserts events; `seq` is given in the order of the array. Called under the lock of the events' lane, so that `seq`
 * order is storing order for each key.
 */
export async function insertEvents(
  client: PoolClient,
  rows: readonly EventRow[],
): Promise<ReadonlyMap<string, StoredPlace>> {
  const places = new Map<string, StoredPlace>();
  for (const some of statementsOf(rows)) {
    for (const { id, seq, stored_day } of await insertSome(client, some))
      places.set(id, { seq, storedDay: stored_day });
  }
  return places;
}

async function insertSome(client: PoolClient, rows: readonly EventRow[]) {
  const result = await client.query<{ id: string; seq: string; stored_day: string }>({
    name: 'events-insert',
    text: `insert into events (seq, id, source, tenant, provider, type, dedup_key, ordering_key, occurred_at,
                               received_at, priority, tier, routing, key_id, meta, body)
           select nextval('event_seq'), id, source, tenant, provider, type, dedup_key, ordering_key,
                  to_timestamp(occurred_ms / 1000.0), to_timestamp(received_ms / 1000.0), priority, tier, routing,
                  key_id, meta, body
             from (select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                                        $8::float8[], $9::float8[], $10::text[], $11::text[], $12::text[], $13::text[],
                                        $14::bytea[], $15::bytea[])
                     with ordinality as e (id, source, tenant, provider, type, dedup_key, ordering_key, occurred_ms,
                                           received_ms, priority, tier, routing, key_id, meta, body, place)
                    order by place) ordered
           returning id, seq, stored_day::text`,
    values: eventColumns(rows),
  });
  return result.rows;
}

function eventColumns(rows: readonly EventRow[]): unknown[] {
  const columns: (keyof EventRow)[] = [
    'id',
    'source',
    'tenant',
    'provider',
    'type',
    'dedupKey',
    'orderingKey',
    'occurredAt',
    'receivedAt',
    'priority',
    'tier',
    'routing',
    'keyId',
  ];
  return [
    ...columns.map(column => rows.map(row => row[column])),
    byteaArray(rows.map(row => row.meta)),
    byteaArray(rows.map(row => row.body)),
  ];
}

export interface QuarantinedRecord {
  /**
   * Where it was: `kafka:<lane>:<offset>` or `inbox:<id>`; `unrouted:<id>` was stored, and refused once its source was known; `event:<id>`
   * is stored, and nobody can tell who wants it.
   */
  readonly origin: string;
  /** Of Kafka's, whose offset it is; null in all others. */
  readonly topicId: string | null;
  readonly reason: string;
  readonly keyId: string;
  readonly meta: Uint8Array;
  readonly body: Uint8Array;
}

/**
 * Keeps what can't be stored as an event, with the reason; a record of a topic once, however often it is read. Returns the origins of
 * those that were not there.
 */
export async function quarantine(
  client: PoolClient,
  records: readonly QuarantinedRecord[],
): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ origin: string }>(
    `insert into quarantine (origin, topic_id, reason, key_id, meta, body)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bytea[])
     on conflict (topic_id, origin) where topic_id is not null do nothing
     returning origin`,
    [
      records.map(r => r.origin),
      records.map(r => r.topicId),
      records.map(r => r.reason),
      records.map(r => r.keyId),
      records.map(r => r.meta),
      records.map(r => r.body),
    ],
  );
  return new Set(rows.map(row => row.origin));
}
