import assert from 'node:assert/strict';
import { it } from 'node:test';
import { withDatabase } from '@ackline/testkit/database';
import { bytesTravel } from '../src/bytes.ts';

it('bytes and headers of three providers reach the receiver as they were sent, through the inbox', async () => {
  const compared = await withDatabase(database => bytesTravel({ databaseUrl: database.url, brokers: null }));
  assert.deepEqual(compared, { webhooks: 6, refused: 16 });
});
