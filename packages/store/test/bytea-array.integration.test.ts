import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { byteaArray } from '@ackline/store/bytea-array';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { openPool } from './rows.ts';

describe('an array of bytes in binary form', () => {
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

  async function readBack(values: readonly Uint8Array[]): Promise<readonly Buffer[]> {
    const { rows } = await pool.query<{ value: Buffer }>('select * from unnest($1::bytea[]) as a (value)', [
      byteaArray(values),
    ]);
    return rows.map(row => row.value);
  }

  it('is read by PostgreSQL as it was, element by element, the empty ones too', async () => {
    const slab = Buffer.from('before{}after');
    const values = [
      Buffer.alloc(0),
      Buffer.from([0, 0xff, 0x5c, 0x78, 0x22]),
      new Uint8Array(slab.buffer, slab.byteOffset + 6, 2),
      Buffer.alloc(1024 * 1024, 0x80),
      Buffer.alloc(0),
    ];
    assert.deepEqual(
      await readBack(values),
      values.map(value => Buffer.from(value)),
    );
  });

  it('may have no element', async () => {
    assert.deepEqual(await readBack([]), []);
  });
});
