/**
 * Replays of many deliveries, by a filter:
 *
 * Y1. counted = released + skipped + left, always: an item goes in the transaction that releases its delivery or finds it changed
 *     since it was counted, and that notes it in the replay's row, under its lock.
 * Y2. A delivery is released only as it was counted: parked or finished since before, and by nobody else since.
 * Y3. Who works at a replay holds its row's lock, and passes by where somebody else does. All that it needs to know is in the row,
 *     so that any processor can go on where another one was killed.
 * Y4. Where it was cancelled, nothing is released any more: cancelling waits for the batch in hand.
 * Y5. Of each destination no more than a bound is released and not finished, and what is left of one that has so much is passed
 *     over: one that takes no work holds up no other's (A6).
 */
import { randomUUID } from 'node:crypto';
import type { AuditAction } from '@ackline/shared/audit-actions';
import type { Pool, PoolClient } from 'pg';
import { audit } from './audit.ts';
import { storableJson } from './storable-json.ts';
import { inTransaction } from './transaction.ts';

export type ReplayState =
  | 'counting'
  | 'announced'
  | 'trickle'
  | 'running'
  /** Its trickle failed: `reason` says how. */
  | 'stopped'
  | 'cancelled'
  /** All is released or skipped. */
  | 'done';

export interface ReplayFilter {
  readonly state: 'parked' | 'delivered' | 'discarded';
  /** Of parked ones only. */
  readonly cause?: string;
  readonly destination?: string;
  readonly route?: string;
  readonly source?: string;
  readonly tenant?: string;
  /** When it was parked or finished: ISO times, both included. */
  readonly since?: string;
  readonly until?: string;
}

export interface Replay {
  readonly id: string;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly filter: ReplayFilter;
  readonly ratePerS: number;
  readonly trickle: number;
  readonly state: ReplayState;
  readonly counted: number;
  readonly released: number;
  /** They were no longer as they had been counted: replayed, discarded, or their day was dropped. */
  readonly skipped: number;
  readonly left: number;
  readonly reason: string | null;
  readonly changedAt: Date;
  readonly finishedAt: Date | null;
}

const COLUMNS = `id, created_at as "createdAt", created_by as "createdBy", filter, rate_per_s as "ratePerS", trickle, state,
  counted::float8, released::float8, skipped::float8, (counted - released - skipped)::float8 as left, reason,
  changed_at as "changedAt", finished_at as "finishedAt"`;

/** What a processor's steps come to with one destination, which has 100 open at most (Y5); more would be promised and not reached. */
export const MAX_RATE_PER_S = 500;

export interface NewReplay {
  readonly filter: ReplayFilter;
  readonly actor: string;
  readonly ratePerS: number;
  /** So many go first. */
  readonly trickle: number;
}

/** The row that items are listed for; nothing is sent before it is announced and started. */
export async function insertReplay(pool: Pool, replay: NewReplay): Promise<string> {
  const id = randomUUID();
  await pool.query(
    `insert into replays (id, created_by, filter, rate_per_s, trickle, state) values ($1, $2, $3, $4, $5, 'counting')`,
    [id, replay.actor, storableJson(replay.filter), replay.ratePerS, replay.trickle],
  );
  return id;
}

/** Counted or being counted, and not started. `tenant`: of its deliveries alone; null: those of all tenants. */
export async function countUnstartedReplays(
  queryable: Pick<Pool, 'query'>,
  tenant: string | null,
): Promise<number> {
  const { rows } = await queryable.query<{ count: number }>(
    `select count(*)::int as count from replays
      where state in ('counting', 'announced') and filter ->> 'tenant' is not distinct from $1`,
    [tenant],
  );
  return rows[0]?.count ?? 0;
}

/** More is for nobody to tell apart. */
const MAX_COUNTED_PENDING = 1_000;

/** Counted or under way, and not at an end: those that a person may still have to do something about. `tenant`: as of {@link pageReplays}. */
export async function countPendingReplays(
  queryable: Pick<Pool, 'query'>,
  tenant: string | null,
): Promise<number> {
  const { rows } = await queryable.query<{ count: number }>(
    `select count(*)::int as count from (
       select from replays where state in ('counting', 'announced', 'trickle', 'running', 'stopped')
          and ($1::text is null or filter ->> 'tenant' = $1) limit ${MAX_COUNTED_PENDING}) first`,
    [tenant],
  );
  return rows[0]?.count ?? 0;
}

export async function listReplays(
  queryable: Pick<Pool, 'query'>,
  { limit }: { readonly limit: number },
): Promise<readonly Replay[]> {
  const result = await queryable.query<Replay>(
    `select ${COLUMNS} from replays order by created_at desc, id desc limit $1`,
    [limit],
  );
  return result.rows;
}

/** Where a replay is in the list: PostgreSQL's own words for the time, which are exact. */
export interface ReplayPlace {
  readonly at: string;
  readonly id: string;
}

/** {@link listReplays} by pages: those before `before`; null: from the newest. `tenant`: of its deliveries alone; null: all. */
export async function pageReplays(
  queryable: Pick<Pool, 'query'>,
  tenant: string | null,
  { before, limit }: { readonly before: ReplayPlace | null; readonly limit: number },
): Promise<readonly (Replay & { readonly place: ReplayPlace })[]> {
  const result = await queryable.query<Replay & { readonly place: ReplayPlace }>(
    `select ${COLUMNS}, jsonb_build_object('at', created_at::text, 'id', id) as place from replays
      where ($4::text is null or filter ->> 'tenant' = $4) and (created_at, id) < ($2::timestamptz, $3::uuid)
      order by created_at desc, id desc limit $1`,
    [limit, before?.at ?? 'infinity', before?.id ?? 'ffffffff-ffff-ffff-ffff-ffffffffffff', tenant],
  );
  return result.rows;
}

/** What is open or parked of a replay is counted up to here: well within the limit of a statement. */
export const MAX_COUNTED = 100_000;

/** What became of what was released. The rest of it was taken over by another replay, or ended under a release that did not count. */
export interface ReplayProgress extends Replay {
  /** Not finished: due or being sent, perhaps again. */
  readonly open: number;
  /** Of those that are open: they have failed before. */
  readonly retrying: number;
  readonly parkedAgain: number;
  readonly delivered: number;
  readonly discarded: number;
}

/**
 * `replays` (SQL: a table or a query of its rows) with columns more: open, retrying and parked_again, of up to `most` rows by an index
 * each, and ever_delivered and ever_discarded, which are `delivered` and `discarded` with what is not added up yet.
 */
export function withProgress(replays: string, most: number): string {
  return `(
    select r.*, o.open, o.retrying, p.parked_again, e.ever_delivered, e.ever_discarded
      from ${replays} r
     cross join lateral (
       select count(*)::int as open, (count(*) filter (where d.tries > 0))::int as retrying
         from (select tries from deliveries where replay_id = r.id and state in ('due', 'leased') limit ${most}) d) o
     cross join lateral (
       select count(*)::int as parked_again
         from (select from deliveries where replay_id = r.id and state = 'parked' limit ${most}) d) p
     cross join lateral (
       select (r.delivered + coalesce(sum(ends.delivered), 0))::float8 as ever_delivered,
              (r.discarded + coalesce(sum(ends.discarded), 0))::float8 as ever_discarded
         from replay_ends ends where ends.replay_id = r.id) e)`;
}

export async function readReplay(queryable: Pick<Pool, 'query'>, id: string): Promise<ReplayProgress | null> {
  const result = await queryable.query<ReplayProgress>(
    `select ${COLUMNS}, open, retrying, parked_again as "parkedAgain", ever_delivered as delivered, ever_discarded as discarded
       from ${withProgress('replays', MAX_COUNTED)} progress where id = $1`,
    [id],
  );
  return result.rows[0] ?? null;
}

export type ReplayChange = 'start' | 'continue' | 'cancel' | 'forget';

export type ReplayChanged =
  | { readonly kind: 'changed'; readonly replay: Replay }
  /** It is in a state that this is nothing for. */
  | { readonly kind: 'refused'; readonly state: ReplayState }
  | { readonly kind: 'not-found' };

const CHANGES: Readonly<
  Record<ReplayChange, { from: readonly ReplayState[]; to: ReplayState; action: AuditAction }>
> = {
  start: { from: ['announced'], to: 'trickle', action: 'replay.started' },
  // With a trickle of its own: nobody knows yet that the repair has helped.
  continue: { from: ['stopped'], to: 'trickle', action: 'replay.continued' },
  cancel: {
    from: ['counting', 'announced', 'trickle', 'running', 'stopped'],
    to: 'cancelled',
    action: 'replay.cancelled',
  },
  // One that a person starts at that very moment is not forgotten.
  forget: { from: ['counting', 'announced'], to: 'cancelled', action: 'replay.cancelled' },
};

export async function changeReplay(
  pool: Pool,
  id: string,
  { change, actor }: { readonly change: ReplayChange; readonly actor: string },
): Promise<ReplayChanged> {
  const { from, to, action } = CHANGES[change];
  return inTransaction(pool, async client => {
    const found = await client.query<{ state: ReplayState }>(
      'select state from replays where id = $1 for update',
      [id],
    );
    const before = found.rows[0]?.state;
    if (before === undefined) return { kind: 'not-found' };
    const replay = await moveReplay(client, { id, from, to });
    if (replay === null) return { kind: 'refused', state: before };
    const { released, left } = replay;
    await audit(client, { actor, action, subject: id, details: { before, after: to, released, left } });
    return { kind: 'changed', replay };
  });
}

export interface ReplayMove {
  readonly id: string;
  readonly from: readonly ReplayState[];
  readonly to: ReplayState;
  readonly reason?: string;
}

/** Waits for whoever works at it (Y3, Y4). null: it is in none of these states. */
export async function moveReplay(
  client: PoolClient,
  { id, from, to, reason }: ReplayMove,
): Promise<Replay | null> {
  const result = await client.query<Replay>(
    `update replays
        set state = $3, reason = $4, trickle_ids = '{}', paced_at = clock_timestamp(), changed_at = clock_timestamp(),
            finished_at = case when $3 in ('cancelled', 'done') then clock_timestamp() end
      where id = $1 and state = any($2::text[]) returning ${COLUMNS}`,
    [id, from, to, reason ?? null],
  );
  return result.rows[0] ?? null;
}

/** One that was counted and never started is forgotten about: it must not keep days from being dropped. */
const STARTED_WITHIN = '1 hour';
const REMOVED_A_STATEMENT = 10_000;

/**
 * Cancels what was never started, adds up how what was sent has ended, and removes the list of what was cancelled; true: there is
 * more to do.
 */
export async function sweepReplays(pool: Pool, actor: string): Promise<boolean> {
  const forgotten = await pool.query<{ id: string }>(
    `select id from replays where state in ('counting', 'announced') and changed_at < now() - interval '${STARTED_WITHIN}'`,
  );
  for (const { id } of forgotten.rows) await changeReplay(pool, id, { change: 'forget', actor });
  const isAdded = await addUpEnds(pool);
  const removed = await pool.query(
    `delete from replay_items
      where ctid = any(array(
        select i.ctid from (select id from replays r where state = 'cancelled'
                               and (select true from replay_items where replay_id = r.id limit 1) limit 1) r
         cross join lateral (select ctid from replay_items where replay_id = r.id limit ${REMOVED_A_STATEMENT}) i))`,
  );
  return !isAdded || removed.rowCount === REMOVED_A_STATEMENT;
}

/** Replays whose ends one sweep adds up. */
const ADDED_A_SWEEP = 100;

/** false: there is more. A statement for each replay, which locks no other's row. */
async function addUpEnds(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ id: string }>(
    `with recursive ended (id) as (
       (select replay_id from replay_ends order by replay_id limit 1)
       union all
       select (select e.replay_id from replay_ends e where e.replay_id > ended.id order by e.replay_id limit 1)
         from ended where ended.id is not null
     )
     select id from ended where id is not null limit ${ADDED_A_SWEEP}`,
  );
  let isAll = rows.length < ADDED_A_SWEEP;
  for (const { id } of rows) {
    const { rows: added } = await pool.query<{ count: number }>(
      `with gone as (
         delete from replay_ends
          where ctid = any(array(select ctid from replay_ends where replay_id = $1 limit ${REMOVED_A_STATEMENT} for update skip locked))
         returning delivered, discarded
       ), total as (
         select count(*)::int as count, coalesce(sum(delivered), 0) as delivered, coalesce(sum(discarded), 0) as discarded from gone
       ), noted as (
         update replays r set delivered = r.delivered + t.delivered, discarded = r.discarded + t.discarded
           from total t where r.id = $1
       )
       select count from total`,
      [id],
    );
    isAll &&= (added[0]?.count ?? 0) < REMOVED_A_STATEMENT;
  }
  return isAll;
}
