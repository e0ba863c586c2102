import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startKafka } from '@ackline/testkit/containers';
import { withDatabase } from '@ackline/testkit/database';
import { traceJourney } from '../src/traces.ts';

it('one trace leads from the request of each provider to its last attempt by another processor, through Kafka', async () => {
  await using kafka = await startKafka();
  const { brokers } = kafka;
  const journey = await withDatabase(database => traceJourney({ databaseUrl: database.url, brokers }));
  assert.equal(journey.webhooks, 3);
  assert.ok(journey.retries >= 3);
});
