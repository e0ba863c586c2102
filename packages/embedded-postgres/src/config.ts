/**
 * The environment that PostgreSQL's programs get: ours, without what would change their behaviour behind our back
 * (PGDATA, PGPORT, a locale that translates messages or sorts differently).
 */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(inherited), LC_ALL: 'C' };
}
