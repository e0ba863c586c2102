import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openTopic } from '@ackline/eventlog/kafka-topic';
import { startKafka } from '@ackline/testkit/containers';
import { openDoctorFolder, parseReport } from '../run-doctor.ts';

const CONFIG = `sources: [{ name: tg, provider: telegram, path: /tg, secrets: [{ env: TG }] }]
routes: [{ name: all, destination: bot }]
destinations: [{ name: bot, type: kafka, topic: updates }]
`;

describe('ackline doctor: a real broker', { timeout: 180_000 }, () => {
  it('finds that the topic is not there, what is weaker than the contract, and how long records stay', async () => {
    await using broker = await startKafka();
    await using folder = await openDoctorFolder();
    await folder.write('ackline.yaml', CONFIG);
    const look = async (env: Readonly<Record<string, string>> = {}) => {
      const ran = await folder.run({ KAFKA_BROKERS: broker.brokers, ...env }, '--json');
      return parseReport(ran).findings.map(({ id, what }) => `${id}: ${what}`);
    };
    assert.deepEqual(await look(), ['kafka-unreachable: The topic ackline.events.v1 is not there']);
    await openTopic({ brokers: [broker.brokers], durability: 'single-node', deadlineMs: 60_000 });
    const raised =
      'dedup-window-raised: it is 8d, records may be in Kafka for 21d, so that keys are kept 22d';
    assert.deepEqual(await look(), [
      'kafka-not-durable: replication factor is 1, needed: 3 or more',
      'kafka-not-durable: min.insync.replicas is 1, needed: 2 or more',
      raised,
    ]);
    assert.deepEqual(await look({ KAFKA_DURABILITY: 'single-node' }), [raised]);
  });
});
