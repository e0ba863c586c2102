import type { Pool, PoolClient } from 'pg';
import { reopened } from './replay-delivery.ts';
import { addOpen, countOpen, pickItems, type ReplayItem } from './replay-picks.ts';
import { moveReplay, type ReplayState } from './replays.ts';
import { inTransaction } from './transaction.ts';

/** Where all of a batch is skipped the next one is looked at, so often at most in one transaction. */
const MAX_ROUNDS = 10;

/** All that the next step of a replay depends on. */
export interface ReplaySeen {
  readonly state: 'trickle' | 'running';
  readonly ratePerS: number;
  /** The time that nothing was released for yet. */
  readonly sinceMs: number;
  readonly left: number;
  readonly trickle: {
    /** So many are to arrive before the others go. */
    readonly size: number;
    readonly sent: number;
    /** Of those that are sent: not finished. */
    readonly open: number;
    /** What became of one that did not arrive: its destination and the last answer; null: none is known. */
    readonly failure: string | null;
  };
}

export type ReplayStep =
  /** Until the rate has time for one, or until deliveries that are open have ended. */
  | { readonly kind: 'wait'; readonly for: 'rate' | 'deliveries' }
  /**
   * So many, and of each destination no more than are open with them up to `maxOpen` (Y5); of the time before, no more than
   * `windowMs` counts for the rate.
   */
  | { readonly kind: 'release'; readonly limit: number; readonly maxOpen: number; readonly windowMs: number }
  | { readonly kind: 'run' }
  | { readonly kind: 'done' }
  | { readonly kind: 'stop'; readonly reason: string };

export interface ReplayStepped {
  readonly step: ReplayStep;
  readonly released: number;
  readonly skipped: number;
}

/** Where a replay is among the others. */
export interface ReplayPlace {
  readonly id: string;
  readonly createdAt: string;
}

/** Before all of them. */
export const FIRST_REPLAY: ReplayPlace = {
  id: '00000000-0000-0000-0000-000000000000',
  createdAt: '-infinity',
};

export interface ActiveReplaysQuery {
  readonly limit: number;
  readonly after: ReplayPlace;
  readonly except: readonly string[];
}

/** Replays that have something to release, the oldest first, behind one of them. */
export async function listActiveReplays(
  queryable: Pick<Pool, 'query'>,
  { limit, after, except }: ActiveReplaysQuery,
): Promise<readonly ReplayPlace[]> {
  const result = await queryable.query<ReplayPlace>(
    `select id, created_at::text as "createdAt" from replays
      where state in ('trickle', 'running') and (created_at, id) > ($2::timestamptz, $3::uuid) and id <> all($4::uuid[])
      order by created_at, id limit $1`,
    [limit, after.createdAt, after.id, except],
  );
  return result.rows;
}

/** Takes the next step of a replay, as `decide` says. null: somebody else works at it, or it has ended (Y3). */
export async function stepReplay(
  pool: Pool,
  id: string,
  decide: (seen: ReplaySeen) => ReplayStep,
): Promise<ReplayStepped | null> {
  return inTransaction(pool, async client => {
    const seen = await look(client, id);
    if (seen === null) return null;
    const step = decide(seen);
    const released = step.kind === 'release' ? await release(client, id, step) : { released: 0, skipped: 0 };
    if (step.kind !== 'release' && step.kind !== 'wait') await move(client, id, step);
    return { step, ...released };
  });
}

async function move(
  client: PoolClient,
  id: string,
  step: Extract<ReplayStep, { kind: 'run' | 'done' | 'stop' }>,
): Promise<void> {
  const states = { run: 'running', done: 'done', stop: 'stopped' } as const satisfies Record<
    string,
    ReplayState
  >;
  const reason = step.kind === 'stop' ? { reason: step.reason } : {};
  await moveReplay(client, { id, from: ['trickle', 'running'], to: states[step.kind], ...reason });
}

interface SeenRow extends Omit<ReplaySeen, 'trickle'> {
  readonly size: number;
  readonly sent: number;
}

async function look(client: PoolClient, id: string): Promise<ReplaySeen | null> {
  const { rows } = await client.query<SeenRow>(
    `select state, rate_per_s as "ratePerS", (counted - released - skipped)::float8 as left,
            (extract(epoch from clock_timestamp() - paced_at) * 1000)::float8 as "sinceMs",
            trickle as size, cardinality(trickle_ids) as sent
       from replays where id = $1 and state in ('trickle', 'running') for update skip locked`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) return null;
  const { size, sent, ...seen } = row;
  const became = sent === 0 ? { open: 0, failure: null } : await lookAtTrickle(client, id);
  return { ...seen, trickle: { size, sent, ...became } };
}

/** One that was discarded has failed before, perhaps between two looks. Where it is then, no day is known: all are asked. */
async function lookAtTrickle(
  client: PoolClient,
  id: string,
): Promise<Pick<ReplaySeen['trickle'], 'open' | 'failure'>> {
  const watched = (columns: string, table: string) =>
    `select ${columns}, d.destination || ' ' || coalesce(d.attempts -> -1 ->> 'status', d.attempts -> -1 ->> 'error',
                                                         d.park_reason, 'unknown') as failure
       from ${table} d where d.id = any((select trickle_ids from replays where id = $1)::uuid[])`;
  const { rows } = await client.query<Pick<ReplaySeen['trickle'], 'open' | 'failure'>>(
    `with watched as materialized (
       ${watched("true as open, d.state = 'parked' or d.tries > 0 as failed", 'deliveries')}
       union all
       ${watched('false, true', 'finished_deliveries')} and d.state = 'discarded'
     )
     select (count(*) filter (where open))::int as open, min(failure) filter (where failed) as failure from watched`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('a count without a row');
  return row;
}

type Release = Extract<ReplayStep, { kind: 'release' }>;

async function release(
  client: PoolClient,
  id: string,
  { limit, maxOpen, windowMs }: Release,
): Promise<{ released: number; skipped: number }> {
  const released: string[] = [];
  let skipped = 0;
  const open = await countOpen(client, id);
  for (let round = 0; round < MAX_ROUNDS && released.length < limit; round++) {
    const items = await pickItems(client, id, { limit: limit - released.length, maxOpen, open });
    const judged = await releaseItems(client, id, items);
    const gone = items.filter(item => !judged.busy.has(item.id));
    await removeItems(client, id, gone);
    released.push(...judged.released);
    skipped += gone.length - judged.released.length;
    addOpen(open, items, judged.released);
    // One that somebody has locked is looked at again by the next step.
    if (judged.busy.size > 0 || items.length === 0) break;
  }
  if (released.length + skipped > 0) await note(client, id, { released, skipped, windowMs });
  return { released: released.length, skipped };
}

interface Judged {
  readonly released: readonly string[];
  /** Somebody has them locked just now. */
  readonly busy: ReadonlySet<string>;
}

/** The others of the items are not as they were counted (Y2). */
async function releaseItems(client: PoolClient, id: string, items: readonly ReplayItem[]): Promise<Judged> {
  const released: string[] = [];
  const busy = new Set<string>();
  for (const [day, ofDay] of Map.groupBy(items, item => item.day)) {
    const ids = ofDay.map(item => item.id);
    const { rows } =
      day === null
        ? await client.query<Looked>(RELEASE_PARKED, [id, ids])
        : await client.query<Looked>(RELEASE_FINISHED, [id, ids, day]);
    for (const row of rows) {
      if (row.released) released.push(row.id);
      else busy.add(row.id);
    }
  }
  return { released, busy };
}

interface Looked {
  readonly id: string;
  readonly released: boolean;
}

const AS_COUNTED = 'd.finished_at <= (select counted_at from replays where id = $1)';

/**
 * It waits for no lock, so it needs no order of locks (H3). What stood outside the order stays outside of it, and one that blocks
 * its key is its head before and after: so no key gets a second one (H1), and nobody is promoted.
 */
const RELEASE_PARKED = `
  with eligible as materialized (
    select d.id from deliveries d where d.id = any($2::uuid[]) and d.state = 'parked' and ${AS_COUNTED}
  ), mine as materialized (
    select d.id from deliveries d
     where d.id = any(array(select id from eligible)) and d.state = 'parked' and ${AS_COUNTED} for update skip locked
  ), changed as (
    update deliveries d
       set state = 'due', due_at = clock_timestamp(), replay = true, replay_id = $1, tries = 0, interruptions = 0,
           park_reason = null, finished_at = null
     where d.id = any(array(select id from mine)) returning d.id
  )
  select e.id, c.id is not null as released from eligible e left join changed c on c.id = e.id`;

const RELEASE_FINISHED = `
  with eligible as materialized (
    select d.id from finished_deliveries d where d.stored_day = $3::date and d.id = any($2::uuid[]) and ${AS_COUNTED}
  ), mine as materialized (
    select d.id from finished_deliveries d
     where d.stored_day = $3::date and d.id = any(array(select id from eligible)) and ${AS_COUNTED} for update skip locked
  ), back as (
    delete from finished_deliveries d where d.stored_day = $3::date and d.id = any(array(select id from mine)) returning *
  ), changed as (
    ${reopened('$1')} returning id
  )
  select e.id, c.id is not null as released from eligible e left join changed c on c.id = e.id`;

/** By their places, which nobody else moves under the replay's lock (Y3): no plan looks through the list for them. */
async function removeItems(client: PoolClient, id: string, items: readonly ReplayItem[]): Promise<void> {
  await client.query('delete from replay_items where ctid = any($2::tid[]) and replay_id = $1', [
    id,
    items.map(item => item.place),
  ]);
}

interface Released {
  readonly released: readonly string[];
  readonly skipped: number;
  readonly windowMs: number;
}

/**
 * (Y1) The clock of the rate goes on from where it was, by what was released. It is never ahead of the time: where it is, that was set back since,
 * and nobody knows when it was.
 */
async function note(
  client: PoolClient,
  id: string,
  { released, skipped, windowMs }: Released,
): Promise<void> {
  await client.query(
    `update replays
        set released = released + cardinality($2::uuid[]), skipped = skipped + $3,
            next_n = coalesce((select i.n from replay_items i where i.replay_id = $1 and i.n >= next_n order by i.n limit 1),
                              counted + 1),
            paced_at = greatest(case when paced_at <= clock_timestamp() then paced_at end,
                                clock_timestamp() - $4::float8 * interval '1 millisecond')
                       + cardinality($2::uuid[]) / rate_per_s * interval '1 second',
            trickle_ids = case when state = 'trickle' then trickle_ids || $2::uuid[] else trickle_ids end
      where id = $1`,
    [id, released, skipped, windowMs],
  );
}
