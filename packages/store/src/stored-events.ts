import type { Pool, QueryResultRow } from 'pg';

/**
 * Columns of a day's events, by their places. What is not in `events` any more is in `kept_events` (T1), and is looked for there
 * afterwards, so that a day that goes between both looks costs nothing. A day that is known when it is planned is the only
 * partition that a statement locks: neither is named.
 */
export async function readDayEvents<Row extends QueryResultRow & { readonly seq: string }>(
  queryable: Pick<Pool, 'query'>,
  columns: string,
  day: string,
  seqs: readonly string[],
): Promise<readonly Row[]> {
  const read = async (table: 'events' | 'kept_events', wanted: readonly string[]) => {
    const text = `select ${columns} from ${table} where stored_day = $1::date and seq = any($2::bigint[])`;
    return (await queryable.query<Row>(text, [day, wanted])).rows;
  };
  const rows = await read('events', seqs);
  const found = new Set(rows.map(row => row.seq));
  const missing = seqs.filter(seq => !found.has(seq));
  return missing.length === 0 ? rows : [...rows, ...(await read('kept_events', missing))];
}
