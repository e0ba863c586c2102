import type { Pool, PoolClient } from 'pg';
import { type AttemptRecord, type DeliveryKey, HEAD, MAX_KEPT_ATTEMPTS, MAY_BLOCK } from './deliveries.ts';
import type { ForgottenEvent } from './forgotten-events.ts';
import { storableJson } from './storable-json.ts';
import { inTransaction } from './transaction.ts';

/**
 * A storer holds the lock of a head for the milliseconds of its commit. One that is frozen holds it until the server ends it: what
 * waits here is tried again, and short of the margin of a lease.
 */
const LOCK_LIMIT_MS = 2_000;

/** What became of a leased delivery; written only while the lease is still the caller's. */
export interface DeliveryOutcome {
  readonly id: string;
  readonly leaseId: string;
  readonly state: 'delivered' | 'due' | 'parked';
  /** For `due`: when, from now. */
  readonly afterMs: number;
  /** Only a recorded outcome uses up the schedule; a hold does not. */
  readonly countsAsTry: boolean;
  readonly parkReason: string | null;
  /** Parked, it holds the later deliveries of its key; means nothing for one that stands outside the order. */
  readonly blocks: boolean;
  readonly attempt: AttemptRecord | null;
}

export interface RecordedOutcomes {
  /** The ids that were still leased as named: of the others somebody else decides. */
  readonly written: ReadonlySet<string>;
  /** So many that waited for these are heads now, and due. */
  readonly promoted: number;
  /** Events of what is delivered and not kept: for `forgetEvents`, which nothing has to wait for. */
  readonly forgotten: readonly ForgottenEvent[];
}

/** Some outcomes are written, and of the others it is not known: they may be tried again. */
export class PartlyWritten extends Error implements RecordedOutcomes {
  override readonly name = 'PartlyWritten';
  readonly written: ReadonlySet<string>;
  readonly promoted: number;
  readonly forgotten: readonly ForgottenEvent[];

  constructor({ written, promoted, forgotten }: RecordedOutcomes, cause: unknown) {
    super('outcomes of heads that others wait for are not written', { cause });
    this.written = written;
    this.promoted = promoted;
    this.forgotten = forgotten;
  }
}

/**
 * Writes outcomes. Heads that nobody waits for take one statement, the others a transaction (H4). Neither waits for a lock, so that a key whose head is locked for
 * long holds up no other; what is locked is waited for at last, not for long, and one at a time: who waits holds nothing else.
 */
export async function recordOutcomes(
  pool: Pool,
  outcomes: readonly DeliveryOutcome[],
): Promise<RecordedOutcomes> {
  const rows: Outcome[] = [];
  let promoted = 0;
  const recorded = (): RecordedOutcomes => ({ written: idsOf(rows), promoted, forgotten: forgotten(rows) });
  const left = () => {
    const { written } = recorded();
    return outcomes.filter(outcome => !written.has(outcome.id));
  };
  const addFollowed = async (some: readonly DeliveryOutcome[], waits: boolean) => {
    const followed = await finishFollowed(pool, some, waits);
    rows.push(...followed.finished);
    promoted += followed.promoted;
  };
  try {
    rows.push(...(await finish(pool, outcomes, { followed: false, waits: false })));
    if (left().length > 0) await addFollowed(left(), false);
    for (const locked of left().length === 0 ? [] : await stillLeased(pool, left())) {
      await addFollowed([locked], true);
    }
  } catch (error) {
    throw rows.length === 0 ? error : new PartlyWritten(recorded(), error);
  }
  return recorded();
}

/** Those whose lease is still what they name: somebody has their rows locked just now. */
async function stillLeased(
  pool: Pool,
  outcomes: readonly DeliveryOutcome[],
): Promise<readonly DeliveryOutcome[]> {
  const { rows } = await pool.query<{ leaseId: string; id: string }>({
    name: 'deliveries-still-leased',
    text: `select id, lease_id as "leaseId" from deliveries where id = any($1::uuid[]) and state = 'leased'`,
    values: [outcomes.map(outcome => outcome.id)],
  });
  const leases = new Map(rows.map(({ id, leaseId }) => [id, leaseId]));
  return outcomes.filter(({ id, leaseId }) => leases.get(id) === leaseId);
}

const idsOf = (rows: readonly { id: string }[]): ReadonlySet<string> => new Set(rows.map(row => row.id));

function finishFollowed(
  pool: Pool,
  outcomes: readonly DeliveryOutcome[],
  waits: boolean,
): Promise<{ readonly finished: readonly Outcome[]; readonly promoted: number }> {
  return inTransaction(pool, async client => {
    if (waits) await client.query(`set local lock_timeout = ${LOCK_LIMIT_MS}`);
    const finished = await finish(client, outcomes, { followed: true, waits });
    return { finished, promoted: await promote(client, finished.flatMap(freedKey)) }; // (H4)
  });
}

/** A row that was taken from its place. */
export interface Finished {
  readonly id: string;
  readonly destination: string;
  readonly source: string;
  readonly orderingKey: string | null;
  /** It was a head with others behind it, and is none any more. */
  readonly frees: boolean;
}

export function freedKey({ destination, source, orderingKey, frees }: Finished): readonly DeliveryKey[] {
  return frees && orderingKey !== null ? [{ destination, source, orderingKey }] : [];
}

/** It stays the head that it is, if it is one. */
const STAYS_HEAD = `(o.state = 'due' or (o.state = 'parked' and o.blocks and ${MAY_BLOCK}))`;
/**
 * A hold by which nothing was sent, for the reason of the last one, once a second maybe: it takes its place, so that what was
 * answered before stays. Other holds may have arrived, or were answered: each is kept.
 */
const REPEATS_HOLD = `o.attempt ->> 'outcome' = 'hold' and o.attempt ->> 'error' similar to '(transform-%|handler-busy|handler-not-ready)'
                      and d.attempts -> -1 ->> 'outcome' = 'hold' and d.attempts -> -1 ->> 'error' = o.attempt ->> 'error'`;
/** `d.attempts` with the attempt of `o`, bounded. */
const WITH_ATTEMPT = `case when o.attempt is null then d.attempts
                           when ${REPEATS_HOLD}
                             then (d.attempts - -1)
                                  || (o.attempt || jsonb_build_object('times', coalesce((d.attempts -> -1 ->> 'times')::int, 1) + 1,
                                                                      'previousAt', d.attempts -> -1 ->> 'at'))
                           when jsonb_array_length(d.attempts) >= ${MAX_KEPT_ATTEMPTS} then (d.attempts - 0) || o.attempt
                           else d.attempts || o.attempt end`;

/** What replays have sent, of `gone`. */
const ENDS_OF_REPLAYS = `insert into replay_ends (replay_id, delivered)
                         select replay_id, count(*) from gone where replay_id is not null group by replay_id`;

/** With the event of one that was delivered and is not kept. */
type Outcome = Finished & ({ readonly storedDay: null } | ForgottenEvent);

const forgotten = (rows: readonly Outcome[]): readonly ForgottenEvent[] =>
  rows.flatMap(row => (row.storedDay === null ? [] : [{ storedDay: row.storedDay, seq: row.seq }]));

interface FinishOptions {
  /** false: heads that others wait for stay as they are. Where one gets its mark meanwhile, PostgreSQL looks at that version of it. */
  readonly followed: boolean;
  /** false: rows that somebody has locked stay as they are. */
  readonly waits: boolean;
}

/**
 * One statement; returns the rows that were still leased as named, but for those that the options leave. One delivery may be in
 * it twice, with an older lease whose outcome was written and not answered: each part of the statement goes by the lease.
 */
async function finish(
  queryable: Pick<Pool, 'query'> | PoolClient,
  outcomes: readonly DeliveryOutcome[],
  { followed, waits }: FinishOptions,
): Promise<readonly Outcome[]> {
  const result = await queryable.query<Outcome>({
    name: waits ? 'deliveries-outcome-wait' : 'deliveries-outcome',
    text: `with o as (
             select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::float8[], $5::int[], $6::text[], $7::bool[], $8::jsonb[])
                        as o (id, lease_id, state, after_ms, counted, park_reason, blocks, attempt)
           ), mine as materialized (
             select d.id, d.destination, d.source, d.ordering_key, d.followed and not ${STAYS_HEAD} as frees
               from deliveries d join o on o.id = d.id
              where d.state = 'leased' and d.lease_id = o.lease_id and ($9 or not d.followed or ${STAYS_HEAD})
              order by d.destination, d.source, d.ordering_key, d.id for update of d ${waits ? '' : 'skip locked'} -- (H3)
           ), gone as (
             delete from deliveries d using o, mine
              where d.id = mine.id and o.id = d.id and o.lease_id = d.lease_id and o.state = 'delivered'
             returning d.stored_day, d.id, d.seq, d.event_id, d.source, d.tenant, d.route, d.destination, d.ordering_key,
                       d.priority, d.due_at, d.tries + o.counted as tries, d.interruptions, ${WITH_ATTEMPT} as attempts,
                       d.replay, d.created_at, d.keep_history, d.transforms, d.replay_id
           ), kept as (
             insert into finished_deliveries (stored_day, id, seq, event_id, source, tenant, route, destination, ordering_key,
                                              priority, due_at, tries, interruptions, attempts, replay, created_at, state,
                                              finished_at, transforms)
             select stored_day, id, seq, event_id, source, tenant, route, destination, ordering_key, priority, due_at, tries,
                    interruptions, attempts, replay, created_at, 'delivered', clock_timestamp(), transforms
               from gone where keep_history
           ), ended as (${ENDS_OF_REPLAYS}), changed as (
             update deliveries d
                set state = o.state, lease_id = null, lease_until = null,
                    due_at = case when o.state = 'due' then clock_timestamp() + o.after_ms * interval '1 millisecond'
                                  else d.due_at end,
                    tries = d.tries + o.counted,
                    attempts = ${WITH_ATTEMPT},
                    park_reason = o.park_reason,
                    blocks = (o.blocks and ${MAY_BLOCK}) or (d.blocks and o.state = 'due'),
                    followed = d.followed and ${STAYS_HEAD},
                    finished_at = case when o.state = 'due' then null else clock_timestamp() end
               from o, mine
              where d.id = mine.id and o.id = d.id and o.lease_id = d.lease_id and o.state <> 'delivered'
           )
           select m.id, m.destination, m.source, m.ordering_key as "orderingKey", m.frees, g.stored_day::text as "storedDay", g.seq
             from mine m left join gone g on g.id = m.id and not g.keep_history`,
    values: [
      outcomes.map(o => o.id),
      outcomes.map(o => o.leaseId),
      outcomes.map(o => o.state),
      outcomes.map(o => o.afterMs),
      outcomes.map(o => (o.countsAsTry ? 1 : 0)),
      outcomes.map(o => o.parkReason),
      outcomes.map(o => o.blocks),
      outcomes.map(o => (o.attempt === null ? null : storableJson(o.attempt))),
      followed,
    ],
  });
  return result.rows;
}

/**
 * Makes the first waiting row of each key its head, where the key has none. A statement of its own, after the one that took the
 * head away and in its transaction (H4): nobody else touches a waiting row then, since all would wait for that head.
 * Returns how many it made.
 */
export async function promote(client: PoolClient, keys: readonly DeliveryKey[]): Promise<number> {
  if (keys.length === 0) return 0;
  const ofKey = (alias: string) =>
    `${alias}.destination = k.destination and ${alias}.source = k.source and ${alias}.ordering_key = k.ordering_key`;
  const { rowCount } = await client.query({
    name: 'deliveries-promote',
    text: `with k as (
             select distinct * from unnest($1::text[], $2::text[], $3::text[]) as k (destination, source, ordering_key)
           ), next as (
             select n.id,
                    (select true from deliveries w where ${ofKey('w')} and w.state = 'waiting' and w.id <> n.id
                      order by w.seq limit 1) as more
               from k cross join lateral (select w.id from deliveries w where ${ofKey('w')} and w.state = 'waiting'
                                           order by w.seq, w.id limit 1) n
              where (select h.id from deliveries h where ${ofKey('h')} and ${HEAD}) is null
           )
           update deliveries d
              set state = 'due', followed = coalesce((select more from next where next.id = d.id), false)
            where d.id = any(array(select id from next))`,
    values: [keys.map(k => k.destination), keys.map(k => k.source), keys.map(k => k.orderingKey)],
  });
  return rowCount ?? 0;
}
