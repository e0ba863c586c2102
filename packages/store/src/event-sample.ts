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

/** Of one page; bodies are up to 25 MiB, most have some KB. */
const PAGE_EVENTS = 100;
/** Of what it holds in memory, but for a single larger event. */
const PAGE_BYTES = 8 * 1024 * 1024;

interface SampledRow extends SampledEvent {
  readonly storedDay: string;
  readonly seq: string;
}

/**
 * Stored events of the last `sinceMs`, the newest first, page by page. What is kept of days that were dropped is not among them.
 * A page ends at its count or its bytes, so that only an empty one is the end.
 */
export async function* readEventsSince(
  queryable: Pick<Pool, 'query'>,
  { sinceMs, limit }: SampleOptions,
): AsyncGenerator<SampledEvent> {
  let before: Pick<SampledRow, 'storedDay' | 'seq'> = { storedDay: 'infinity', seq: '0' };
  for (let left = limit; left > 0; ) {
    const { rows } = await queryable.query<SampledRow>(
      // The sizes are known without the bodies: what is beyond the bound is not read.
      `with page as (
         select id, stored_day, seq, key_id, meta, body from events
          where (stored_day, seq) < ($1::date, $2::bigint)
            and stored_day >= ((now() - $3::float8 * interval '1 millisecond') at time zone 'utc')::date
            and stored_at >= now() - $3::float8 * interval '1 millisecond'
          order by stored_day desc, seq desc limit $4
       ), sized as (
         select *, row_number() over in_order as place,
                sum(octet_length(meta)::bigint + octet_length(body)) over in_order as bytes
           from page window in_order as (order by stored_day desc, seq desc)
       )
       select id, stored_day::text as "storedDay", seq, key_id as "keyId", meta, body from sized
        where place = 1 or bytes <= $5 order by place`,
      [before.storedDay, before.seq, sinceMs, Math.min(left, PAGE_EVENTS), PAGE_BYTES],
    );
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    before = last;
    left -= rows.length;
  }
}
