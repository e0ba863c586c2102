import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createPool } from '@ackline/store/pool';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import { moduleThat, startPool } from './pool-bench.ts';

describe('ctx.pg', () => {
  let database: TestDatabase;
  let pool: ReturnType<typeof createPool>;
  before(async () => {
    database = await createTestDatabase({ migrated: false });
    pool = createPool({
      connectionString: database.url,
      applicationName: 'test',
      max: 1,
      onError: () => undefined,
    });
    await pool.query('create table contacts (id text primary key, phone text)');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  const cases = `
    case 'upsert': {
      const { rows, rowCount } = await ctx.pg.query<{ id: string }>(
        'insert into contacts values ($1, $2) on conflict (id) do update set phone = excluded.phone returning id',
        [order.id, order.phone],
      );
      ctx.span.setAttribute('told', JSON.stringify([rows, rowCount]));
      return;
    }
    case 'break': await ctx.pg.query('insert into contacts values ($1)', [null]); return;
    case 'sleep': await ctx.pg.query('select pg_sleep(0.2)'); return;`;

  it('asks within its connections, which its thread closes, and shows of an error its code alone', async () => {
    const setup = { connectionString: database.url, connections: 2 };
    {
      await using bench = startPool(moduleThat(cases), { pg: setup });
      let told: unknown;
      const onAttribute = (_: string, value: unknown) => void (told = JSON.parse(String(value)));
      const order = { do: 'upsert', id: '1', phone: "+1'; drop table contacts" };
      assert.deepEqual(await bench.run(order, { onAttribute }), { kind: 'done' });
      assert.deepEqual(told, [[{ id: '1' }], 1]);
      const broken = await bench.run({ do: 'break' });
      assert.ok(broken.kind === 'failed', JSON.stringify(broken));
      assert.deepEqual([broken.code, broken.detail], ['23502', null]);
      const sleeping = Array.from({ length: 6 }, () => bench.run({ do: 'sleep' }));
      let isOver = false;
      const all = Promise.all(sleeping).finally(() => (isOver = true));
      let most = 0;
      while (!isOver) most = Math.max(most, await connections());
      assert.equal(most, 2);
      assert.ok((await all).every(({ kind }) => kind === 'done'));
    }
    await waitFor(async () => (await connections()) === 0);
  });

  async function connections(): Promise<number> {
    const { rows } = await pool.query(
      `select count(*)::int as n from pg_stat_activity where application_name = 'ackline handler bot'`,
    );
    return rows[0].n;
  }
});
