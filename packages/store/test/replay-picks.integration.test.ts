import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { pickItems, type PickOptions } from '@ackline/store/replay-picks';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import pg from 'pg';

const REPLAY = '019ab2c4-0000-7000-8000-00000000000d';
const ITEMS = 60_000;
const RELEASED = 50_000;
const NEXT: PickOptions = { limit: 100, maxOpen: 100, open: new Map() };

describe('the next items of a long replay', { timeout: 120_000 }, () => {
  let database: TestDatabase;
  let client: pg.Client;
  /** A backup: what is gone since it began stays where it was, and no index forgets it. */
  let snapshot: pg.Client;
  before(async () => {
    database = await createTestDatabase();
    client = new pg.Client({ connectionString: database.url });
    snapshot = new pg.Client({ connectionString: database.url });
    await Promise.all([client.connect(), snapshot.connect()]);
    await client.query(
      `insert into replays (id, created_by, filter, rate_per_s, trickle, state, counted, released, next_n)
       values ($1, 'anna', '{}', 50, 5, 'running', ${ITEMS}, ${RELEASED}, ${RELEASED} + 1)`,
      [REPLAY],
    );
    await client.query(
      `insert into replay_items (replay_id, n, delivery_id, destination)
       select $1, n, gen_random_uuid(), (array['crm', 'erp', 'shop'])[n % 3 + 1] from generate_series(1, ${ITEMS}) n`,
      [REPLAY],
    );
    await client.query('vacuum analyze replay_items');
    await snapshot.query('begin isolation level repeatable read');
    await snapshot.query('select count(*) from replay_items');
    await client.query('delete from replay_items where n <= $1', [RELEASED]);
  });
  after(async () => {
    await snapshot.end();
    await client.end();
    await database.close();
  });

  /** Pages that it reads of the tables and their indexes. */
  async function pagesRead(): Promise<number> {
    let pages = 0;
    const query = async (text: string, values?: unknown[]) => {
      const { rows } = await client.query(`explain (analyze, buffers, format json) ${text}`, values);
      const plan = rows[0]['QUERY PLAN'][0].Plan;
      pages += plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
      return { rows: [] };
    };
    await pickItems({ query } as never, REPLAY, NEXT);
    return pages;
  }

  it('are the first that are left of each destination', async () => {
    const { rows } = await client.query<{ id: string }>(
      'select delivery_id as id from replay_items where n > $1 order by n limit 100',
      [RELEASED],
    );
    const picked = await pickItems(client, REPLAY, NEXT);
    assert.deepEqual(
      picked.map(({ id }) => id),
      rows.map(({ id }) => id),
    );
    assert.deepEqual(new Set(picked.map(({ destination }) => destination)), new Set(['crm', 'erp', 'shop']));
  });

  it('are found without a look at those that are gone, also where a backup keeps these on disk', async () => {
    const pages = await pagesRead();
    assert.ok(pages < 60, `${pages} pages`);
  });

  it('are found so, too, where a destination has nothing left', async () => {
    await client.query("delete from replay_items where destination = 'erp'");
    const pages = await pagesRead();
    assert.ok(pages < 450, `${pages} pages`);
  });
});
