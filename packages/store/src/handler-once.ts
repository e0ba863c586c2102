import type { Sealed } from '@ackline/shared/seal';
import type { Pool } from 'pg';

/**
 * What handlers do once:
 *
 * HO1. A claim is committed before anything is done for it, so that who finds none knows that nothing was.
 * HO2. One claim of a key at a time. It goes over to another only where nobody can be at it any more, and only to one that may do
 *      it again.
 * HO3. Who writes what became of a claim names it: one that was taken over meanwhile has no say.
 */
export interface OnceKey {
  readonly destination: string;
  readonly key: string;
}

export interface OnceClaim extends OnceKey {
  /** A UUID of its own. */
  readonly claim: string;
}

export interface OnceRequest extends OnceClaim {
  /** An attempt of it ends before another begins: what an earlier one has left, nobody is at. */
  readonly delivery: string;
  /** For so long the caller may be at it. */
  readonly holdMs: number;
  /** What may have been done already may be done again. */
  readonly mayRepeat: boolean;
}

export type OnceState =
  | { readonly kind: 'claimed' }
  /** It was done; null: it came to nothing. */
  | { readonly kind: 'kept'; readonly result: Sealed | null }
  /** It was begun, and nobody can tell whether it was done. */
  | { readonly kind: 'uncertain' }
  /** Somebody is at it. */
  | { readonly kind: 'busy' };

/** Between the claim that finds a row and the look at it, the row may go; who loses so often meets others that work at the key. */
const MAX_LOOKS = 3;

/** Claims a key, or says what is known of it. */
export async function beginOnce(queryable: Pick<Pool, 'query'>, request: OnceRequest): Promise<OnceState> {
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    if (await claim(queryable, request)) return { kind: 'claimed' };
    const state = await look(queryable, request);
    if (state !== null) return state;
  }
  return { kind: 'busy' };
}

/** Nobody is at it any more. */
const IS_LEFT = (delivery: string) =>
  `not o.done and (o.held_until <= clock_timestamp() or o.delivery = ${delivery})`;

async function claim(
  queryable: Pick<Pool, 'query'>,
  { destination, key, claim, delivery, holdMs, mayRepeat }: OnceRequest,
): Promise<boolean> {
  const { rowCount } = await queryable.query({
    name: 'handler-once-begin',
    text: `insert into handler_once as o (destination, key, claim, delivery, held_until)
           values ($1, $2, $3, $4, clock_timestamp() + $5::float8 * interval '1 millisecond')
           on conflict (destination, key) do update
              set claim = excluded.claim, delivery = excluded.delivery, held_until = excluded.held_until
            where $6::boolean and ${IS_LEFT('excluded.delivery')}`,
    values: [destination, key, claim, delivery, holdMs, mayRepeat],
  });
  return rowCount === 1; // (HO1, HO2)
}

interface FoundRow {
  readonly done: boolean;
  readonly isLeft: boolean;
  readonly keyId: string | null;
  readonly result: Uint8Array | null;
}

async function look(
  queryable: Pick<Pool, 'query'>,
  { destination, key, delivery, mayRepeat }: OnceRequest,
): Promise<OnceState | null> {
  const { rows } = await queryable.query<FoundRow>({
    name: 'handler-once-look',
    text: `select o.done, ${IS_LEFT('$3')} as "isLeft", o.key_id as "keyId", o.result
             from handler_once o where o.destination = $1 and o.key = $2`,
    values: [destination, key, delivery],
  });
  const [row] = rows;
  if (row === undefined || (row.isLeft && mayRepeat)) return null; // free since
  if (!row.done) return { kind: row.isLeft ? 'uncertain' : 'busy' };
  const { keyId, result: bytes } = row;
  return { kind: 'kept', result: keyId === null || bytes === null ? null : { keyId, bytes } };
}

/** Writes that it was done. False: the claim is another's by now (HO3). */
export async function keepOnce(
  queryable: Pick<Pool, 'query'>,
  { destination, key, claim }: OnceClaim,
  result: Sealed | null,
): Promise<boolean> {
  const { rowCount } = await queryable.query({
    name: 'handler-once-keep',
    text: `update handler_once set done = true, key_id = $4, result = $5
            where destination = $1 and key = $2 and claim = $3 and not done`,
    values: [destination, key, claim, result?.keyId ?? null, result?.bytes ?? null],
  });
  return rowCount === 1;
}

/** Nothing was done: whoever comes next may do it. */
export async function undoOnce(
  queryable: Pick<Pool, 'query'>,
  { destination, key, claim }: OnceClaim,
): Promise<void> {
  await queryable.query({
    name: 'handler-once-undo',
    text: 'delete from handler_once where destination = $1 and key = $2 and claim = $3 and not done',
    values: [destination, key, claim],
  });
}

/** Nobody is at these any more, and what became of them is not known. */
export async function leaveOnce(queryable: Pick<Pool, 'query'>, claims: readonly OnceClaim[]): Promise<void> {
  await queryable.query({
    name: 'handler-once-leave',
    text: `update handler_once o set held_until = clock_timestamp()
             from unnest($1::text[], $2::text[], $3::uuid[]) as left_behind (destination, key, claim)
            where (o.destination, o.key, o.claim) = (left_behind.destination, left_behind.key, left_behind.claim) and not o.done`,
    values: [
      claims.map(({ destination }) => destination),
      claims.map(({ key }) => key),
      claims.map(({ claim }) => claim),
    ],
  });
}

/** A statement that ends within milliseconds. */
const SWEEP_LIMIT = 1_000;

/** Removes what was begun longer ago than this: so much of it at a time, and returns whether there may be more. */
export async function sweepOnce(
  queryable: Pick<Pool, 'query'>,
  windowMs: number,
): Promise<{ readonly removed: number; readonly isMore: boolean }> {
  const { rowCount } = await queryable.query(
    `delete from handler_once where ctid = any(array(
       select ctid from handler_once where begun_at < now() - $1::float8 * interval '1 millisecond'
        order by begun_at limit ${SWEEP_LIMIT} for update skip locked))`,
    [windowMs],
  );
  const removed = rowCount ?? 0;
  return { removed, isMore: removed === SWEEP_LIMIT };
}
