import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { choosePartition, createKafkaSender, type SentRecord } from '../src/kafka-sender.ts';
import { type KafkaContainer, startKafka } from '@ackline/testkit/containers';
import { freePort } from '@ackline/testkit/free-port';
import { startTcpProxy, type TcpProxy } from '@ackline/testkit/tcp-proxy';
import { untilLed } from '@ackline/testkit/topic-leaders';
import { waitFor } from '@ackline/testkit/wait-for';
import { Connection, listOffsetsV6 } from '@platformatic/kafka';
import { Kafka, logLevel } from 'kafkajs';

/** The first partition is the first broker's, the second the second's: each has no other replica. */
const TOPIC = 'orders';
/** The first broker leads both; the second one never gets the records of the second partition, which it has to acknowledge. */
const SLOW_TOPIC = 'slow';
const TIMEOUT_MS = 10_000;
const LATEST = -1n;

describe('a sender to a topic of two brokers', { timeout: 600_000 }, () => {
  let first: KafkaContainer;
  let second: KafkaContainer;
  /** Clients are told that the second broker is here. */
  let link: TcpProxy;
  before(async () => {
    first = await startKafka({ KAFKA_REPLICA_LAG_TIME_MAX_MS: '600000' });
    const port = await freePort();
    link = await startTcpProxy({ port });
    second = await startKafka({}, { joins: first, port, advertisedPort: link.port });
    const retry = { retries: 20, maxRetryTime: 1_000 };
    const admin = new Kafka({ brokers: [first.brokers], logLevel: logLevel.NOTHING, retry }).admin();
    await admin.connect();
    await waitFor(async () => (await admin.describeCluster()).brokers.length === 2, { timeoutMs: 60_000 });
    const make = async (topic: string, assigned: number[][]) => {
      const replicaAssignment = assigned.map((replicas, partition) => ({ partition, replicas }));
      await admin.createTopics({ waitForLeaders: false, topics: [{ topic, replicaAssignment }] });
      await untilLed(admin, topic, assigned.length);
    };
    await make(TOPIC, [[1], [2]]);
    await make(SLOW_TOPIC, [
      [1, 2],
      [1, 2],
    ]);
    const partitionAssignment = [{ partition: 0, replicas: [1] }];
    await admin.alterPartitionReassignments({ topics: [{ topic: SLOW_TOPIC, partitionAssignment }] });
    await admin.disconnect();
  });
  afterEach(() => link.heal());
  after(async () => {
    await first?.[Symbol.asyncDispose]();
    await second?.[Symbol.asyncDispose]();
    await link?.[Symbol.asyncDispose]();
  });

  /** The second broker comes first in the list. */
  function open(topic: string, timeoutMs = TIMEOUT_MS) {
    const sender = createKafkaSender({ brokers: [second.brokers, first.brokers], topic, timeoutMs });
    const send = (key: string | null, signal: AbortSignal = AbortSignal.timeout(timeoutMs)) =>
      sender.send(
        { key: key === null ? null : Buffer.from(key), value: Buffer.from('x'), headers: [] },
        signal,
      );
    const sendAll = async () => Object.groupBy(await Promise.all(keys.map(key => send(key))), kindOf);
    const allAcked = async () => (await sendAll()).acked?.length === keys.length;
    return { send, sendAll, allAcked, close: () => sender.close() };
  }
  const keys = Array.from({ length: 20 }, (_, n) => `chat-${n}`);
  const keysOf = (partition: number) =>
    keys.filter(key => choosePartition([null, null], Buffer.from(key), 0) === partition);

  it('has the records of one partition acknowledged while another waits for its replicas', async () => {
    const { send, close } = open(SLOW_TOPIC, 4_000);
    const [quick, slow] = [keysOf(0), keysOf(1)];
    await waitFor(async () => (await send(quick[0] ?? '')).kind === 'acked', { timeoutMs: 60_000 });
    let ended = 0;
    const waiting = slow.map(async key => {
      const sent = await send(key);
      ended += 1;
      return sent;
    });
    const sent = await Promise.all(quick.map(key => send(key)));
    assert.deepEqual(new Set(sent.map(kindOf)), new Set(['acked']));
    assert.equal(ended, 0);
    // Not known to be durable, so that it is tried again: by the broker's word or, where that is late, since the sender waits no longer.
    const [failed] = await Promise.all(waiting);
    assert.match(
      failed?.kind === 'failed' ? `${failed.code}` : '',
      /^(?:REQUEST_TIMED_OUT|PLT_KFK_TIMEOUT)$/,
    );
    await close();
  });

  it('says that no answer came in time where a broker is silent', async () => {
    const { send, allAcked, close } = open(TOPIC, 3_000);
    await waitFor(allAcked, { timeoutMs: 60_000 });
    link.slow(60_000, 'client'); // no answer comes back
    assert.deepEqual(await send(keysOf(1)[0] ?? ''), { kind: 'failed', code: 'PLT_KFK_TIMEOUT' });
    await link.heal();
    await close();
  });

  it('keeps no record back that it may write after its caller has given up', async () => {
    const { send, allAcked, close } = open(TOPIC);
    const key = keysOf(1)[0] ?? '';
    await waitFor(allAcked, { timeoutMs: 60_000 });
    const before = (await endOfSecond()) ?? 0n;
    link.slow(60_000, 'client'); // no answer comes back
    const sending = Array.from({ length: 20 }, () => send(key));
    await waitFor(async () => (await endOfSecond()) === before + 20n, { timeoutMs: 20_000 });
    await link.heal();
    await Promise.all(sending);
    await close();
  });

  /** The offset after the last record of the second broker's partition, from itself. */
  async function endOfSecond(): Promise<bigint | undefined> {
    const connection = new Connection('test');
    await connection.connect('localhost', second.port);
    const asked = [{ partitionIndex: 1, currentLeaderEpoch: -1, timestamp: LATEST }];
    const answer = await listOffsetsV6.api.async(connection, -1, 0, [{ name: TOPIC, partitions: asked }]);
    await connection.close();
    return answer.topics[0]?.partitions[0]?.offset;
  }

  it('takes the records of the other partitions while one has lost its leader, and that one’s again when it has one', async () => {
    const { send, sendAll, allAcked, close } = open(TOPIC);
    await waitFor(allAcked, { timeoutMs: 60_000 });
    link.stall(); // its packets are dropped
    await second.kill();
    await waitFor(async () => (await sendAll()).unled !== undefined, {
      timeoutMs: 120_000,
      what: 'the controller to see that the broker is gone',
    });
    const late = open(TOPIC); // knows nobody else yet
    for (let round = 0; round < 5; round++) {
      for (const by of [await sendAll(), await late.sendAll()]) {
        assert.deepEqual([by.acked?.length, by.unled?.length], [keysOf(0).length, keysOf(1).length]);
      }
    }
    const keyless = await Promise.all([1, 2, 3, 4].map(() => send(null)));
    assert.deepEqual(new Set(keyless.map(kindOf)), new Set(['acked']));
    await link.heal();
    await second.start();
    await waitFor(allAcked, { timeoutMs: 120_000 });
    await close();
    await late.close();
  });
});

function kindOf({ kind }: SentRecord): SentRecord['kind'] {
  return kind;
}
