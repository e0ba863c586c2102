/**
 * The circuit breakers of destinations, one row each, over all processors. A row is written only when something fails, or goes
 * well after failures.
 *
 * DS1. Failures in a row are those of all processors together; the one that makes them as many as the threshold opens the circuit.
 * DS2. A report counts only while the circuit is closed, and in the very epoch in which its attempts began: an open one hears
 *      nothing of them, nor does one that has closed again since.
 * DS3. Once its time is over, one of all who ask gets the probe. One that is lost with its processor is given again after its time. A
 *      time that is further away than any of its kind was given by a clock that was set back since, and is over.
 * DS4. Only the probe that is out decides: it closes the circuit, opens it again, or was not used, and then the next may ask.
 * DS5. All who listen hear of each change of status, and of the first failure of a row: else one that sees only successes would
 *      not know that there is something to end. Times are PostgreSQL's, and told as what is left of them.
 */
import type { Pool } from 'pg';
import { LONGEST_LEASE_MS } from './deliveries.ts';

export type DestinationStatus = 'CLOSED' | 'OPEN' | 'HALF_OPEN';

export interface DestinationState {
  readonly name: string;
  readonly status: DestinationStatus;
  /** In a row, over all processors. */
  readonly failures: number;
  /** The greater is the newer. */
  readonly version: number;
  readonly epoch: number;
  /** null: not open. Negative: a probe may be taken. */
  readonly reopensInMs: number | null;
  /** null: not half open. */
  readonly probeEndsInMs: number | null;
  /** Since it last closed after an opening; null: it never did. */
  readonly closedForMs: number | null;
}

/**
 * As people are told it. The row of a circuit whose time is over stays open until somebody has work for it and takes the probe (DS3): that
 * may be never, and until then nothing is wrong that anybody knows of. So it counts as half open, which the next delivery decides.
 */
export function shownStatus({
  status,
  reopensInMs,
}: Pick<DestinationState, 'status' | 'reopensInMs'>): DestinationStatus {
  return status === 'OPEN' && reopensInMs !== null && reopensInMs <= 0 ? 'HALF_OPEN' : status;
}

/** What attempts of one epoch came to. */
export interface HealthReport {
  readonly name: string;
  readonly epoch: number;
  /** One of them went well. */
  readonly succeeded: boolean;
  /** Since the last that went well. */
  readonly failures: number;
  /** Of failures in a row. */
  readonly threshold: number;
  /** From the opening to the first probe. */
  readonly resetMs: number;
}

/** A state, and whether this very statement made it. */
export interface ChangedState extends DestinationState {
  readonly changed: boolean;
}

export const DESTINATIONS_CHANNEL = 'ackline_destinations';

/** Keeps the count an integer, whatever the threshold. */
const MAX_FAILURES = 1_000_000;

const inMs = (time: string) => `(extract(epoch from ${time} - clock_timestamp()) * 1000)::float8`;
const STATE = `name, status, failures, version::float8 as version, epoch, ${inMs('reopens_at')} as "reopensInMs",
               ${inMs('probe_until')} as "probeEndsInMs", -${inMs('closed_at')} as "closedForMs"`;
const NOTIFY = `pg_notify('${DESTINATIONS_CHANNEL}', name)`;

/** Counts what the reports say (DS1, DS2); returns what is known of each of their destinations then. */
export async function reportHealth(
  queryable: Pick<Pool, 'query'>,
  reports: readonly HealthReport[],
): Promise<readonly ChangedState[]> {
  const states = await countReports(queryable, reports);
  const known = new Set(states.map(state => state.name));
  const first = reports.filter(report => !known.has(report.name));
  if (first.length === 0) return states;
  await queryable.query(
    'insert into destination_states (name) select unnest($1::text[]) order by 1 on conflict (name) do nothing',
    [first.map(report => report.name)],
  );
  return [...states, ...(await countReports(queryable, first))];
}

/** Rows are locked in the order of their names, and `next` reckoned from what is under the lock. */
async function countReports(
  queryable: Pick<Pool, 'query'>,
  reports: readonly HealthReport[],
): Promise<readonly ChangedState[]> {
  const result = await queryable.query<ChangedState>({
    name: 'destination-states-report',
    text: `with r as (
             select * from unnest($1::text[], $2::int[], $3::bool[], $4::int[], $5::int[], $6::float8[])
                        as r (name, epoch, succeeded, failures, threshold, reset_ms)
           ), held as materialized (
             select s.name, s.failures = 0 as none, r.threshold, r.reset_ms,
                    least(case when r.succeeded then r.failures else s.failures + r.failures end, r.threshold) as next
               from destination_states s join r on r.name = s.name
              where s.status = 'CLOSED' and s.epoch = r.epoch
              order by s.name for update of s
           ), counted as (
             update destination_states s
                set failures = h.next, version = s.version + 1,
                    status = case when h.next >= h.threshold then 'OPEN' else s.status end,
                    epoch = case when h.next >= h.threshold then s.epoch + 1 else s.epoch end,
                    reopens_at = case when h.next >= h.threshold
                                      then clock_timestamp() + h.reset_ms * interval '1 millisecond' end
               from held h where s.name = h.name
             returning s.*, s.status = 'OPEN' or (h.none and h.next > 0) as tell
           ), told as materialized (select ${NOTIFY} from counted where tell) -- (DS5)
           select ${STATE}, status = 'OPEN' as changed from counted cross join (select count(*) from told) t
           union all
           select ${STATE}, false from destination_states where name in (select name from r except select name from counted)`,
    values: [
      reports.map(report => report.name),
      reports.map(report => report.epoch),
      reports.map(report => report.succeeded),
      reports.map(report => report.failures),
      reports.map(report => report.threshold),
      reports.map(report => report.resetMs),
    ],
  });
  return result.rows;
}

/** A clock that is put right by so much changes nothing. */
const ROOM_MS = 1_000;

/** What is left of a time of at most `longestMs`: 0 where it says more (DS3). */
export function leftOf(leftMs: number, longestMs: number): number {
  return leftMs > longestMs + ROOM_MS ? 0 : leftMs;
}

/** `leftOf`, in SQL. */
const isOver = (time: string, longestMs: string) =>
  `(${time} <= clock_timestamp() or ${time} > clock_timestamp() + (${longestMs} + ${ROOM_MS}) * interval '1 millisecond')`;

export interface ProbeWish {
  /** The probe is then the caller's for so long, {@link LONGEST_LEASE_MS} at most. */
  readonly probeMs: number;
  /** From an opening to its first probe. */
  readonly resetMs: number;
}

/** Asks for the probe (DS3): `changed` says whether the caller got it. null: it never failed. */
export async function takeProbe(
  queryable: Pick<Pool, 'query'>,
  name: string,
  { probeMs, resetMs }: ProbeWish,
): Promise<ChangedState | null> {
  return change(queryable, {
    name,
    set: `status = 'HALF_OPEN', reopens_at = null, probe_until = clock_timestamp() + $2::float8 * interval '1 millisecond'`,
    where: `(status = 'OPEN' and ${isOver('reopens_at', '$3::float8')})
            or (status = 'HALF_OPEN' and ${isOver('probe_until', String(LONGEST_LEASE_MS))})`,
    values: [probeMs, resetMs],
  });
}

export interface ProbeEnd {
  readonly name: string;
  /** In which the probe was given. */
  readonly epoch: number;
  readonly result: 'success' | 'failure' | 'unused';
  /** To the next probe, after a failure. */
  readonly resetMs: number;
}

/** Says what the probe came to (DS4). One that was given to another meanwhile changes nothing. */
export async function endProbe(
  queryable: Pick<Pool, 'query'>,
  { name, epoch, result, resetMs }: ProbeEnd,
): Promise<ChangedState | null> {
  const closes = "$3::text = 'success'";
  return change(queryable, {
    name,
    set: `status = case when ${closes} then 'CLOSED' else 'OPEN' end,
          failures = case $3::text when 'success' then 0 when 'failure' then least(failures + 1, ${MAX_FAILURES}) else failures end,
          reopens_at = case $3::text when 'failure' then clock_timestamp() + $4::float8 * interval '1 millisecond'
                               when 'unused' then clock_timestamp() end,
          closed_at = case when ${closes} then clock_timestamp() else closed_at end,
          probe_until = null`,
    where: `status = 'HALF_OPEN' and epoch = $2::int`,
    values: [epoch, result, resetMs],
  });
}

/** Begins with a closed circuit: it is for another URL now, or goes by another rule. */
export async function resetDestinationState(
  queryable: Pick<Pool, 'query'>,
  name: string,
): Promise<ChangedState | null> {
  return change(queryable, {
    name,
    set: `status = 'CLOSED', failures = 0, reopens_at = null, probe_until = null, closed_at = null`,
    where: 'true',
    values: [],
  });
}

interface Change {
  readonly name: string;
  readonly set: string;
  readonly where: string;
  /** From $2. */
  readonly values: readonly unknown[];
}

async function change(
  queryable: Pick<Pool, 'query'>,
  { name, set, where, values }: Change,
): Promise<ChangedState | null> {
  const result = await queryable.query<ChangedState>(
    `with changed as (
       update destination_states set ${set}, version = version + 1, epoch = epoch + 1
        where name = $1 and (${where}) returning *
     ), told as materialized (select ${NOTIFY} from changed) -- (DS5)
     select ${STATE}, true as changed from changed cross join (select count(*) from told) t
     union all
     select ${STATE}, false from destination_states where name = $1 and not exists (select from changed)`,
    [name, ...values],
  );
  return result.rows[0] ?? null;
}

/** Of these, those that have ever failed. */
export async function readDestinationStates(
  queryable: Pick<Pool, 'query'>,
  names: readonly string[],
): Promise<readonly DestinationState[]> {
  const result = await queryable.query<DestinationState>(
    `select ${STATE} from destination_states where name = any($1::text[]) order by name`,
    [names],
  );
  return result.rows;
}
