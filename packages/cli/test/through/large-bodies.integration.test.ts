// The largest body of every provider, from the sender to the receiver, through a PostgreSQL that syncs.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createTestDatabase } from '@ackline/testkit/database';
import { startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { startGateway } from './gateway.ts';
import { sendLargestBodies } from './large-bodies.ts';
import { configFor, SECRETS } from './requests.ts';

it('is durable once it is answered, and delivered byte for byte: 25 MiB of GitHub too', async () => {
  const database = await createTestDatabase();
  try {
    await using receiver = await startFakeReceiver();
    await using gateway = await startGateway({
      databaseUrl: database.url,
      config: configFor(receiver.url),
      env: SECRETS,
    });
    await sendLargestBodies({ gateway, receiver, databaseUrl: database.url });
    assert.equal(await gateway.appended('spool'), 0);
  } finally {
    await database.close();
  }
});
