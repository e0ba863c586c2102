import type { Pool, PoolClient } from 'pg';

/** Beyond the attempt's own time-out a lease lasts this long: the attempt is aborted, and its outcome written, before it ends. */
export const LEASE_MARGIN_MS = 10_000;
/** Leases that ended without an outcome, before the delivery is parked: it takes its processor down, or hangs it. */
export const MAX_INTERRUPTIONS = 10;
/** The newest attempts that a delivery keeps. */
export const MAX_KEPT_ATTEMPTS = 100;
/** No delivery waits longer for its first attempt, whatever the clock says that its time was given by. */
const LONGEST_DEFERRAL = '24 hours';
/** The longest lease there is, and room: one that ends later was given by a clock that was set back since. */
const LONGEST_LEASE = '150 seconds';
/** Expired leases that one sweep takes back. */
const SWEEP_LIMIT = 500;
/** What stands outside the order (no key, or a replay that holds nothing) holds nothing when it is parked. */
const MAY_BLOCK = 'd.ordering_key is not null and (d.blocks or not d.replay)';

export interface Lease {
  readonly leaseId: string;
  readonly leaseMs: number;
}

export interface NewDelivery {
  readonly id: string;
  readonly storedDay: string;
  readonly seq: string;
  readonly eventId: string;
  readonly source: string;
  readonly tenant: string;
  readonly route: string;
  readonly destination: string;
  /** null: no order is kept. */
  readonly orderingKey: string | null;
  readonly priority: 'normal' | 'high';
  /** No attempt starts before it; epoch milliseconds. null, or a time that is over: at once. */
  readonly notBefore: number | null;
  /** null: due, for whoever has a free slot. */
  readonly lease: Lease | null;
}

export async function insertDeliveries(client: PoolClient, rows: readonly NewDelivery[]): Promise<void> {
  await client.query({
    name: 'deliveries-insert',
    text: `insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, ordering_key,
                                   priority, state, lease_id, lease_until, due_at)
           select id, stored_day, seq, event_id, source, tenant, route, destination, ordering_key, priority,
                  case when lease_id is null then 'due' else 'leased' end, lease_id,
                  clock_timestamp() + lease_ms * interval '1 millisecond',
                  least(greatest(to_timestamp(not_before_ms / 1000.0), now()), now() + interval '${LONGEST_DEFERRAL}')
             from unnest($1::uuid[], $2::date[], $3::bigint[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
                         $9::text[], $10::text[], $11::uuid[], $12::int[], $13::float8[])
               as d (id, stored_day, seq, event_id, source, tenant, route, destination, ordering_key, priority,
                     lease_id, lease_ms, not_before_ms)`,
    values: [
      rows.map(row => row.id),
      rows.map(row => row.storedDay),
      rows.map(row => row.seq),
      rows.map(row => row.eventId),
      rows.map(row => row.source),
      rows.map(row => row.tenant),
      rows.map(row => row.route),
      rows.map(row => row.destination),
      rows.map(row => row.orderingKey),
      rows.map(row => row.priority),
      rows.map(row => row.lease?.leaseId ?? null),
      rows.map(row => row.lease?.leaseMs ?? null),
      rows.map(row => row.notBefore),
    ],
  });
}

export interface DeliveryKey {
  readonly destination: string;
  readonly source: string;
  readonly orderingKey: string;
}

/** Which of the keys have a delivery that a new one must wait for. Called under the lane's lock. */
export async function findOpenKeys(
  client: PoolClient,
  keys: readonly DeliveryKey[],
): Promise<readonly DeliveryKey[]> {
  const result = await client.query<DeliveryKey>({
    name: 'deliveries-open-keys',
    text: `select k.destination, k.source, k.ordering_key as "orderingKey"
             from unnest($1::text[], $2::text[], $3::text[]) as k (destination, source, ordering_key)
            where exists (select from deliveries e
                           where e.destination = k.destination and e.source = k.source
                             and e.ordering_key = k.ordering_key
                             and (e.blocks or (e.state in ('due', 'leased') and not e.replay)))`,
    values: [keys.map(k => k.destination), keys.map(k => k.source), keys.map(k => k.orderingKey)],
  });
  return result.rows;
}

/** A delivery that is leased to the caller, with all that an attempt needs. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly storedDay: string;
  readonly leaseId: string;
  readonly eventId: string;
  readonly source: string;
  readonly route: string;
  readonly tries: number;
  readonly replay: boolean;
  readonly keyId: string;
  readonly meta: Uint8Array;
  readonly body: Uint8Array;
}

export interface ClaimRequest extends Lease {
  readonly destination: string;
  readonly limit: number;
  /** Of their bodies, but for a single larger one. */
  readonly maxBytes: number;
}

/**
 * Leases the next due deliveries of a destination: high priority first, then by time. Where order is kept, only the first
 * open delivery of each key is taken, so that a retrying key holds itself and nobody else; a replay stands outside the
 * order unless it is the one that blocks its key.
 */
export async function claimDue(
  queryable: Pick<Pool, 'query'>,
  request: ClaimRequest,
): Promise<readonly ClaimedDelivery[]> {
  const result = await queryable.query<ClaimedDelivery>({
    name: 'deliveries-claim',
    text: `with picked as (
             select d.stored_day, d.id, d.seq, d.priority, d.due_at from deliveries d
              where d.destination = $1 and d.state = 'due' and d.due_at <= clock_timestamp()
                and (d.ordering_key is null or (d.replay and not d.blocks)
                     or not exists (select from deliveries e
                                     where e.destination = d.destination and e.source = d.source
                                       and e.ordering_key = d.ordering_key and e.seq < d.seq
                                       and (e.blocks or (e.state in ('due', 'leased') and not e.replay))))
              order by d.priority, d.due_at, d.seq limit $2 for update of d skip locked
           ), sized as (
             select p.stored_day, p.id, row_number() over in_order as place,
                    sum(octet_length(e.body)) over in_order as bytes
               from picked p join events e on e.stored_day = p.stored_day and e.seq = p.seq
             window in_order as (order by p.priority, p.due_at, p.seq)
           ), leased as (
             update deliveries d
                set state = 'leased', lease_id = $3, lease_until = clock_timestamp() + $4 * interval '1 millisecond'
               from sized s
              where d.stored_day = s.stored_day and d.id = s.id and (s.place = 1 or s.bytes <= $5)
           returning d.*
           )
           select l.id, l.stored_day::text as "storedDay", l.lease_id as "leaseId", l.event_id as "eventId", l.source,
                  l.route, l.tries, l.replay, e.key_id as "keyId", e.meta, e.body
             from leased l join events e on e.stored_day = l.stored_day and e.seq = l.seq
            order by l.priority, l.due_at, l.seq`,
    values: [request.destination, request.limit, request.leaseId, request.leaseMs, request.maxBytes],
  });
  return result.rows;
}

/** Which of the destinations have something due. */
export async function findDueDestinations(
  queryable: Pick<Pool, 'query'>,
  names: readonly string[],
): Promise<readonly string[]> {
  const result = await queryable.query<{ name: string }>({
    name: 'deliveries-due-destinations',
    text: `select name from unnest($1::text[]) name
            where exists (select from deliveries d
                           where d.destination = name and d.state = 'due' and d.due_at <= clock_timestamp())`,
    values: [names],
  });
  return result.rows.map(row => row.name);
}

/** One attempt as it is kept: bounded, and without a byte of the request. */
export interface AttemptRecord {
  /** ISO time. */
  readonly at: string;
  /** null: nobody knows (interrupted). */
  readonly ms: number | null;
  readonly outcome: 'delivered' | 'retry' | 'park' | 'hold' | 'interrupted';
  readonly status: number | null;
  readonly error: string | null;
  readonly excerpt: string | null;
}

/** What became of a leased delivery; written only while the lease is still the caller's. */
export interface DeliveryOutcome {
  readonly id: string;
  readonly storedDay: string;
  readonly leaseId: string;
  readonly state: 'delivered' | 'due' | 'parked';
  /** For `due`: when, from now. */
  readonly afterMs: number;
  /** Only a recorded outcome uses up the schedule; a hold does not. */
  readonly countsAsTry: boolean;
  readonly parkReason: string | null;
  /** Parked, it holds the later deliveries of its key; means nothing for one that stands outside the order. */
  readonly blocks: boolean;
  readonly attempt: AttemptRecord | null;
}

/** Writes outcomes and returns the ids that were still leased as named: of the others somebody else decides. */
export async function recordOutcomes(
  queryable: Pick<Pool, 'query'>,
  outcomes: readonly DeliveryOutcome[],
): Promise<ReadonlySet<string>> {
  const result = await queryable.query<{ id: string }>({
    name: 'deliveries-outcome',
    text: `update deliveries d
              set state = o.state, lease_id = null, lease_until = null,
                  due_at = case when o.state = 'due' then clock_timestamp() + o.after_ms * interval '1 millisecond'
                                else d.due_at end,
                  tries = d.tries + o.counted,
                  attempts = case when o.attempt is null then d.attempts
                                  when jsonb_array_length(d.attempts) >= ${MAX_KEPT_ATTEMPTS}
                                  then (d.attempts - 0) || o.attempt else d.attempts || o.attempt end,
                  park_reason = o.park_reason,
                  blocks = (o.blocks and ${MAY_BLOCK}) or (d.blocks and o.state = 'due'),
                  finished_at = case when o.state = 'due' then null else clock_timestamp() end
             from unnest($1::date[], $2::uuid[], $3::uuid[], $4::text[], $5::float8[], $6::int[], $7::text[], $8::bool[],
                         $9::jsonb[])
               as o (stored_day, id, lease_id, state, after_ms, counted, park_reason, blocks, attempt)
            where d.stored_day = o.stored_day and d.id = o.id and d.lease_id = o.lease_id and d.state = 'leased'
        returning d.id`,
    values: [
      outcomes.map(o => o.storedDay),
      outcomes.map(o => o.id),
      outcomes.map(o => o.leaseId),
      outcomes.map(o => o.state),
      outcomes.map(o => o.afterMs),
      outcomes.map(o => (o.countsAsTry ? 1 : 0)),
      outcomes.map(o => o.parkReason),
      outcomes.map(o => o.blocks),
      outcomes.map(o => (o.attempt === null ? null : JSON.stringify(o.attempt))),
    ],
  });
  return new Set(result.rows.map(row => row.id));
}

export interface SweptLeases {
  readonly interrupted: number;
  readonly parked: number;
}

/**
 * Takes back leases that ended without an outcome: recorded as interrupted and tried again; the tenth parks, and holds
 * its key where the destination is one of those with `onPark: block`.
 */
export async function sweepExpiredLeases(
  queryable: Pick<Pool, 'query'>,
  blockingDestinations: readonly string[],
): Promise<SweptLeases> {
  const result = await queryable.query<{ state: string; count: number }>({
    name: 'deliveries-sweep',
    text: `with expired as (
             select stored_day, id from deliveries
              where state = 'leased'
                and (lease_until < clock_timestamp() or lease_until > clock_timestamp() + interval '${LONGEST_LEASE}')
              order by lease_until limit ${SWEEP_LIMIT} for update skip locked
           ), swept as (
             update deliveries d
                set state = case when interruptions + 1 >= ${MAX_INTERRUPTIONS} then 'parked' else 'due' end,
                    park_reason = case when interruptions + 1 >= ${MAX_INTERRUPTIONS} then 'interrupted' end,
                    finished_at = case when interruptions + 1 >= ${MAX_INTERRUPTIONS} then clock_timestamp() end,
                    blocks = blocks or (interruptions + 1 >= ${MAX_INTERRUPTIONS} and destination = any($1::text[])
                                        and ${MAY_BLOCK}),
                    due_at = clock_timestamp(), lease_id = null, lease_until = null, interruptions = interruptions + 1,
                    attempts = (case when jsonb_array_length(attempts) >= ${MAX_KEPT_ATTEMPTS} then attempts - 0
                                     else attempts end)
                               || jsonb_build_object('at', to_json(clock_timestamp())#>>'{}', 'ms', null,
                                    'outcome', 'interrupted', 'status', null, 'error', 'interrupted', 'excerpt', null)
               from expired where d.stored_day = expired.stored_day and d.id = expired.id
             returning d.state
           )
           select state, count(*)::int as count from swept group by state`,
    values: [blockingDestinations],
  });
  const countOf = (state: string) => result.rows.find(row => row.state === state)?.count ?? 0;
  return { interrupted: countOf('due') + countOf('parked'), parked: countOf('parked') };
}
