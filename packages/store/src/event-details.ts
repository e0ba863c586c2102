import type { Pool } from 'pg';
import type { AttemptRecord } from './deliveries.ts';
import type { EventPlace } from './event-places.ts';
import type { ListedDelivery } from './event-list.ts';

/** Where an event is, and whose. */
export interface EventLocation extends EventPlace {
  readonly id: string;
  readonly source: string;
  readonly tenant: string;
}

/** What of an event is not in a list. `meta` is sealed. */
export interface EventFacts {
  readonly occurredAt: Date | null;
  readonly priority: 'normal' | 'high';
  readonly keyId: string;
  readonly meta: Uint8Array;
}

export interface SealedPayload extends EventPlace {
  readonly keyId: string;
  readonly meta: Uint8Array;
  readonly body: Uint8Array;
}

export interface DeliveryDetails extends Omit<ListedDelivery, 'dueAt' | 'finishedAt'> {
  readonly dueAt: Date;
  readonly finishedAt: Date | null;
  readonly eventId: string;
  readonly source: string;
  readonly tenant: string;
  readonly orderingKey: string | null;
  readonly priority: 'normal' | 'high';
  readonly interruptions: number;
  readonly parkReason: string | null;
  readonly blocks: boolean;
  readonly replay: boolean;
  readonly createdAt: Date;
  readonly attempts: readonly AttemptRecord[];
}

/** By its id, in all days. null: there is none. */
export async function locateEvent(queryable: Pick<Pool, 'query'>, id: string): Promise<EventLocation | null> {
  const part = (table: 'events' | 'kept_events') =>
    `select stored_day, seq, id, source, tenant from ${table} where id = $1::uuid`;
  const { rows } = await queryable.query<EventLocation>(
    `select stored_day::text as "storedDay", seq, id, source, tenant
       from (${part('events')} union all ${part('kept_events')}) both_tables limit 1`,
    [id],
  );
  return rows[0] ?? null;
}

/** The event that the provider's own id is known by; null: no such key is remembered. */
export async function eventOfKey(
  queryable: Pick<Pool, 'query'>,
  { source, dedupKey }: { readonly source: string; readonly dedupKey: string },
): Promise<string | null> {
  const { rows } = await queryable.query<{ id: string }>(
    'select event_id as id from event_keys where source = $1 and dedup_key = $2',
    [source, dedupKey],
  );
  return rows[0]?.id ?? null;
}

export async function readFacts(
  queryable: Pick<Pool, 'query'>,
  place: EventPlace,
): Promise<EventFacts | null> {
  const { rows } = await queryable.query<EventFacts>(
    inEitherTable('occurred_at as "occurredAt", priority, key_id as "keyId", meta'),
    [place.storedDay, place.seq],
  );
  return rows[0] ?? null;
}

export async function readPayload(
  queryable: Pick<Pool, 'query'>,
  place: EventPlace,
): Promise<SealedPayload | null> {
  const { rows } = await queryable.query<SealedPayload>(inEitherTable(SEALED), [place.storedDay, place.seq]);
  return rows[0] ?? null;
}

const SEALED = 'stored_day::text as "storedDay", seq, key_id as "keyId", meta, body';

function inEitherTable(columns: string): string {
  const part = (table: 'events' | 'kept_events') =>
    `select ${columns} from ${table} where stored_day = $1::date and seq = $2::bigint`;
  return `${part('events')} union all ${part('kept_events')} limit 1`;
}

/** The payloads at these places, by their seq. The caller bounds their bytes. */
export async function readPayloads(
  queryable: Pick<Pool, 'query'>,
  places: readonly EventPlace[],
): Promise<ReadonlyMap<string, SealedPayload>> {
  const part = (table: 'events' | 'kept_events') =>
    `select ${SEALED} from ${table} where stored_day = p.stored_day and seq = p.seq`;
  const { rows } = await queryable.query<SealedPayload>(
    `select found.* from unnest($1::date[], $2::bigint[]) p (stored_day, seq)
      cross join lateral (select * from (${part('events')} union all ${part('kept_events')}) kept limit 1) found`,
    [places.map(({ storedDay }) => storedDay), places.map(({ seq }) => seq)],
  );
  return new Map(rows.map(row => [row.seq, row]));
}

const DELIVERY = `id, route, destination, state, tries, due_at as "dueAt", finished_at as "finishedAt",
  attempts -> -1 -> 'status' as "lastStatus", attempts -> -1 ->> 'error' as "lastError", event_id as "eventId", source, tenant,
  ordering_key as "orderingKey", priority, interruptions, park_reason as "parkReason", blocks, replay,
  created_at as "createdAt", attempts`;

/** Of an event, by their routes. */
export async function readDeliveriesOf(
  queryable: Pick<Pool, 'query'>,
  { id, storedDay }: Pick<EventLocation, 'id' | 'storedDay'>,
): Promise<readonly DeliveryDetails[]> {
  const { rows } = await queryable.query<DeliveryDetails>(
    `select ${DELIVERY} from all_deliveries where event_id = $1::uuid and stored_day = $2::date order by route, id`,
    [id, storedDay],
  );
  return rows;
}

export async function readDelivery(
  queryable: Pick<Pool, 'query'>,
  id: string,
): Promise<DeliveryDetails | null> {
  const { rows } = await queryable.query<DeliveryDetails>(
    `select ${DELIVERY} from all_deliveries where id = $1::uuid limit 1`,
    [id],
  );
  return rows[0] ?? null;
}
