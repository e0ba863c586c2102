import type { Pool } from 'pg';

/** A record of a log that could not be stored as an event; its bytes are kept and never listed. */
export interface QuarantinedRecord {
  readonly id: string;
  /** Where it was read: the place in the log. */
  readonly origin: string;
  readonly reason: string;
  readonly quarantinedAt: Date;
}

export interface QuarantineList {
  /** Of all, also those that are not listed. */
  readonly total: number;
  /** `total` is where counting ended: there are at least so many. */
  readonly hasMore: boolean;
  /** The newest first. */
  readonly records: readonly QuarantinedRecord[];
}

/** Who sees that there are so many needs no more of a number, and a page asks every few seconds. */
const MAX_COUNTED = 10_000;

/** atMost: where counting ends. */
export async function listQuarantined(
  queryable: Pick<Pool, 'query'>,
  { limit, atMost = MAX_COUNTED }: { readonly limit: number; readonly atMost?: number },
): Promise<QuarantineList> {
  const counted = await queryable.query<{ total: number }>(
    'select count(*)::int as total from (select from quarantine order by id limit $1) first',
    [atMost + 1],
  );
  const listed = await queryable.query<QuarantinedRecord>(
    `select id::text, origin, reason, quarantined_at as "quarantinedAt"
       from quarantine order by id desc limit $1`,
    [limit],
  );
  const total = counted.rows[0]?.total ?? 0;
  return { total: Math.min(total, atMost), hasMore: total > atMost, records: listed.rows };
}
