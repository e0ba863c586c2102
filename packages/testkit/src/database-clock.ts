import pg from 'pg';
import type { TestDatabase } from './database.ts';

/**
 * Gives a database a clock that can be set: connections that are opened from then on see `now()` and `clock_timestamp()` shifted, and defaults
 * of columns are by it. Returns what sets it, to an interval from the real time ("1 day", "-2 hours").
 */
export async function settableClock({ url, name }: TestDatabase): Promise<(shift: string) => Promise<void>> {
  const run = async (...statements: readonly [string, ...unknown[]][]) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      for (const [text, ...values] of statements) await client.query(text, values);
    } finally {
      await client.end();
    }
  };
  await run([
    `create schema clock;
     create table clock.shift as select interval '0' as by;
     create function clock.now() returns timestamptz stable language sql as 'select pg_catalog.now() + by from clock.shift';
     create function clock.clock_timestamp() returns timestamptz language sql as 'select pg_catalog.clock_timestamp() + by from clock.shift';
     do $$ declare c record; begin
       for c in select table_name, column_name from information_schema.columns where table_schema = 'public' and column_default = 'now()' loop
         execute format('alter table %I alter column %I set default clock.now()', c.table_name, c.column_name);
       end loop;
     end $$;
     alter database ${name} set search_path = clock, pg_catalog, public`,
  ]);
  return shift => run(['update clock.shift set by = $1', shift]);
}
