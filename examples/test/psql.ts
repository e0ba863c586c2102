import { spawnSync } from 'node:child_process';

/** For `skip` of a test; false where psql is there. */
export const WITHOUT_PSQL: string | false =
  spawnSync('psql', ['--version']).status === 0 ? false : 'psql is not on PATH (Debian: postgresql-client)';
