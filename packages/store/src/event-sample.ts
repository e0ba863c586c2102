import type { Pool } from 'pg';

/** A stored event, sealed. */
export interface SampledEvent {
  readonly id: string;
  readonly keyId: string;
  readonly meta: Uint8Array;
  readonly body: Uint8Array;
}

export interface SampleOptions {
  readonly sinceMs: number;
  /** Events at most. */
  readonly limit: number;
}

/** Bodies are up to 25 MiB, most have some KB. */
const PAGE_EVENTS = 100;

interface SampledRow extends SampledEvent {
  readonly storedDay: string;
  readonly seq: string;
}

/** Stored events of the last `sinceMs`, the newest first, page by page. What is kept of days that were dropped is not among them. */
export async function* readEventsSince(
  queryable: Pick<Pool, 'query'>,
  { sinceMs, limit }: SampleOptions,
): AsyncGenerator<SampledEvent> {
  let before: Pick<SampledRow, 'storedDay' | 'seq'> = { storedDay: 'infinity', seq: '0' };
  for (let left = limit; left > 0; ) {
    const { rows } = await queryable.query<SampledRow>(
      `select id, stored_day::text as "storedDay", seq, key_id as "keyId", meta, body from events
        where (stored_day, seq) < ($1::date, $2::bigint)
          and stored_day >= ((now() - $3::float8 * interval '1 millisecond') at time zone 'utc')::date
          and stored_at >= now() - $3::float8 * interval '1 millisecond'
        order by stored_day desc, seq desc limit $4`,
      [before.storedDay, before.seq, sinceMs, Math.min(left, PAGE_EVENTS)],
    );
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    before = last;
    left -= rows.length;
  }
}
