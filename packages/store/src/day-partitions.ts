import type { Pool } from 'pg';
import { lockWaitMs } from './lock-patience.ts';

/** Days of partitions that exist ahead: a processor that is down for less than this finds its partition waiting. */
export const PARTITION_DAYS_AHEAD = 7;

const PARTITIONED_TABLES = ['events', 'finished_deliveries'] as const;

/**
 * Creates the partitions of today and the days ahead (UTC, database clock) where they are missing. A day that has rows in
 * the default partition already stays there: rows are never moved while work goes on. Who reads for longer than `lockLimitMs` (a
 * backup, a report) makes it fail: there is a week to try again.
 */
export async function ensureDayPartitions(
  queryable: Pick<Pool, 'query'>,
  lockLimitMs = lockWaitMs(0),
): Promise<void> {
  for (const table of PARTITIONED_TABLES) {
    await queryable.query(createPartitions(table, lockLimitMs));
  }
}

function createPartitions(table: (typeof PARTITIONED_TABLES)[number], lockLimitMs: number): string {
  return `
    do $$
    declare
      first_day date := (now() at time zone 'utc')::date;
      day date;
    begin
      -- Attaching a partition waits for every reader of the table, and all others would queue behind it.
      perform set_config('lock_timeout', '${lockLimitMs}ms', true);
      for day in select first_day + n from generate_series(0, ${PARTITION_DAYS_AHEAD}) n loop
        if to_regclass('${table}_' || to_char(day, 'YYYYMMDD')) is null
           and not exists (select from ${table}_default where stored_day = day) then
          execute format('create table if not exists %I partition of ${table} for values from (%L) to (%L)',
                         '${table}_' || to_char(day, 'YYYYMMDD'), day, day + 1);
        end if;
      end loop;
    end $$`;
}
