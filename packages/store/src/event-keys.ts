import type { Pool, PoolClient } from 'pg';
import { statementsOf } from './statement-rows.ts';

export interface EventKey {
  readonly source: string;
  readonly dedupKey: string;
  readonly eventId: string;
}

/**
 * Claims (source, dedup key) for each event and returns the ids of the events that got theirs: the others are repeats of
 * an event that is stored. Sorted by key, so that two batches that share keys wait for each other and never deadlock.
 * The caller passes each key once.
 */
export async function claimEventKeys(
  client: PoolClient,
  keys: readonly EventKey[],
): Promise<ReadonlySet<string>> {
  const sorted = keys.toSorted(
    (a, b) =>
      Buffer.compare(Buffer.from(a.source), Buffer.from(b.source)) || compareBytes(a.dedupKey, b.dedupKey),
  );
  const claimed = new Set<string>();
  for (const some of statementsOf(sorted)) {
    const { rows } = await client.query<{ event_id: string }>({
      name: 'event-keys-claim',
      text: `insert into event_keys (source, dedup_key, event_id)
             select * from unnest($1::text[], $2::text[], $3::uuid[])
             on conflict (source, dedup_key) do nothing returning event_id`,
      values: [some.map(key => key.source), some.map(key => key.dedupKey), some.map(key => key.eventId)],
    });
    for (const row of rows) claimed.add(row.event_id);
  }
  return claimed;
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** 1 MiB of the table: some 10,000 keys, so that a statement ends within a fraction of a second. */
export const PAGES_A_STATEMENT = 128;

export interface KeySweep {
  readonly removed: number;
  /** Of the table, which grows meanwhile. */
  readonly pages: number;
  /** Where the next statement goes on; null: the end of the table is reached. */
  readonly nextPage: number | null;
}

/**
 * Removes keys that are older than the window from a piece of the table that begins at `fromPage`. It walks through the table as
 * it lies on disk: an index on the time would cost each event something, and one by ranges of pages finds nothing any more
 * once the room of removed keys was used again.
 */
export async function sweepEventKeys(
  queryable: Pick<Pool, 'query'>,
  windowMs: number,
  fromPage: number,
): Promise<KeySweep> {
  const nextPage = fromPage + PAGES_A_STATEMENT;
  const result = await queryable.query<{ removed: number; pages: number }>(
    `with gone as (
       delete from event_keys
        where ctid >= format('(%s,0)', $1::bigint)::tid and ctid < format('(%s,0)', $2::bigint)::tid
          and stored_at < now() - $3::float8 * interval '1 millisecond'
       returning 1
     )
     select count(*)::int as removed,
            (pg_relation_size('event_keys') / current_setting('block_size')::bigint)::int as pages
       from gone`,
    [fromPage, nextPage, windowMs],
  );
  const { removed = 0, pages = 0 } = result.rows[0] ?? {};
  return { removed, pages, nextPage: pages > nextPage ? nextPage : null };
}
