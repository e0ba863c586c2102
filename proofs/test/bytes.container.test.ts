import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startKafka } from '@ackline/testkit/containers';
import { withDatabase } from '@ackline/testkit/database';
import { bytesTravel } from '../src/bytes.ts';

it('bytes and headers of three providers reach the receiver as they were sent, through Kafka', async () => {
  await using kafka = await startKafka();
  const { brokers } = kafka;
  const compared = await withDatabase(database => bytesTravel({ databaseUrl: database.url, brokers }));
  assert.deepEqual(compared, { webhooks: 6, refused: 16 });
});
