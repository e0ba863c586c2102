import type { Pool } from 'pg';
import { ACK_BUCKETS } from './ack-buckets.ts';

/** Which rows of the totals are added up, and how finely. */
export interface HistorySearch {
  readonly since: Date;
  /** On the grid of the rows that are that old: see FOLDS. */
  readonly stepS: number;
  /** null: all. */
  readonly tenant: string | null;
}

/** Of the events that came between `at` and the next point. */
export interface SourcePoint {
  readonly at: Date;
  readonly acceptedKafka: number;
  readonly acceptedInbox: number;
  readonly acceptedSpool: number;
  readonly storedKafka: number;
  readonly storedInbox: number;
  /** Answers by bucket (ack-buckets.ts). */
  readonly acks: readonly number[];
}

export interface DeliveryPoint {
  readonly at: Date;
  readonly delivered: number;
  readonly failed: number;
  readonly parked: number;
}

export interface RatedSource {
  readonly source: string;
  readonly tenant: string;
  readonly points: readonly { readonly at: string; readonly accepted: number; readonly stored: number }[];
}

export interface DestinationTotals {
  readonly destination: string;
  readonly delivered: number;
  readonly failed: number;
  readonly parked: number;
}

/** More lines than one can tell apart; the rest is known by what all have together. */
const NAMED_SOURCES = 20;
const NAMED_DESTINATIONS = 100;

const AT = "date_bin($2::float8 * interval '1 second', at, 'epoch'::timestamptz)";
const WHERE = 'at >= $1 and ($3::text is null or tenant = $3)';
const ACKS = Array.from(
  { length: ACK_BUCKETS },
  (_, place) => `coalesce(sum(acks[${place + 1}]), 0)::float8`,
).join(', ');

const valuesOf = ({ since, stepS, tenant }: HistorySearch) => [since, stepS, tenant];

/** Of all sources together, by time. */
export async function readSourcePoints(
  queryable: Pick<Pool, 'query'>,
  search: HistorySearch,
): Promise<readonly SourcePoint[]> {
  const { rows } = await queryable.query<SourcePoint>(
    `select ${AT} as at, sum(accepted_kafka)::float8 as "acceptedKafka", sum(accepted_inbox)::float8 as "acceptedInbox",
            sum(accepted_spool)::float8 as "acceptedSpool", sum(stored_kafka)::float8 as "storedKafka",
            sum(stored_inbox)::float8 as "storedInbox", array[${ACKS}] as acks
       from source_totals where ${WHERE} group by 1 order by 1`,
    valuesOf(search),
  );
  return rows;
}

/** Of the sources with the most, the busiest first, where something came. */
export async function readRatedSources(
  queryable: Pick<Pool, 'query'>,
  search: HistorySearch,
): Promise<readonly RatedSource[]> {
  const { rows } = await queryable.query<RatedSource>(
    `with point as (
       select source, tenant, ${AT} as at, sum(accepted_kafka + accepted_inbox + accepted_spool)::float8 as accepted,
              sum(stored_kafka + stored_inbox)::float8 as stored
         from source_totals where ${WHERE} group by 1, 2, 3)
     select source, tenant, jsonb_agg(jsonb_build_object('at', at, 'accepted', accepted, 'stored', stored) order by at) as points
       from point group by source, tenant order by sum(accepted) desc, sum(stored) desc, source limit ${NAMED_SOURCES}`,
    valuesOf(search),
  );
  return rows;
}

/** Of all destinations together by time, and of the whole time by destination, those with the most first: one look for both. */
export async function readDeliveryTotals(
  queryable: Pick<Pool, 'query'>,
  search: HistorySearch,
): Promise<{
  readonly points: readonly DeliveryPoint[];
  readonly destinations: readonly DestinationTotals[];
}> {
  const { rows } = await queryable.query<DeliveryRow>(
    `select point as at, destination, sum(delivered)::float8 as delivered, sum(failed)::float8 as failed, sum(parked)::float8 as parked
       from (select ${AT} as point, * from delivery_totals where ${WHERE}) totals
      group by grouping sets ((point), (destination)) order by point, sum(delivered) + sum(failed) desc, destination`,
    valuesOf(search),
  );
  const points = rows.flatMap(({ at, delivered, failed, parked }) =>
    at === null ? [] : [{ at, delivered, failed, parked }],
  );
  const destinations = rows.flatMap(({ at, destination, ...counts }) =>
    at === null && destination !== null ? [{ destination, ...counts }] : [],
  );
  return { points, destinations: destinations.slice(0, NAMED_DESTINATIONS) };
}

interface DeliveryRow extends Omit<DeliveryPoint, 'at'> {
  /** null: of the whole time. */
  readonly at: Date | null;
  /** null: of all. */
  readonly destination: string | null;
}
