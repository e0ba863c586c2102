/**
 * Totals of minutes (`source_totals`, `delivery_totals`): added by each process from its own counters, read by the console.
 *
 * MT1. They cost storing and answering nothing: counted in memory, added once a minute, in a statement of their own.
 * MT2. They are about right. A process that is killed has not told its last minute; what was added by a statement whose end is not
 *      known is added once more.
 * MT3. So many rows a minute as there are sources, and sources × destinations with work; folded into ten minutes and hours as they
 *      age, and gone after KEPT_DAYS.
 */
import type { Pool } from 'pg';
import { ACK_BUCKETS } from './ack-buckets.ts';

export interface SourceTotals {
  readonly source: string;
  readonly tenant: string;
  readonly acceptedKafka: number;
  readonly acceptedInbox: number;
  readonly acceptedSpool: number;
  /** By the buckets of ack-buckets.ts; empty: none. */
  readonly acks: readonly number[];
  readonly storedKafka: number;
  readonly storedInbox: number;
}

export interface DeliveryTotals {
  readonly source: string;
  readonly tenant: string;
  readonly destination: string;
  readonly delivered: number;
  readonly failed: number;
  readonly parked: number;
}

/** What one process counted in one minute. */
export interface MinuteTotals {
  readonly sources: readonly SourceTotals[];
  readonly deliveries: readonly DeliveryTotals[];
}

export const KEPT_DAYS = 30;

const SUMS = ['accepted_kafka', 'accepted_inbox', 'accepted_spool', 'stored_kafka', 'stored_inbox'] as const;
const DELIVERY_SUMS = ['delivered', 'failed', 'parked'] as const;
const places = Array.from({ length: ACK_BUCKETS }, (_, place) => place + 1);

const added = (columns: readonly string[]) =>
  columns.map(column => `${column} = known.${column} + excluded.${column}`).join(', ');

/** Place by place, also where one of the two has none. */
const ADDED_ACKS = `acks = (select coalesce(array_agg(coalesce(a, 0) + coalesce(b, 0) order by n), '{}')
  from unnest(known.acks, excluded.acks) with ordinality both_of (a, b, n))`;
const onSource = `on conflict (at, source, tenant) do update set ${added(SUMS)}, ${ADDED_ACKS}`;
const onDelivery = `on conflict (at, source, tenant, destination) do update set ${added(DELIVERY_SUMS)}`;

/** Adds what was counted in the minute that began at `at`. In the order of the keys, so that two processes never wait in a circle. */
export async function addTotals(
  queryable: Pick<Pool, 'query'>,
  at: Date,
  { sources, deliveries }: MinuteTotals,
): Promise<void> {
  if (sources.length > 0)
    await queryable.query(
      `insert into source_totals as known (at, source, tenant, acks, ${SUMS.join(', ')})
       select $1::timestamptz, source, tenant, acks, "acceptedKafka", "acceptedInbox", "acceptedSpool", "storedKafka", "storedInbox"
         from json_to_recordset($2::json) as told (source text, tenant text, acks bigint[], "acceptedKafka" bigint,
              "acceptedInbox" bigint, "acceptedSpool" bigint, "storedKafka" bigint, "storedInbox" bigint)
        order by source, tenant ${onSource}`,
      [at, JSON.stringify(sources)],
    );
  if (deliveries.length > 0)
    await queryable.query(
      `insert into delivery_totals as known (at, source, tenant, destination, ${DELIVERY_SUMS.join(', ')})
       select $1::timestamptz, source, tenant, destination, ${DELIVERY_SUMS.join(', ')}
         from json_to_recordset($2::json) as told (source text, tenant text, destination text, delivered bigint, failed bigint, parked bigint)
        order by source, tenant, destination ${onDelivery}`,
      [at, JSON.stringify(deliveries)],
    );
}

/** SQL: the beginning of the `grain` (SQL: an interval) that a time is in. */
const binned = (grain: string, at: string) => `date_bin(${grain}, ${at}, 'epoch'::timestamptz)`;

/** Folded once it is older than `after`; `from` a little more than that which the console reads in a finer grain. */
export interface Fold {
  readonly grain: '10 minutes' | '1 hour';
  readonly after: string;
}

export const FOLDS: readonly Fold[] = [
  { grain: '10 minutes', after: '7 hours' },
  { grain: '1 hour', after: '3 days' },
];

/** Adds rows between the two times (PostgreSQL's words; the later one on the grid of the grain) up, and puts one in their place. */
export async function foldTotals(
  queryable: Pick<Pool, 'query'>,
  { grain }: Fold,
  { from, until }: { readonly from: Date; readonly until: Date },
): Promise<void> {
  const values = [from, until, grain];
  const gone = (table: string) =>
    `gone as (delete from ${table} where at >= $1 and at < $2 and at <> ${binned('$3::interval', 'at')} returning *)`;
  const acks = places.map(place => `coalesce(sum(acks[${place}]), 0)`).join(', ');
  const sums = (columns: readonly string[]) => columns.map(column => `sum(${column})`).join(', ');
  await queryable.query(
    `with ${gone('source_totals')}
     insert into source_totals as known (at, source, tenant, acks, ${SUMS.join(', ')})
     select ${binned('$3::interval', 'at')}, source, tenant,
            case when max(cardinality(acks)) = 0 then '{}' else array[${acks}]::bigint[] end, ${sums(SUMS)}
       from gone group by 1, 2, 3 order by 1, 2, 3 ${onSource}`,
    values,
  );
  await queryable.query(
    `with ${gone('delivery_totals')}
     insert into delivery_totals as known (at, source, tenant, destination, ${DELIVERY_SUMS.join(', ')})
     select ${binned('$3::interval', 'at')}, source, tenant, destination, ${sums(DELIVERY_SUMS)}
       from gone group by 1, 2, 3, 4 order by 1, 2, 3, 4 ${onDelivery}`,
    values,
  );
}

/** Returns how many rows are gone. */
export async function sweepTotals(queryable: Pick<Pool, 'query'>): Promise<number> {
  let removed = 0;
  for (const table of ['source_totals', 'delivery_totals'] as const) {
    const { rowCount } = await queryable.query(
      `delete from ${table} where at < now() - interval '${KEPT_DAYS} days'`,
    );
    removed += rowCount ?? 0;
  }
  return removed;
}

/** When a fold goes to: by PostgreSQL's clock, on the grid. */
export async function foldEdge(
  queryable: Pick<Pool, 'query'>,
  { grain, after }: Fold,
): Promise<{ readonly from: Date; readonly until: Date }> {
  const { rows } = await queryable.query<{ from: Date; until: Date }>(
    `select now() - interval '${KEPT_DAYS} days' as "from", ${binned('$1::interval', 'now() - $2::interval')} as until`,
    [grain, after],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('a time without a row');
  return row;
}
