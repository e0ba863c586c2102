import type { Pool, PoolClient } from 'pg';
import { audit } from './audit.ts';
import { lockListing } from './listing-lock.ts';
import {
  insertReplay,
  moveReplay,
  type NewReplay,
  readReplay,
  type Replay,
  type ReplayFilter,
} from './replays.ts';
import { expired } from './retention.ts';
import { inTransaction } from './transaction.ts';

/** Rows that one statement looks at: well within the limit of a statement, whatever the filter leaves of them. */
const PAGE = 10_000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

export interface AnnounceOptions extends NewReplay {
  /** Told how many there are so far, after each transaction. */
  readonly onProgress?: (counted: number) => void;
}

/**
 * Lists and counts what a replay would send, page by page, each in a transaction of its own. null: there is nothing. One
 * that was cancelled meanwhile says so.
 */
export async function announceReplay(pool: Pool, options: AnnounceOptions): Promise<Replay | null> {
  const { filter, actor, onProgress = () => undefined } = options;
  const id = await insertReplay(pool, options);
  const counted = await listItems(pool, { id, filter, keptDays: null, onProgress });
  if (counted === 0 && (await removeEmpty(pool, id))) return null;
  return announce(pool, { id, filter, actor });
}

interface InsertedReplay {
  readonly id: string;
  readonly filter: ReplayFilter;
  readonly actor: string;
}

export interface CountedReplay extends InsertedReplay {
  /**
   * Days that are kept (`retention.events`): one that is over is not listed. Else lists that are made anew all the time, by whoever may,
   * would keep it from ever being dropped.
   */
  readonly keptDays: number;
}

/** {@link announceReplay} for one that was inserted before, and that somebody looks for: where there is nothing, it is cancelled. */
export async function countReplay(pool: Pool, replay: CountedReplay): Promise<void> {
  const { id, filter, keptDays } = replay;
  const counted = await listItems(pool, { id, filter, keptDays, onProgress: () => undefined });
  if (counted > 0) await announce(pool, replay);
  else
    await inTransaction(pool, client =>
      moveReplay(client, { id, from: ['counting'], to: 'cancelled', reason: 'nothing is of this filter' }),
    );
}

function listItems(pool: Pool, listing: Listing): Promise<number> {
  return listing.filter.state === 'parked'
    ? listParkedItems(pool, listing)
    : listFinishedItems(pool, listing);
}

async function announce(pool: Pool, { id, filter, actor }: InsertedReplay): Promise<Replay | null> {
  return inTransaction(pool, async client => {
    const replay = await moveReplay(client, { id, from: ['counting'], to: 'announced' });
    if (replay === null) return readReplay(client, id);
    const details = { ...filter, deliveries: replay.counted };
    await audit(client, { actor, action: 'replay.announced', subject: id, details });
    return replay;
  });
}

async function removeEmpty(pool: Pool, id: string): Promise<boolean> {
  const { rowCount } = await pool.query("delete from replays where id = $1 and state = 'counting'", [id]);
  return rowCount === 1;
}

interface Listing {
  readonly id: string;
  readonly filter: ReplayFilter;
  /** null: all that are there. */
  readonly keptDays: number | null;
  readonly onProgress: (counted: number) => void;
}

interface Page<Cursor> {
  /** null: that was the last one. */
  readonly next: Cursor | null;
  readonly added: number;
}

/** Turns pages until the last, each with the replay's row locked: one that was cancelled gets no more items (Y4). */
async function turnPages<Cursor>(
  pool: Pool,
  { id, onProgress }: Listing,
  first: Cursor,
  page: (client: PoolClient, cursor: Cursor) => Promise<Page<Cursor>>,
): Promise<number> {
  let counted = 0;
  for (let cursor: Cursor | null = first; cursor !== null; ) {
    const at: Cursor = cursor;
    const turned = await inTransaction(pool, async client => {
      const { rows } = await client.query<{ counted: number }>(
        "select counted::float8 from replays where id = $1 and state = 'counting' for update",
        [id],
      );
      if (rows[0] === undefined) return { next: null, counted };
      const { next, added } = await page(client, at);
      await client.query(
        'update replays set counted = counted + $2, changed_at = clock_timestamp() where id = $1',
        [id, added],
      );
      return { next, counted: rows[0].counted + added };
    });
    ({ counted } = turned);
    cursor = turned.next;
    onProgress(counted);
  }
  return counted;
}

/** Of `d`, in the order of {@link filterValues}, from $3 on. */
const MATCHES = `($3::text is null or d.destination = $3) and ($4::text is null or d.route = $4)
  and ($5::text is null or d.source = $5) and ($6::text is null or d.tenant = $6)`;

function filterValues({ destination, route, source, tenant }: ReplayFilter): readonly (string | null)[] {
  return [destination ?? null, route ?? null, source ?? null, tenant ?? null];
}

/** Gives the next numbers to the rows of `page` that match, and tells where the page ends. */
const INSERTED = (order: string, day: string) => `added as (
    insert into replay_items (replay_id, n, delivery_id, finished_day, destination)
    select $1, r.counted + row_number() over (order by ${order}), d.id, ${day}, d.destination
      from page d cross join (select counted from replays where id = $1) r where ${MATCHES}
    returning 1)`;

interface ParkedCursor {
  readonly at: string;
  readonly id: string;
}

/** The oldest first. */
function listParkedItems(pool: Pool, listing: Listing): Promise<number> {
  const { filter } = listing;
  const first = { at: filter.since ?? '-infinity', id: FIRST_ID };
  return turnPages<ParkedCursor>(pool, listing, first, async (client, cursor) => {
    const result = await client.query<{ at: string; id: string; looked: number; added: number }>(
      `with page as materialized (
         select d.id, d.destination, d.route, d.source, d.tenant, d.finished_at from deliveries d
          where d.state = 'parked' and ($2::text is null or d.park_cause = $2)
            and (d.finished_at, d.id) > ($7::timestamptz, $8::uuid)
            and d.finished_at <= least((select counted_at from replays where id = $1), $9::timestamptz)
          order by d.finished_at, d.id limit ${PAGE}
       ), ${INSERTED('d.finished_at, d.id', 'null')}
       select p.finished_at::text as at, p.id, (select count(*) from page)::int as looked, (select count(*) from added)::int as added
         from page p order by p.finished_at desc, p.id desc limit 1`,
      [listing.id, filter.cause ?? null, ...filterValues(filter), cursor.at, cursor.id, filter.until ?? null],
    );
    const [row] = result.rows;
    if (row === undefined) return { next: null, added: 0 };
    return { next: row.looked < PAGE ? null : { at: row.at, id: row.id }, added: row.added };
  });
}

/**
 * Day by day; a day is paged by its primary key, so that a filter that few match costs no long statement. What a page has listed is
 * still there when it is committed (T of retention.ts, T6).
 */
async function listFinishedItems(pool: Pool, listing: Listing): Promise<number> {
  let counted = 0;
  for (const day of await finishedDays(pool, listing.keptDays)) counted = await listDay(pool, listing, day);
  return counted;
}

function listDay(pool: Pool, listing: Listing, day: string): Promise<number> {
  const { filter } = listing;
  return turnPages(pool, listing, FIRST_ID, async (client, after) => {
    await lockListing(client);
    const result = await client.query<{ id: string; looked: number; added: number }>(
      `with looked as materialized (
         select d.id, d.destination, d.route, d.source, d.tenant, d.seq, d.state, d.finished_at from finished_deliveries d
          where d.stored_day = $2::date and d.id > $7::uuid order by d.id limit ${PAGE}
       ), page as (
         select l.* from looked l
          where l.state = $8 and l.finished_at >= coalesce($9::timestamptz, '-infinity')
            and l.finished_at <= least((select counted_at from replays where id = $1), $10::timestamptz)
       ), ${INSERTED('d.seq, d.id', '$2::date')}
       select l.id, (select count(*) from looked)::int as looked, (select count(*) from added)::int as added
         from looked l order by l.id desc limit 1`,
      [
        listing.id,
        day,
        ...filterValues(filter),
        after,
        filter.state,
        filter.since ?? null,
        filter.until ?? null,
      ],
    );
    const [row] = result.rows;
    if (row === undefined) return { next: null, added: 0 };
    return { next: row.looked < PAGE ? null : row.id, added: row.added };
  });
}

/** Of days without a partition it is what ended after they were dropped. */
async function finishedDays(
  queryable: Pick<Pool, 'query'>,
  keptDays: number | null,
): Promise<readonly string[]> {
  const result = await queryable.query<{ day: string }>(
    `select day::text from (
       select day from (
         select to_date(substring(c.relname from '_([0-9]{8})$'), 'YYYYMMDD') as day
           from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'finished_deliveries'::regclass) made
        where $1::int is null or not day ${expired('$1')}
       union
       select stored_day from finished_deliveries_default) days
      where day is not null order by day`,
    [keptDays],
  );
  return result.rows.map(row => row.day);
}
