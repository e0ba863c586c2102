import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { NewDelivery } from '@ackline/store/deliveries';
import { type FirstDelivery, insertFirst, insertWaiting } from '@ackline/store/delivery-insert';
import { claimEventKeys } from '@ackline/store/event-keys';
import { insertEvents } from '@ackline/store/events';
import { STATEMENT_ROWS } from '@ackline/store/statement-rows';
import { inTransaction } from '@ackline/store/transaction';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool, PoolClient } from 'pg';
import { eventRow, openPool } from './rows.ts';

const ROWS = STATEMENT_ROWS + 3;

/** Asks the server, and keeps what it was asked to insert: the columns of each statement. */
function listening(client: PoolClient) {
  const inserts: (readonly unknown[])[][] = [];
  const query = (asked: { readonly text: string; readonly values: (readonly unknown[])[] }) => {
    if (asked.text.trimStart().startsWith('insert')) inserts.push(asked.values);
    return client.query(asked);
  };
  return { inserts, client: { query } as unknown as PoolClient };
}

describe('more rows than one statement should insert', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  const numbered = Array.from({ length: ROWS }, (_, n) => n);
  const sizes = (inserts: readonly (readonly unknown[])[][]) => inserts.map(([column]) => column?.length);

  it('are keys in one order over all statements, of which each belongs to who claims it first', async () => {
    const keys = numbered.map(n => ({ source: 'mail', dedupKey: `${ROWS - n}`, eventId: randomUUID() }));
    await inTransaction(pool, async client => {
      const taken = { ...keys[7]!, eventId: randomUUID() };
      await claimEventKeys(client, [taken]);
      const asked = listening(client);
      const claimed = await claimEventKeys(asked.client, keys);
      assert.deepEqual(sizes(asked.inserts), [STATEMENT_ROWS, 3]);
      const order = asked.inserts.flatMap(([, dedupKeys]) => dedupKeys as string[]);
      assert.deepEqual(order, keys.map(key => key.dedupKey).toSorted());
      assert.equal(claimed.size, ROWS - 1);
      assert.ok(!claimed.has(keys[7]!.eventId));
    });
  });

  it('are events in the order given, and deliveries whose keys are locked in one order', async () => {
    await inTransaction(pool, async client => {
      const events = numbered.map(() => eventRow());
      const asked = listening(client);
      const places = await insertEvents(asked.client, events);
      assert.deepEqual(sizes(asked.inserts), [STATEMENT_ROWS, 3]);
      const seqs = events.map(event => Number(places.get(event.id)?.seq));
      assert.deepEqual(
        seqs,
        seqs.toSorted((a, b) => a - b),
      );

      const rows = events.map(
        (event, n): FirstDelivery => ({ ...deliveryOf(n, places.get(event.id)!, event.id), followed: true }),
      );
      asked.inserts.length = 0;
      assert.equal((await insertFirst(asked.client, rows)).size, ROWS);
      assert.deepEqual(sizes(asked.inserts), [STATEMENT_ROWS, 3]);
      const column = 8;
      const order = asked.inserts.map(values => values[column] as (string | null)[]);
      const sorted = await client.query<{ key: string }>(
        'select key from unnest($1::text[]) as k (key) order by key',
        [rows.map(row => row.orderingKey)],
      );
      // Each statement sorts its own rows.
      const expected = sorted.rows.map(row => row.key);
      assert.deepEqual(new Set(order[0]), new Set(expected.slice(0, STATEMENT_ROWS)));
      assert.deepEqual(new Set(order[1]), new Set(expected.slice(STATEMENT_ROWS)));

      asked.inserts.length = 0;
      await insertWaiting(
        asked.client,
        rows.map(row => ({ ...row, id: randomUUID() })),
      );
      assert.deepEqual(sizes(asked.inserts), [STATEMENT_ROWS, 3]);
      const { rows: states } = await client.query(
        'select state, count(*)::int from deliveries group by state order by state',
      );
      assert.deepEqual(states, [
        { state: 'due', count: ROWS },
        { state: 'waiting', count: ROWS },
      ]);
    });
  });
});

function deliveryOf(n: number, place: { seq: string; storedDay: string }, eventId: string): NewDelivery {
  return {
    id: randomUUID(),
    ...place,
    eventId,
    source: 'mail',
    tenant: 'default',
    route: 'all',
    destination: 'crm',
    orderingKey: `${n % 2 === 0 ? 'a' : 'B'}-${(n * 7919) % ROWS}`,
    priority: 'normal',
    bodyBytes: 4,
    keepHistory: true,
    transforms: false,
    notBefore: null,
    lease: null,
  };
}
