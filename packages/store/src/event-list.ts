import type { Pool } from 'pg';
import type { EventPlace } from './event-places.ts';
import type { Routing, Tier } from './events.ts';

export interface ListedDelivery {
  readonly id: string;
  readonly route: string;
  readonly destination: string;
  readonly state: 'waiting' | 'due' | 'leased' | 'delivered' | 'parked' | 'discarded';
  readonly tries: number;
  /** ISO times. */
  readonly dueAt: string;
  readonly finishedAt: string | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
}

export interface ListedEvent extends EventPlace {
  readonly id: string;
  readonly source: string;
  readonly tenant: string;
  readonly provider: string;
  readonly type: string;
  readonly dedupKey: string;
  readonly orderingKey: string | null;
  readonly receivedAt: Date;
  readonly storedAt: Date;
  readonly tier: Tier;
  readonly routing: Routing;
  readonly bodyBytes: number;
  readonly deliveries: readonly ListedDelivery[];
}

export interface ListOptions {
  readonly limit: number;
  readonly source?: string;
}

const newestOf = (table: 'events' | 'kept_events') =>
  `(select * from ${table} where ($2::text is null or source = $2) order by stored_day desc, seq desc limit $1)`;

/** One that was routed while it was copied to `kept_events` says there that it was not; who waits is known all the same. */
const ROUTING = `
  case when e.routing <> 'unrouted' or exists (select from unrouted_events u where u.source = e.source and u.seq = e.seq)
         then e.routing
       when of_event.deliveries = '[]' then 'unmatched'
       else 'routed' end`;

/** Of events `e` (SQL: a table, or a query of its rows). */
const listed = (events: string) => `
  select e.seq, e.stored_day::text as "storedDay", e.id, e.source, e.tenant, e.provider, e.type, e.dedup_key as "dedupKey",
         e.ordering_key as "orderingKey", e.received_at as "receivedAt", e.stored_at as "storedAt", e.tier, ${ROUTING} as routing,
         length(e.body) as "bodyBytes", of_event.deliveries
    from ${events} e
   cross join lateral (
     select coalesce(jsonb_agg(jsonb_build_object(
                       'id', d.id, 'route', d.route, 'destination', d.destination, 'state', d.state, 'tries', d.tries,
                       'dueAt', d.due_at, 'finishedAt', d.finished_at,
                       'lastStatus', d.attempts -> -1 -> 'status', 'lastError', d.attempts -> -1 -> 'error')
                       order by d.route), '[]') as deliveries
       from all_deliveries d where d.event_id = e.id and d.stored_day = e.stored_day) of_event`;

/** Events with their deliveries, the newest first. While a day is being dropped, what is kept of it is in both tables. */
export async function listEvents(
  queryable: Pick<Pool, 'query'>,
  options: ListOptions,
): Promise<readonly ListedEvent[]> {
  const newest = `(select distinct on (stored_day, seq) * from (${newestOf('events')} union all ${newestOf('kept_events')}) both_tables
                    order by stored_day desc, seq desc limit $1)`;
  const result = await queryable.query<ListedEvent>(
    `${listed(newest)} order by e.stored_day desc, e.seq desc`,
    [options.limit, options.source ?? null],
  );
  return result.rows;
}

/** The events at these places, in their order. One that is gone meanwhile is left out. */
export async function listEventsAt(
  queryable: Pick<Pool, 'query'>,
  places: readonly EventPlace[],
): Promise<readonly ListedEvent[]> {
  if (places.length === 0) return [];
  const at = (table: 'events' | 'kept_events') =>
    `select * from ${table} where stored_day = p.stored_day and seq = p.seq`;
  const result = await queryable.query<ListedEvent>({
    name: 'events-at', // planned once: that takes longer than to run it
    text: `${listed(`(select found.*, p.n from unnest($1::date[], $2::bigint[]) with ordinality p (stored_day, seq, n)
                 cross join lateral (select * from (${at('events')} union all ${at('kept_events')}) kept limit 1) found)`)}
      order by e.n`,
    values: [places.map(({ storedDay }) => storedDay), places.map(({ seq }) => seq)],
  });
  return result.rows;
}
