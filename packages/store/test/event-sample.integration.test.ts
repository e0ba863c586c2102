import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { readEventsSince, type SampledEvent } from '@ackline/store/event-sample';
import { insertEvents } from '@ackline/store/events';
import { inTransaction } from '@ackline/store/transaction';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { eventRow, openPool } from './rows.ts';

const MIB = 1024 * 1024;
/** With one that is larger than a page, and small ones behind it. */
const SIZES_MIB = [1, 3, 3, 3, 9, 1, 3, 3, 3, 0, 0] as const;

describe('a sample of stored events', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
    for (const mib of SIZES_MIB) {
      const body = Buffer.alloc(mib * MIB, 'a');
      await inTransaction(pool, client => insertEvents(client, [eventRow({ body })]));
    }
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  async function read(limit: number) {
    const pages: SampledEvent[][] = [];
    const counting = {
      async query(text: string, values: unknown[]) {
        const result = await pool.query<SampledEvent>(text, values);
        pages.push(result.rows);
        return result;
      },
    } as unknown as Pool;
    const sizes: number[] = [];
    for await (const { body } of readEventsSince(counting, { sinceMs: 3_600_000, limit })) {
      sizes.push(body.byteLength / MIB);
    }
    const bytesOf = (page: readonly SampledEvent[]) =>
      page.reduce((sum, { meta, body }) => sum + meta.byteLength + body.byteLength, 0);
    return { sizes, pages: pages.map(page => ({ events: page.length, bytes: bytesOf(page) })) };
  }

  it('is read in pages of bounded bytes, and ends at none of those that are short by that', async () => {
    const { sizes, pages } = await read(100);
    assert.deepEqual(sizes, SIZES_MIB.toReversed());
    for (const { events, bytes } of pages) assert.ok(events === 1 || bytes <= 8 * MIB, `${bytes} bytes`);
    assert.deepEqual(
      pages.map(({ events }) => events),
      [4, 2, 1, 2, 2, 0],
    );
  });

  it('has as many as it may, however many pages they take', async () => {
    assert.deepEqual((await read(6)).sizes, [0, 0, 3, 3, 3, 1]);
  });
});
