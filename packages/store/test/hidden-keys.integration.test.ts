import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHideKey } from '@ackline/store/hidden-keys';
import { migrate } from '@ackline/store/migrate';
import { createTestDatabase } from '@ackline/testkit/database';
import { openPool } from './rows.ts';

test('each database hides keys by a secret of its own, the same for all that ask it', async () => {
  const shown: string[] = [];
  for (let n = 0; n < 2; n++) {
    const database = await createTestDatabase({ migrated: false });
    await migrate(database.url);
    const pool = openPool(database.url);
    try {
      const [hide, again] = [await readHideKey(pool), await readHideKey(pool)];
      assert.match(hide('shop', '+49 151 1'), /^#[0-9a-f]{8}$/);
      assert.equal(again('shop', '+49 151 1'), hide('shop', '+49 151 1'));
      assert.notEqual(hide('other', '+49 151 1'), hide('shop', '+49 151 1'), 'of another source');
      shown.push(hide('shop', '+49 151 1'));
      const { rows } = await pool.query<{ bytes: number }>(
        'select length(secret) as bytes from hidden_keys_secret',
      );
      assert.deepEqual(rows, [{ bytes: 32 }]);
    } finally {
      await pool.end();
      await database.close();
    }
  }
  assert.notEqual(shown[0], shown[1]);
});
