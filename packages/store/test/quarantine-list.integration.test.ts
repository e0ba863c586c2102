import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listQuarantined } from '@ackline/store/quarantine-list';
import { createTestDatabase } from '@ackline/testkit/database';
import { openPool } from './rows.ts';

test('quarantined records are listed newest first, all are counted, and no bytes are among them', async () => {
  const database = await createTestDatabase();
  const pool = openPool(database.url);
  try {
    assert.deepEqual(await listQuarantined(pool, { limit: 10 }), { total: 0, records: [] });
    await pool.query(
      `insert into quarantine (origin, reason, key_id, meta, body)
       select 'kafka:0:' || n, 'unreadable', 'none', '', 'payload' from generate_series(1, 3) n`,
    );
    const { total, records } = await listQuarantined(pool, { limit: 2 });
    assert.equal(total, 3);
    assert.deepEqual(
      records.map(record => record.origin),
      ['kafka:0:3', 'kafka:0:2'],
    );
    const [newest] = records;
    assert.ok(newest?.quarantinedAt instanceof Date);
    assert.deepEqual(Object.keys(newest).toSorted(), ['id', 'origin', 'quarantinedAt', 'reason']);
  } finally {
    await pool.end();
    await database.close();
  }
});
