import type { Pool, PoolClient } from 'pg';
import { byteaArray } from './bytea-array.ts';
import { DURABILITY_COLUMNS, type DurabilitySettings, refuseWeakSettings } from './durability.ts';

/** A row of the PostgreSQL event log; `meta` is the encoded envelope without its body. */
export interface InboxRow {
  readonly id: string;
  /** Positive murmur2 of the record key: `keyHash % lanes` is the event's lane. */
  readonly keyHash: number;
  /** The greatest offset known to be acked in the event's Kafka partition when it was appended; -1n: none. */
  readonly afterOffset: bigint;
  readonly keyId: string;
  readonly meta: Uint8Array;
  readonly body: Uint8Array;
}

/**
 * Appends rows in one statement: all are committed when it resolves, by settings that outlast a power loss (A1), which were asked in
 * the statement itself: a reload may weaken them at any moment. Else it rejects with ACKLINE_POSTGRES_NOT_DURABLE, though the rows are
 * there. A row that is there already (an append that was tried again) counts as appended.
 */
export async function appendToInbox(
  queryable: Pick<Pool, 'query'>,
  rows: readonly InboxRow[],
): Promise<void> {
  const { rows: settings } = await queryable.query<DurabilitySettings>({
    name: 'inbox-append',
    text: `with added as (
             insert into inbox (id, key_hash, after_offset, key_id, meta, body)
             select * from unnest($1::uuid[], $2::int[], $3::bigint[], $4::text[], $5::bytea[], $6::bytea[])
             on conflict (id) do nothing
           )
           select ${DURABILITY_COLUMNS}`,
    values: [
      rows.map(row => row.id),
      rows.map(row => row.keyHash),
      rows.map(row => row.afterOffset.toString()),
      rows.map(row => row.keyId),
      byteaArray(rows.map(row => row.meta)),
      byteaArray(rows.map(row => row.body)),
    ],
  });
  refuseWeakSettings(settings[0]);
}

/** As `appendToInbox`, for one large row: its bytes go as they are, without another copy of them in an array. */
export async function appendLargeToInbox(queryable: Pick<Pool, 'query'>, row: InboxRow): Promise<void> {
  const { rows: settings } = await queryable.query<DurabilitySettings>({
    name: 'inbox-append-large',
    text: `with added as (
             insert into inbox (id, key_hash, after_offset, key_id, meta, body)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (id) do nothing
           )
           select ${DURABILITY_COLUMNS}`,
    values: [row.id, row.keyHash, row.afterOffset.toString(), row.keyId, row.meta, row.body],
  });
  refuseWeakSettings(settings[0]);
}

/** What the drainer needs to decide whether a row may go, without its bytes. */
export interface InboxPeek {
  readonly n: string;
  readonly keyHash: number;
  readonly afterOffset: bigint;
  /** By the database's clock. */
  readonly ageMs: number;
  readonly bodyBytes: number;
}

/** And of which event it is, and when it was appended: epoch milliseconds by the database's clock. */
export interface KeyedPeek extends InboxPeek {
  readonly id: string;
  readonly appendedMs: number;
}

interface PeekDbRow {
  n: string;
  key_hash: number;
  after_offset: string;
  age_ms: number;
  body_bytes: number;
}

const PEEK_COLUMNS = `n, key_hash, after_offset, octet_length(body) as body_bytes,
  (extract(epoch from clock_timestamp() - appended_at) * 1000)::float8 as age_ms`;

/**
 * The first rows in the order of appending, beginning at `fromN`; takes nothing and locks nothing. Rows that were taken are
 * walked over until a vacuum can remove them, which a long snapshot (a backup) prevents: so begin where rows may still be.
 */
export async function peekInbox(
  queryable: Pick<Pool, 'query'>,
  limit: number,
  fromN = '0',
): Promise<readonly InboxPeek[]> {
  const result = await queryable.query<PeekDbRow>({
    name: 'inbox-peek',
    text: `select ${PEEK_COLUMNS} from inbox where n >= $2 order by n limit $1`,
    values: [limit, fromN],
  });
  return result.rows.map(peekFromDb);
}

/** By lane (`keyHash % stored.length`): which rows wait for the record of their key that their appender knew of. */
export interface LaneWaits {
  /** First offset that is not stored yet: a row waits for what is not before it, … */
  readonly stored: readonly bigint[];
  /** … until it is this old, … */
  readonly maxAgeMs: number;
  /** … and longer only for a record before this offset. */
  readonly longUntil: readonly bigint[];
}

export interface PeekPast {
  readonly afterN: string;
  readonly waits: LaneWaits;
  /** That are walked over, whether they wait or not: more cost more. */
  readonly window: number;
  readonly limit: number;
}

export interface PastPeek {
  readonly rows: readonly InboxPeek[];
  /** Behind which row the next look goes on; null: the end of the inbox is reached. */
  readonly nextN: string | null;
}

type PastDbRow = { walked: number; last_n: string | null } & (PeekDbRow | { n: null });

/**
 * As `peekInbox`, behind the row `afterN`, past those that wait: of each key whose first row of all is in the window the rows before
 * the first that waits. So what is found behind `afterN` is behind no row of its key that is not found, whatever was looked at before.
 */
export async function peekInboxPast(
  queryable: Pick<Pool, 'query'>,
  { afterN, waits: { stored, maxAgeMs, longUntil }, window, limit }: PeekPast,
): Promise<PastPeek> {
  const { rows } = await queryable.query<PastDbRow>({
    name: 'inbox-peek-past',
    text: `with walked as materialized (
             select n, key_hash,
                    after_offset >= ($2::bigint[])[key_hash % $5::int + 1]
                    and (after_offset < ($4::bigint[])[key_hash % $5::int + 1]
                      or clock_timestamp() - appended_at between interval '0' and $3::float8 * interval '1 millisecond') as waits
               from inbox where n > $1 order by n limit $6
           ), keys as materialized (
             select key_hash, min(n) as first_n, min(n) filter (where waits) as waiting_n from walked group by key_hash
           ), heads as materialized (
             select key_hash, waiting_n from keys k
              where first_n is distinct from waiting_n
                and first_n = (select e.n from inbox e where e.key_hash = k.key_hash order by e.n limit 1)
           ), found as materialized (
             select w.n from walked w join heads h using (key_hash)
              where h.waiting_n is null or w.n < h.waiting_n order by w.n limit $7
           )
           select s.*, r.* from (select count(*)::int as walked, max(n) as last_n from walked) s
             left join (select ${PEEK_COLUMNS} from inbox where n = any(array(select n from found))) r on true order by r.n`,
    values: [afterN, stored.map(String), maxAgeMs, longUntil.map(String), stored.length, window, limit],
  });
  const found = rows.flatMap(row => (row.n === null ? [] : [peekFromDb(row)]));
  if (found.length >= limit) return { rows: found, nextN: found.at(-1)?.n ?? null };
  const [walked] = rows;
  return { rows: found, nextN: walked === undefined || walked.walked < window ? null : walked.last_n };
}

function peekFromDb(row: PeekDbRow): InboxPeek {
  return {
    n: row.n,
    keyHash: row.key_hash,
    afterOffset: BigInt(row.after_offset),
    ageMs: row.age_ms,
    bodyBytes: row.body_bytes,
  };
}

/** A row as taken; `n` tells which. */
export interface TakenInboxRow extends InboxRow {
  readonly n: string;
}

interface InboxDbRow {
  n: string;
  id: string;
  key_hash: number;
  after_offset: string;
  key_id: string;
  meta: Buffer;
  body: Buffer;
}

const TAKEN_COLUMNS =
  'inbox.n, inbox.id, inbox.key_hash, inbox.after_offset, inbox.key_id, inbox.meta, inbox.body';

/** Takes the named rows for good, if the caller's transaction commits. In the order of appending. */
export async function takeInboxRows(
  client: PoolClient,
  ns: readonly string[],
): Promise<readonly TakenInboxRow[]> {
  const result = await client.query<InboxDbRow>({
    name: 'inbox-take',
    text: `with taken as (delete from inbox where n = any($1::bigint[]) returning ${TAKEN_COLUMNS})
           select * from taken order by n`,
    values: [ns],
  });
  return result.rows.map(fromDb);
}

/**
 * The waiting rows of these keys, in the order of appending. Called under the lane's lock, so that what is seen stays
 * until the caller takes it.
 */
export async function peekInboxOfKeys(
  client: PoolClient,
  keyHashes: readonly number[],
  limit: number,
): Promise<readonly KeyedPeek[]> {
  const result = await client.query<PeekDbRow & { id: string; appended_ms: number }>({
    name: 'inbox-peek-keys',
    text: `select id, (extract(epoch from appended_at) * 1000)::float8 as appended_ms, ${PEEK_COLUMNS} from inbox where key_hash = any($1::int[]) order by n limit $2`,
    values: [keyHashes, limit],
  });
  return result.rows.map(row => ({ ...peekFromDb(row), id: row.id, appendedMs: row.appended_ms }));
}

/** The lanes' keys of rows that are still there. */
export async function peekInboxRows(
  client: PoolClient,
  ns: readonly string[],
): Promise<readonly InboxPeek[]> {
  const result = await client.query<PeekDbRow>({
    name: 'inbox-peek-rows',
    text: `select ${PEEK_COLUMNS} from inbox where n = any($1::bigint[]) order by n`,
    values: [ns],
  });
  return result.rows.map(peekFromDb);
}

function fromDb(row: InboxDbRow): TakenInboxRow {
  return {
    n: row.n,
    id: row.id,
    keyHash: row.key_hash,
    afterOffset: BigInt(row.after_offset),
    keyId: row.key_id,
    meta: row.meta,
    body: row.body,
  };
}
