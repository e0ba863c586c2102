/**
 * Making days. Storing never waits for it: to attach a table locks the parent against other changes of it alone, and the default
 * partition, which storing touches where its day has no partition. Whoever looks through all days waits, so nothing that takes long
 * is done under that lock: PostgreSQL looks for rows of the new day in the default partition, unless a constraint says that it has none.
 *
 * A constraint that nobody came to remove would refuse rows of its day. So it is there for days to come alone, and whoever makes days
 * removes those that are left, first.
 */
import type { Pool } from 'pg';
import { LONGEST_LOCK_WAIT_MS, lockWaitMs } from './lock-patience.ts';

/** Days of partitions that exist ahead: a processor that is down for less than this finds its partition waiting. */
export const PARTITION_DAYS_AHEAD = 7;

const PARTITIONED_TABLES = ['events', 'finished_deliveries'] as const;
/** A default partition of that size is looked through in some ten milliseconds. */
const SMALL_BYTES = 8 * 1024 * 1024;
/** Any number that nothing else in the database uses for an advisory lock. */
const PARTITIONS_LOCK = 4_207_151_895;

interface MissingDay {
  readonly table: (typeof PARTITIONED_TABLES)[number];
  readonly day: string;
  /** Whether a look through the default partition would take long; today's rows may come there at any moment. */
  readonly proveFirst: boolean;
}

/**
 * Creates the partitions of today and the days ahead (UTC, database clock) where they are missing. A day that has rows in
 * the default partition already stays there: rows are never moved while work goes on. Who reads for longer than `lockLimitMs` (a
 * backup, a report) makes it fail: there is a week to try again. Any number of processes may do it at once.
 */
export async function ensureDayPartitions(
  queryable: Pick<Pool, 'query'>,
  lockLimitMs = lockWaitMs(0),
): Promise<void> {
  const within = `set local lock_timeout = ${lockLimitMs}; set local statement_timeout = ${LONGEST_LOCK_WAIT_MS};`;
  for (const table of PARTITIONED_TABLES) await queryable.query(`${within} ${removeLeft(table)}`);
  for (const missing of await listMissing(queryable)) {
    if (missing.proveFirst) {
      await queryable.query(`${within} ${promiseNone(missing)}`);
      // Locks nobody out, however long it takes.
      await queryable.query(`set local lock_timeout = ${lockLimitMs}; ${proveNone(missing)}`);
    }
    await queryable.query(`${within} ${attach(missing)}`);
  }
}

/** Today's first. */
async function listMissing(queryable: Pick<Pool, 'query'>): Promise<readonly MissingDay[]> {
  const result = await queryable.query<MissingDay>(
    `select t.name as table, d.day::text,
            n > 0 and pg_relation_size((t.name || '_default')::regclass) > ${SMALL_BYTES} as "proveFirst"
       from unnest($1::text[]) t (name), generate_series(0, ${PARTITION_DAYS_AHEAD}) n,
            lateral (select (now() at time zone 'utc')::date + n as day) d
      where to_regclass(t.name || to_char(d.day, '_YYYYMMDD')) is null
      order by n, t.name`,
    [PARTITIONED_TABLES],
  );
  return result.rows;
}

const partitionOf = ({ table, day }: MissingDay) => `${table}_${day.replaceAll('-', '')}`;
const constraintOf = ({ table, day }: MissingDay) => `${table}_none_of_${day.replaceAll('-', '')}`;
const hasConstraint = (missing: MissingDay) =>
  `exists (select from pg_constraint where conrelid = '${missing.table}_default'::regclass and conname = '${constraintOf(missing)}')`;
const isToMake = (missing: MissingDay) =>
  `to_regclass('${partitionOf(missing)}') is null
   and not exists (select from ${missing.table}_default where stored_day = '${missing.day}')`;

/** Another process may do the same at this moment: then one of the two waits, and finds it done. */
const alone = (statements: string) => `
  do $$
  begin
    perform pg_advisory_xact_lock(${PARTITIONS_LOCK});
    ${statements}
  end $$`;

const promiseNone = (missing: MissingDay) =>
  alone(`
    if ${isToMake(missing)} and not ${hasConstraint(missing)} then
      alter table ${missing.table}_default add constraint ${constraintOf(missing)}
        check (stored_day < '${missing.day}' or stored_day >= date '${missing.day}' + 1) not valid;
    end if;`);

const proveNone = (missing: MissingDay) => `
  do $$
  begin
    if ${hasConstraint(missing)} then
      alter table ${missing.table}_default validate constraint ${constraintOf(missing)};
    end if;
  end $$`;

const attach = (missing: MissingDay) =>
  alone(`
    if ${isToMake(missing)} then
      create table ${partitionOf(missing)} (like ${missing.table} including all);
      alter table ${missing.table} attach partition ${partitionOf(missing)}
        for values from ('${missing.day}') to (date '${missing.day}' + 1);
    end if;
    if ${hasConstraint(missing)} then
      alter table ${missing.table}_default drop constraint ${constraintOf(missing)};
    end if;`);

/** Of days that have come, or have a partition. */
const removeLeft = (table: MissingDay['table']) => `
  do $$
  declare
    name text;
  begin
    for name in select conname from pg_constraint
                 where conrelid = '${table}_default'::regclass and conname ~ '^${table}_none_of_[0-9]{8}$'
                   and (to_date(right(conname, 8), 'YYYYMMDD') <= (now() at time zone 'utc')::date
                        or to_regclass('${table}_' || right(conname, 8)) is not null) loop
      execute format('alter table ${table}_default drop constraint %I', name);
    end loop;
  end $$`;
