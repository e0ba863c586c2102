/** Days that a table has rows of, one by one along its key, which begins with the day. */
const daysIn = (table: string) => `
  select day from (
    with recursive next (day) as (
      select min(stored_day) from ${table}
      union all
      select (select min(stored_day) from ${table} where stored_day > next.day) from next where next.day is not null)
    select day from next) ${table}_days where day is not null`;

/** By their partitions, and what lies in none. */
const DAYS_OF_EVENTS = `
  select to_date(right(relid::text, 8), 'YYYYMMDD') as day from pg_partition_tree('events') where relid::text ~ '_[0-9]{8}$'
  union ${daysIn('events_default')}`;

/**
 * SQL: the days of a table, whatever PostgreSQL's clock was set to when they were stored: a number (`seq`) behind another one may be of
 * any day.
 */
export const STORED_DAYS: Readonly<Record<'events' | 'kept_events', string>> = {
  events: DAYS_OF_EVENTS,
  kept_events: daysIn('kept_events'),
};
