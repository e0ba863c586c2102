import type { Pool, PoolClient } from 'pg';
import type { Routing, StoredPlace, Tier } from './events.ts';
import { readDayEvents } from './stored-events.ts';

/** An event whose source no processor knew when it was stored. */
export interface UnroutedEvent extends StoredPlace {
  readonly id: string;
  readonly source: string;
  readonly tenant: string;
  readonly type: string;
  readonly dedupKey: string;
  readonly orderingKey: string | null;
  readonly priority: 'normal' | 'high';
  readonly tier: Tier;
  /** The rest of the envelope, sealed under `keyId`. */
  readonly keyId: string;
  readonly meta: Uint8Array;
  readonly body: Uint8Array;
}

export interface UnroutedPlace extends StoredPlace {
  readonly source: string;
  readonly bodyBytes: number;
}

const COLUMNS =
  'id, seq, stored_day::text as "storedDay", source, tenant, type, dedup_key as "dedupKey", ordering_key as "orderingKey", priority, tier, key_id as "keyId", meta, body';

/** Notes that these events wait for a processor that knows their source. */
export async function insertUnrouted(client: PoolClient, events: readonly UnroutedPlace[]): Promise<void> {
  if (events.length === 0) return;
  await client.query({
    name: 'unrouted-insert',
    text: `insert into unrouted_events (seq, stored_day, source, body_bytes)
           select * from unnest($1::bigint[], $2::date[], $3::text[], $4::int[])`,
    values: [
      events.map(event => event.seq),
      events.map(event => event.storedDay),
      events.map(event => event.source),
      events.map(event => event.bodyBytes),
    ],
  });
}

/** Which of the sources have events that wait; what others have costs nothing. */
export async function findUnroutedSources(
  queryable: Pick<Pool, 'query'>,
  sources: readonly string[],
): Promise<readonly string[]> {
  const result = await queryable.query<{ source: string }>({
    name: 'unrouted-sources',
    text: `select s.source from unnest($1::text[]) as s (source)
            cross join lateral (select from unrouted_events u where u.source = s.source order by u.seq limit 1) one`,
    values: [sources],
  });
  return result.rows.map(row => row.source);
}

export interface TakeLimits {
  readonly rows: number;
  /** Of the bodies together, but for a single larger one. */
  readonly bytes: number;
}

/**
 * Takes the first unrouted events of a source, in stored order. Two that do so wait for each other, so that the second brings
 * what comes after the first one's, and not before.
 */
export async function takeUnrouted(
  client: PoolClient,
  source: string,
  limits: TakeLimits,
): Promise<readonly UnroutedEvent[]> {
  const taken = await client.query<StoredPlace>(
    `with first as (
       select seq, body_bytes from unrouted_events where source = $1 order by seq limit $2 for update
     ), sized as (
       select seq, row_number() over (order by seq) as place, sum(body_bytes) over (order by seq) as bytes from first
     )
     delete from unrouted_events u
      where u.source = $1 and u.seq = any(array(select seq from sized where place = 1 or bytes <= $3))
     returning u.seq, u.stored_day::text as "storedDay"`,
    [source, limits.rows, limits.bytes],
  );
  const events: UnroutedEvent[] = [];
  for (const [day, places] of Map.groupBy(taken.rows, place => place.storedDay)) {
    const seqs = places.map(place => place.seq);
    events.push(...(await readDayEvents<UnroutedEvent>(client, COLUMNS, day, seqs)));
  }
  return events.sort((a, b) => (BigInt(a.seq) < BigInt(b.seq) ? -1 : 1));
}

export async function setRouting(
  client: PoolClient,
  events: readonly (StoredPlace & { readonly routing: Routing })[],
): Promise<void> {
  for (const [day, ofDay] of Map.groupBy(events, event => event.storedDay)) {
    for (const table of ['events', 'kept_events']) {
      await client.query(
        `update ${table} e set routing = u.routing from unnest($2::bigint[], $3::text[]) as u (seq, routing)
          where e.stored_day = $1::date and e.seq = u.seq`,
        [day, ofDay.map(e => e.seq), ofDay.map(e => e.routing)],
      );
    }
  }
}

export interface ReplacedEvent extends StoredPlace {
  readonly id: string;
  readonly source: string;
  readonly dedupKey: string;
}

/** Removes events in whose place others are stored, or that are kept in quarantine, and gives back their dedup keys. */
export async function removeReplaced(client: PoolClient, events: readonly ReplacedEvent[]): Promise<void> {
  for (const [day, ofDay] of Map.groupBy(events, event => event.storedDay)) {
    for (const table of ['events', 'kept_events']) {
      await client.query(`delete from ${table} where stored_day = $1::date and seq = any($2::bigint[])`, [
        day,
        ofDay.map(event => event.seq),
      ]);
    }
  }
  await client.query(
    `delete from event_keys k using unnest($1::text[], $2::text[], $3::uuid[]) as e (source, dedup_key, event_id)
      where k.source = e.source and k.dedup_key = e.dedup_key and k.event_id = e.event_id`,
    [events.map(event => event.source), events.map(event => event.dedupKey), events.map(event => event.id)],
  );
}
