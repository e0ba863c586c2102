// All SQL of the bench that knows a table of the store: a change of the schema is a change of this file alone.
import type { EnvelopeMeta } from '@ackline/shared/envelope';
import type { Pool } from 'pg';

type Queryable = Pick<Pool, 'query'>;

/** Of the route of the million's rows, and of no configured one: nobody delivers them. */
const MILLION_ROUTE = 'million';
const MILLION_ROWS_A_STATEMENT = 50_000;
/** Short: the rows count here, not their bytes. */
const MILLION_BODY_BYTES = 100;

/** The greatest place in the order that was given, also to what is not committed yet: cheap enough to be asked all the time. */
export async function lastSeq(queryable: Queryable): Promise<number> {
  return number(queryable, 'select case when is_called then last_value else 0 end as value from event_seq');
}

/** Events that are committed, behind this place. */
export async function countEvents(queryable: Queryable, afterSeq: number): Promise<number> {
  return number(
    queryable,
    `select count(*) as value from events
      where stored_day >= (now() at time zone 'utc')::date - 1 and seq > $1`,
    [afterSeq],
  );
}

/** Deliveries that have not come to an end, the million's apart. */
export async function countUnfinished(queryable: Queryable): Promise<number> {
  return number(
    queryable,
    `select count(*) as value from deliveries where state in ('waiting', 'due', 'leased') and route <> '${MILLION_ROUTE}'`,
  );
}

/** A transaction that stored events. */
export interface StoredBatchRow {
  /** When it began, in milliseconds of the database's clock. */
  readonly beganMs: number;
  readonly events: number;
}

/** In the order in which they began; `stored_at` is the time of the transaction. */
export async function storedBatches(
  queryable: Queryable,
  afterSeq: number,
): Promise<readonly StoredBatchRow[]> {
  const { rows } = await queryable.query<StoredBatchRow>(
    `select (extract(epoch from stored_at) * 1000)::float8 as "beganMs", count(*)::int as events from events
      where stored_day >= (now() at time zone 'utc')::date - 1 and seq > $1 group by stored_at order by stored_at`,
    [afterSeq],
  );
  return rows;
}

export async function databaseNowMs(queryable: Queryable): Promise<number> {
  return number(queryable, 'select extract(epoch from clock_timestamp()) * 1000 as value');
}

export interface BareRow {
  readonly meta: EnvelopeMeta;
  /** As the processor stores it. */
  readonly sealedMeta: Uint8Array;
  readonly body: Uint8Array;
}

/**
 * What the processor writes for a batch, by the barest statement that writes it: one transaction, nothing is looked up. So all
 * deliveries wait: which of them is the first of its key would have to be asked.
 */
export async function insertBare(
  queryable: Queryable,
  rows: readonly BareRow[],
  target: { readonly route: string; readonly destination: string },
): Promise<void> {
  await queryable.query({
    name: 'bare-insert',
    text: `with given as (
             select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                                  $8::float8[], $9::bytea[], $10::bytea[])
                      as g (id, source, tenant, provider, type, dedup_key, ordering_key, received_ms, meta, body)
           ), keys as (
             insert into event_keys (source, dedup_key, event_id) select source, dedup_key, id from given
           ), stored as (
             insert into events (seq, id, source, tenant, provider, type, dedup_key, ordering_key, received_at, priority,
                                 tier, routing, key_id, meta, body)
             select nextval('event_seq'), id, source, tenant, provider, type, dedup_key, ordering_key,
                    to_timestamp(received_ms / 1000.0), 'normal', 'kafka', 'routed', 'none', meta, body
               from given
             returning stored_day, seq, id, source, tenant, ordering_key, octet_length(body) as body_bytes
           )
           insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, ordering_key,
                                   priority, state, body_bytes)
           select gen_random_uuid(), stored_day, seq, id, source, tenant, $11, $12, ordering_key, 'normal', 'waiting',
                  body_bytes
             from stored`,
    values: [
      rows.map(({ meta }) => meta.id),
      rows.map(({ meta }) => meta.source),
      rows.map(({ meta }) => meta.tenant),
      rows.map(({ meta }) => meta.provider),
      rows.map(({ meta }) => meta.type),
      rows.map(({ meta }) => meta.dedupKey),
      rows.map(({ meta }) => meta.orderingKey),
      rows.map(({ meta }) => meta.receivedAt),
      rows.map(({ sealedMeta }) => sealedMeta),
      rows.map(({ body }) => body),
      target.route,
      target.destination,
    ],
  });
}

/** Rows that no claim may take: one half parked, one half scheduled for later, each of a key of its own. */
export async function fillWithWaiting(
  queryable: Queryable,
  options: { readonly rows: number; readonly destination: string; readonly source: string },
): Promise<void> {
  for (let from = 0; from < options.rows; from += MILLION_ROWS_A_STATEMENT) {
    const to = Math.min(from + MILLION_ROWS_A_STATEMENT, options.rows) - 1;
    await queryable.query(
      `with given as (
         select n, gen_random_uuid() as id from generate_series($1::int, $2::int) n
       ), keys as (
         insert into event_keys (source, dedup_key, event_id) select $3, 'million-' || n, id from given
       ), stored as (
         insert into events (seq, id, source, tenant, provider, type, dedup_key, ordering_key, received_at, priority, tier,
                             routing, key_id, meta, body)
         select nextval('event_seq'), id, $3, 'default', 'telegram', 'message', 'million-' || n, 'million-' || n, now(),
                'normal', 'kafka', 'routed', 'none', '\\x7b7d', decode(repeat('78', ${MILLION_BODY_BYTES}), 'hex')
           from given
         returning stored_day, seq, id, ordering_key
       )
       insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, ordering_key, priority,
                               state, due_at, park_reason, finished_at)
       select gen_random_uuid(), stored_day, seq, id, $3, 'default', '${MILLION_ROUTE}', $4, ordering_key, 'normal',
              case when seq % 2 = 0 then 'parked' else 'due' end,
              case when seq % 2 = 0 then now() else now() + interval '1 hour' + seq * interval '10 milliseconds' end,
              case when seq % 2 = 0 then 'exhausted' end, case when seq % 2 = 0 then now() end
         from stored`,
      [from, to, options.source, options.destination],
    );
  }
  await settle(queryable);
}

/** Deletes what a round has left, so that the next one finds the database as this one did. */
export async function clearRound(queryable: Queryable): Promise<void> {
  await queryable.query(`delete from deliveries where route <> '${MILLION_ROUTE}'`);
  await queryable.query('delete from finished_deliveries');
  await settle(queryable);
}

/** As autovacuum leaves them: without it PostgreSQL plans by what it knew of an empty table. */
export async function settle(queryable: Queryable): Promise<void> {
  await queryable.query('vacuum analyze deliveries');
  await queryable.query('analyze events, event_keys');
}

async function number(queryable: Queryable, text: string, values: readonly unknown[] = []): Promise<number> {
  const { rows } = await queryable.query<{ value: string }>(text, [...values]);
  return Number(rows[0]?.value);
}
