import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { createPool } from '@ackline/store/pool';
import { POOL_MAX } from '../../src/app.ts';
import { checkConnections } from '../../src/processes/connection-sum.ts';

/** Of a processor with the default workers, and beside its pool. */
const LEAST_PROCESSOR = 4 + 8 + 2;

describe('the connections of several processes', () => {
  let database: TestDatabase;
  let free = 0;
  before(async () => {
    database = await createTestDatabase();
    const pool = createPool({
      connectionString: database.url,
      applicationName: 'test',
      max: 1,
      onError: () => undefined,
    });
    const { rows } = await pool.query<{ free: number }>(
      `select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
              - coalesce(current_setting('reserved_connections', true), '0')::int as free`,
    );
    free = rows[0]?.free ?? 0;
    await pool.end();
  });
  after(() => database.close());

  /** What is warned of. */
  async function check(processes: number): Promise<readonly string[]> {
    const warned: string[] = [];
    const warn = (_fields: object, event: string) => void warned.push(event);
    await checkConnections({ databaseUrl: database.url, processes, log: { warn } as never });
    return warned;
  }

  it('are short where no processor finds the least that it starts with beside them, and too many where they alone are', async () => {
    const processes = (connections: number) => Math.floor(connections / POOL_MAX) - 1;
    assert.deepEqual(await check(processes(free - LEAST_PROCESSOR)), []);
    assert.deepEqual(await check(processes(free - LEAST_PROCESSOR) + 1), ['postgres.connections-short']);
    await assert.rejects(check(processes(free) + 1), { code: 'ACKLINE_TOO_MANY_CONNECTIONS' });
  });
});
