import type { Pool } from 'pg';
import { storableJson } from './storable-json.ts';

export interface ProcessorState {
  readonly id: string;
  readonly ageMs: number;
  readonly state: Readonly<Record<string, unknown>>;
}

/** Older than this a processor counts as gone: three missed heartbeats. */
export const PROCESSOR_GONE_MS = 6_000;
export const HEARTBEAT_MS = 2_000;
/**
 * SQL, of a row of `processors`: it was heard of lately. A heartbeat that is still to come was written by a clock that was set back since: the
 * next one of a processor that lives is of now.
 */
export const IS_ALIVE = `clock_timestamp() - heartbeat_at between interval '-${PROCESSOR_GONE_MS} ms' and interval '${PROCESSOR_GONE_MS} ms'`;
/** Rows of processors that are long gone are swept by the next heartbeat. */
const FORGET_AFTER = '1 hour';
/** More processors than any cluster here has: what a reader shows is bounded. */
const MAX_PROCESSORS = 200;

export async function writeHeartbeat(
  queryable: Pick<Pool, 'query'>,
  id: string,
  state: Readonly<Record<string, unknown>>,
): Promise<void> {
  await queryable.query(
    `insert into processors (id, state) values ($1, $2)
     on conflict (id) do update set heartbeat_at = now(), state = excluded.state`,
    [id, storableJson(state)],
  );
  await queryable.query(
    `delete from processors where now() - heartbeat_at not between -interval '${FORGET_AFTER}' and interval '${FORGET_AFTER}'`,
  );
}

/** As `removeHeartbeat`, but what it said stays, as of one that is gone, for who comes behind it. */
export async function leaveHeartbeat(
  queryable: Pick<Pool, 'query'>,
  id: string,
  state: Readonly<Record<string, unknown>>,
): Promise<void> {
  await queryable.query(
    `update processors set state = $2, heartbeat_at = now() - $3::float8 * interval '1 millisecond' where id = $1`,
    [id, storableJson(state), PROCESSOR_GONE_MS],
  );
}

export async function removeHeartbeat(queryable: Pick<Pool, 'query'>, id: string): Promise<void> {
  await queryable.query('delete from processors where id = $1', [id]);
}

/** As {@link IS_ALIVE}, of one that was read. */
export function isAlive({ ageMs }: Pick<ProcessorState, 'ageMs'>): boolean {
  return Math.abs(ageMs) < PROCESSOR_GONE_MS;
}

/** Every processor's last word on itself, with its age by the database's clock; the newest first. */
export async function readProcessorStates(
  queryable: Pick<Pool, 'query'>,
): Promise<readonly ProcessorState[]> {
  const result = await queryable.query<{ id: string; age_ms: number; state: Record<string, unknown> }>(
    `select id, state, (extract(epoch from clock_timestamp() - heartbeat_at) * 1000)::float8 as age_ms
       from processors order by heartbeat_at desc limit ${MAX_PROCESSORS}`,
  );
  return result.rows.map(row => ({ id: row.id, ageMs: Math.round(row.age_ms), state: row.state }));
}

/** What its handlers have counted, beside what it says of itself: only a person asks for it. */
export async function writeFigures(
  queryable: Pick<Pool, 'query'>,
  id: string,
  figures: object,
): Promise<void> {
  await queryable.query('update processors set figures = $2 where id = $1', [id, storableJson(figures)]);
}

/** Of the processors that live and have some, as they wrote them: maybe those of another release. */
export async function readFigures(queryable: Pick<Pool, 'query'>): Promise<readonly unknown[]> {
  const result = await queryable.query<{ figures: unknown }>(
    `select figures from processors
      where figures is not null and ${IS_ALIVE} order by id limit ${MAX_PROCESSORS}`,
  );
  return result.rows.map(({ figures }) => figures);
}
