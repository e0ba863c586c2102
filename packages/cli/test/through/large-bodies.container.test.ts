// The same beside Kafka, which takes the small bodies and none of the large ones.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { providers } from '@ackline/shared/providers/registry';
import { startKafka } from '@ackline/testkit/containers';
import { createTestDatabase } from '@ackline/testkit/database';
import { startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { waitFor } from '@ackline/testkit/wait-for';
import { startGateway } from './gateway.ts';
import { sendLargestBodies } from './large-bodies.ts';
import { configFor, pathOf, post, SECRETS, signed } from './requests.ts';

/** Beyond the numbers of the large ones. */
const FIRST_SMALL = 100;

it('keeps the contract of small bodies for large ones, which go past Kafka', {
  timeout: 420_000,
}, async () => {
  await using broker = await startKafka();
  const database = await createTestDatabase();
  try {
    await using receiver = await startFakeReceiver();
    await using gateway = await startGateway({
      databaseUrl: database.url,
      config: configFor(receiver.url),
      env: { ...SECRETS, KAFKA_BROKERS: broker.brokers, KAFKA_DURABILITY: 'single-node' },
    });
    const github = providers.get('github');
    assert.ok(github);
    // One that finds a broker slower than its part of a second is in the inbox, and the next one is Kafka's.
    const small: Buffer[] = [];
    do {
      const sample = signed(github, FIRST_SMALL + small.length);
      assert.equal(await post(gateway, pathOf('github'), sample), 200);
      small.push(Buffer.from(sample.body));
    } while ((await gateway.appended('kafka')) === 0);
    await waitFor(() => receiver.requests.length === small.length, { timeoutMs: 120_000 });
    const received = receiver.requests.map(({ body }) => body);
    const sorted = (bodies: readonly Buffer[]) => bodies.toSorted((a, b) => Buffer.compare(a, b));
    assert.deepEqual(sorted(received), sorted(small));
    receiver.clear();
    await sendLargestBodies({ gateway, receiver, databaseUrl: database.url });
    assert.equal(await gateway.appended('kafka'), 1);
    assert.ok((await gateway.appended('inbox')) > 0);
  } finally {
    await database.close();
  }
});
