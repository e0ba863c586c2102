import assert from 'node:assert/strict';
import { it } from 'node:test';
import { withDatabase } from '@ackline/testkit/database';
import { traceJourney } from '../src/traces.ts';

it('one trace leads from the request of each provider to its last attempt by another processor, through the inbox', async () => {
  const journey = await withDatabase(database => traceJourney({ databaseUrl: database.url, brokers: null }));
  assert.equal(journey.webhooks, 3);
  assert.ok(journey.retries >= 3);
});
