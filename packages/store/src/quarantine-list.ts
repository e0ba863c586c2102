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
  /** The newest first. */
  readonly records: readonly QuarantinedRecord[];
}

export async function listQuarantined(
  queryable: Pick<Pool, 'query'>,
  options: { limit: number },
): Promise<QuarantineList> {
  const counted = await queryable.query<{ total: number }>('select count(*)::int as total from quarantine');
  const listed = await queryable.query<QuarantinedRecord>(
    `select id::text, origin, reason, quarantined_at as "quarantinedAt"
       from quarantine order by id desc limit $1`,
    [options.limit],
  );
  return { total: counted.rows[0]?.total ?? 0, records: listed.rows };
}
