import type { Pool } from 'pg';
import type { Lease } from './deliveries.ts';
import { type DeliveryEdit, readEdits } from './delivery-edits.ts';
import { readDayEvents } from './stored-events.ts';

/** What is due of one tenant and priority at a destination: claims go by these (H5). */
export interface DueFlow {
  readonly destination: string;
  readonly tenant: string;
  readonly priority: 'normal' | 'high';
}

export interface DueWork {
  readonly flows: readonly DueFlow[];
  /** Destinations with a replay that is due. */
  readonly replays: readonly string[];
}

const DUE = "d.state = 'due' and not d.replay";
const DUE_REPLAY = "d.state = 'due' and d.replay";

/**
 * What these destinations have that is due. One or two looks into the index for each tenant that has something to come, however
 * much that is: it jumps from flow to flow. Many flows of one destination are listed after the first of each.
 */
export async function findDue(queryable: Pick<Pool, 'query'>, names: readonly string[]): Promise<DueWork> {
  const result = await queryable.query<{
    destination: string;
    tenant: string | null;
    priority: DueFlow['priority'] | null;
  }>({
    name: 'deliveries-due-flows',
    text: `with recursive flow (destination, tenant, priority) as (
             select f.* from unnest($1::text[]) as n (name) cross join lateral (
               select d.destination, d.tenant, d.priority from deliveries d
                where d.destination = n.name and ${DUE} order by d.tenant, d.priority limit 1) f
             union all
             select n.* from flow cross join lateral (
               select d.destination, d.tenant, d.priority from deliveries d
                where d.destination = flow.destination and ${DUE} and (d.tenant, d.priority) > (flow.tenant, flow.priority)
                order by d.tenant, d.priority limit 1) n
           )
           select flow.* from flow cross join lateral (
             select from deliveries d
              where d.destination = flow.destination and d.tenant = flow.tenant and d.priority = flow.priority
                and ${DUE} and d.due_at <= now() order by d.due_at limit 1) one
           union all
           select name, null, null from unnest($1::text[]) as n (name) cross join lateral (
             select from deliveries d
              where d.destination = name and ${DUE_REPLAY} and d.due_at <= now() order by d.due_at limit 1) one`,
    values: [names],
  });
  const flows: DueFlow[] = [];
  const replays: string[] = [];
  for (const { destination, tenant, priority } of result.rows) {
    if (tenant === null || priority === null) replays.push(destination);
    else flows.push({ destination, tenant, priority });
  }
  return { flows, replays };
}

/** So many of a flow at most; flows are served in the order given. */
export interface ClaimFlow extends Pick<DueFlow, 'tenant' | 'priority'> {
  readonly quota: number;
}

export interface ClaimRequest extends Lease {
  readonly destination: string;
  readonly limit: number;
  /** Of the bodies together, but for a single larger one: the caller holds them in memory. */
  readonly maxBytes: number;
  /** 'replays': what a person sends again. */
  readonly from: readonly ClaimFlow[] | 'replays';
}

/** A delivery that is leased to the caller, with all that an attempt needs. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly leaseId: string;
  readonly eventId: string;
  readonly source: string;
  readonly tenant: string;
  readonly route: string;
  readonly priority: 'normal' | 'high';
  readonly tries: number;
  readonly replay: boolean;
  /** Its route had a transform when it was stored; null: not known. */
  readonly transforms: boolean | null;
  /** Others of its key wait behind it, as far as was known then. */
  readonly followed: boolean;
  /** For so long it was due. */
  readonly waitedMs: number;
  /** When its last attempt on record was, as text; null: there is none. With the one before it, it tells this attempt from all others. */
  readonly lastAt?: string | null;
  readonly lastButOneAt?: string | null;
  /** One of those on record failed, was interrupted, or answered that the destination is gone. */
  readonly hasFailed?: boolean;
  /** More was found with it, whose bodies would have gone over the bound of the claim. */
  readonly isCut?: boolean;
  readonly keyId: string;
  /** Empty where the event is not there. */
  readonly meta: Uint8Array;
  readonly body: Uint8Array;
  /** The body is a person's, under a key of its own, and not the event's. */
  readonly edit?: Pick<DeliveryEdit, 'n' | 'keyId'>;
}

interface LeasedRow extends Omit<ClaimedDelivery, 'keyId' | 'meta' | 'body' | 'edit'> {
  readonly storedDay: string;
  readonly seq: string;
}

/**
 * Leases the next due deliveries of a destination (H5): flow by flow, each in the order of its times. It reads as many rows as
 * it may lease, whatever else is scheduled, waits, or is parked. Only then their bodies are read.
 */
export async function claimDue(
  queryable: Pick<Pool, 'query'>,
  request: ClaimRequest,
): Promise<readonly ClaimedDelivery[]> {
  const rows =
    request.from === 'replays'
      ? await leaseReplays(queryable, request)
      : await leaseFlows(queryable, request);
  if (rows.length === 0) return [];
  try {
    const events = await readEvents(queryable, rows);
    // What was edited was sent again: live work is not looked through for it.
    const ids = request.from === 'replays' ? rows.map(row => row.id) : [];
    const edits = ids.length === 0 ? NO_EDITS : await readEdits(queryable, ids);
    return rows.map(({ storedDay, seq, ...row }) => ({
      ...row,
      ...(events.get(placeOf({ storedDay, seq })) ?? MISSING),
      ...edited(edits.get(row.id)),
    }));
  } catch (error) {
    await giveBack(queryable, rows).catch(() => undefined); // then their leases end by themselves
    throw error;
  }
}

const NO_EDITS: ReadonlyMap<string, DeliveryEdit> = new Map();

function edited(edit: DeliveryEdit | undefined): Partial<Pick<ClaimedDelivery, 'body' | 'edit'>> {
  return edit === undefined ? {} : { body: edit.body, edit: { n: edit.n, keyId: edit.keyId } };
}

const MISSING = { keyId: 'none', meta: Buffer.alloc(0), body: Buffer.alloc(0) };

/** `now()`, not the clock: a stable function can be a condition of the index, and only then what is scheduled is not read. */
async function leaseFlows(
  queryable: Pick<Pool, 'query'>,
  request: ClaimRequest,
): Promise<readonly LeasedRow[]> {
  const flows = request.from === 'replays' ? [] : request.from;
  const result = await queryable.query<LeasedRow>({
    name: 'deliveries-claim',
    text: leaseText(
      `select n.* from unnest($6::text[], $7::text[], $8::int[]) with ordinality as f (tenant, priority, quota, flow)
         cross join lateral (
           select d.id, f.flow, d.due_at, d.seq, d.body_bytes from deliveries d
            where d.destination = $1 and d.tenant = f.tenant and d.priority = f.priority and ${DUE} and d.due_at <= now()
            order by d.due_at, d.seq limit f.quota for update skip locked) n`,
    ),
    values: [
      ...leaseValues(request),
      flows.map(flow => flow.tenant),
      flows.map(flow => flow.priority),
      flows.map(flow => flow.quota),
    ],
  });
  return result.rows;
}

async function leaseReplays(
  queryable: Pick<Pool, 'query'>,
  request: ClaimRequest,
): Promise<readonly LeasedRow[]> {
  const result = await queryable.query<LeasedRow>({
    name: 'deliveries-claim-replays',
    text: leaseText(
      `select d.id, 0 as flow, d.due_at, d.seq, d.body_bytes from deliveries d
        where d.destination = $1 and ${DUE_REPLAY} and d.due_at <= now()
        order by d.due_at, d.seq limit $2 for update skip locked`,
    ),
    values: leaseValues(request),
  });
  return result.rows;
}

/** A hold without an answer says nothing of the destination. */
const A_FAILURE =
  '$[*] ? (@.outcome == "retry" || @.outcome == "park" || @.outcome == "interrupted" || (@.outcome == "hold" && @.status != null))';

/**
 * Leases of what `picked` has locked as much as the request allows. The ids go through an array, so that no plan joins the whole
 * table with them.
 */
function leaseText(picked: string): string {
  return `with picked as (${picked}),
          sized as (
            select id, row_number() over in_order as place, sum(body_bytes) over in_order as bytes from picked
            window in_order as (order by flow, due_at, seq)
          ), leased as (
            update deliveries d
               set state = 'leased', lease_id = $3, lease_until = clock_timestamp() + $4::int * interval '1 millisecond'
             where d.id = any(array(select id from sized where place <= $2 and (place = 1 or bytes <= $5::bigint)))
            returning d.*
          )
          select l.id, l.stored_day::text as "storedDay", l.seq, l.lease_id as "leaseId", l.event_id as "eventId", l.source,
                 l.tenant, l.route, l.priority, l.tries, l.replay, l.followed, l.transforms,
                 greatest(0, extract(epoch from clock_timestamp() - l.due_at) * 1000)::float8 as "waitedMs",
                 l.attempts -> -1 ->> 'at' as "lastAt",
                 coalesce(l.attempts -> -1 ->> 'previousAt', l.attempts -> -2 ->> 'at') as "lastButOneAt",
                 jsonb_path_exists(l.attempts, '${A_FAILURE}') as "hasFailed",
                 count(*) over () < (select count(*) from sized) as "isCut"
            from leased l join sized s on s.id = l.id order by s.place`;
}

function leaseValues(request: ClaimRequest): unknown[] {
  return [request.destination, request.limit, request.leaseId, request.leaseMs, request.maxBytes];
}

interface Place {
  readonly storedDay: string;
  readonly seq: string;
}

const placeOf = ({ storedDay, seq }: Place): string => `${storedDay}/${seq}`;

interface SealedEvent {
  readonly keyId: string;
  readonly meta: Uint8Array;
  readonly body: Uint8Array;
}

async function readEvents(
  queryable: Pick<Pool, 'query'>,
  places: readonly Place[],
): Promise<ReadonlyMap<string, SealedEvent>> {
  const found = new Map<string, SealedEvent>();
  for (const [storedDay, ofDay] of Map.groupBy(places, place => place.storedDay)) {
    const rows = await readDayEvents<SealedEvent & { readonly seq: string }>(
      queryable,
      'seq, key_id as "keyId", meta, body',
      storedDay,
      ofDay.map(place => place.seq),
    );
    for (const { seq, ...event } of rows) found.set(placeOf({ storedDay, seq }), event);
  }
  return found;
}

/** Nobody can make an attempt of these: they are due as before, and no interruption is counted. */
async function giveBack(queryable: Pick<Pool, 'query'>, rows: readonly LeasedRow[]): Promise<void> {
  await queryable.query(
    `update deliveries d set state = 'due', lease_id = null, lease_until = null
       from (select id from deliveries where id = any($1::uuid[]) and state = 'leased' and lease_id = $2
              order by destination, source, ordering_key, id for update) held -- (H3)
      where d.id = held.id`,
    [rows.map(row => row.id), rows[0]?.leaseId],
  );
}
