import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listQuarantined } from '@ackline/store/quarantine-list';
import { createTestDatabase } from '@ackline/testkit/database';
import { openPool } from './rows.ts';

test('quarantined records are listed newest first and counted, as far as counting goes, and no bytes are among them', async () => {
  const database = await createTestDatabase();
  const pool = openPool(database.url);
  try {
    assert.deepEqual(await listQuarantined(pool, { limit: 10 }), { total: 0, hasMore: false, records: [] });
    await pool.query(
      `insert into quarantine (origin, reason, key_id, meta, body)
       select 'kafka:0:' || n, 'unreadable', 'none', '', 'payload' from generate_series(1, 3) n`,
    );
    const { total, hasMore, records } = await listQuarantined(pool, { limit: 2 });
    assert.deepEqual([total, hasMore], [3, false]);
    const bounded = await listQuarantined(pool, { limit: 2, atMost: 2 });
    assert.deepEqual([bounded.total, bounded.hasMore], [2, true]);
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
