import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSecureContext } from 'node:tls';
import { AppError } from '@ackline/shared/app-error';
import { connectKafkaTier, type KafkaTierOptions } from '../src/kafka-tier.ts';
import { createKafkaLog, type KafkaLogOptions } from '../src/kafka-log.ts';
import type { OpenedTopic, OpenTopicOptions } from '../src/kafka-topic.ts';
import { keyHash, laneOf } from '../src/lane.ts';
import { sampleEvent } from './event-sample.ts';

const GOOD: OpenedTopic = {
  name: 'events',
  topicId: 'one',
  partitions: 12,
  minInsyncReplicas: 2,
  replicationFactor: 3,
  brokers: 3,
  maxMessageBytes: 1_048_588,
  retentionMs: 1_209_600_000,
  segmentMs: 604_800_000,
  weaknesses: [],
  tolerated: [],
  warnings: [],
};

const IDENTITY = { hasCertificate: false, context: () => createSecureContext(), problem: () => null };

const away = () => new AppError('ACKLINE_KAFKA_UNAVAILABLE', 'gone');
const weak = () => new AppError('ACKLINE_KAFKA_NOT_DURABLE', 'retention.ms is 1');

/** Kafka answers what `answer` says; time is in the test's hands. */
function onTopic(name: string, body: (kafka: ReturnType<typeof harness>) => Promise<void>): void {
  it(name, () => body(harness()));
}

function harness() {
  const waiting = new Set<{ leftMs: number; go: () => void }>();
  const kafka = { answer: GOOD as OpenedTopic | AppError, asked: [] as (boolean | undefined)[] };
  /** What each log was made with, in order. */
  const made: KafkaLogOptions[] = [];
  const lines: string[] = [];
  const say = (_: unknown, line?: string): void => void lines.push(String(line));
  async function open({ create }: OpenTopicOptions): Promise<OpenedTopic> {
    kafka.asked.push(create);
    if (kafka.answer instanceof AppError) throw kafka.answer;
    return kafka.answer;
  }
  const connect = (more: Pick<KafkaTierOptions, 'security'> = {}) =>
    connectKafkaTier({
      ...more,
      brokers: ['127.0.0.1:1'],
      durability: 'cluster',
      log: { info: say, warn: say, error: say } as never,
      open,
      createLog: options => {
        made.push(options);
        return createKafkaLog(options);
      },
      wait: (ms, signal) =>
        new Promise<void>(resolve => {
          const waiter = {
            leftMs: ms,
            go: () => {
              waiting.delete(waiter);
              resolve();
            },
          };
          waiting.add(waiter);
          if (signal.aborted || ms <= 0) waiter.go();
          else signal.addEventListener('abort', waiter.go, { once: true });
        }),
    });
  async function pass(ms: number): Promise<void> {
    for (let gone = 0; gone < ms; gone += 500) {
      for (const waiter of waiting) {
        waiter.leftMs -= 500;
        if (waiter.leftMs <= 0) waiter.go();
      }
      for (let i = 0; i < 5; i += 1) await new Promise<void>(resolve => setImmediate(resolve));
    }
  }
  return { kafka, made, lines, connect, pass };
}

describe('kafka tier', () => {
  onTopic('refuses a start on a topic that is too weak', async ({ kafka, connect }) => {
    kafka.answer = weak();
    await assert.rejects(connect(), /retention\.ms/);
  });

  onTopic('starts without Kafka and uses it when it comes', async ({ kafka, connect, pass }) => {
    kafka.answer = away();
    const tier = await connect();
    assert.equal(tier.current.state, 'connecting');
    kafka.answer = GOOD;
    await pass(2_000);
    assert.equal(tier.current.state, 'ready');
    assert.deepEqual(kafka.asked, [true, true]);
    await tier.close();
  });

  onTopic(
    'goes on asking for a topic that was refused, and uses it once it was repaired',
    async ({ kafka, lines, connect, pass }) => {
      kafka.answer = away();
      const tier = await connect();
      kafka.answer = weak();
      await pass(2_000);
      assert.equal(tier.current.state, 'refused');
      await pass(60_000);
      assert.equal(lines.filter(line => line === 'kafka.refused').length, 1);
      kafka.answer = GOOD;
      await pass(15_000);
      assert.equal(tier.current.state, 'ready');
      await tier.close();
    },
  );

  onTopic('stops to use a topic that was made weaker while it ran', async ({ kafka, connect, pass }) => {
    const tier = await connect();
    assert.equal(tier.current.state, 'ready');
    const log = tier.current.state === 'ready' ? tier.current.log : assert.fail();
    kafka.answer = weak();
    await pass(60_000);
    assert.equal(tier.current.state, 'refused');
    const error = await new Promise(resolve => log.offer(sampleEvent(), resolve));
    assert.ok(error instanceof AppError && error.code === 'ACKLINE_LOG_CLOSED');
    await tier.close();
  });

  onTopic(
    'looks at once when told, but not more often than each second',
    async ({ kafka, connect, pass }) => {
      const tier = await connect();
      await pass(1_000);
      for (let i = 0; i < 100; i += 1) tier.recheck();
      await pass(1_000);
      for (let i = 0; i < 100; i += 1) tier.recheck();
      await pass(500);
      assert.ok(kafka.asked.length <= 3, String(kafka.asked.length));
      await tier.close();
    },
  );

  onTopic(
    'takes a topic that was made anew for another one, and keeps its log while it is the same',
    async ({ kafka, connect, pass }) => {
      const tier = await connect();
      const first = tier.current;
      kafka.answer = { ...GOOD, weaknesses: ['replication factor is 1'], tolerated: ['time of producers'] };
      await pass(60_000);
      assert.ok(first.state === 'ready' && tier.current.state === 'ready');
      assert.equal(tier.current.log, first.log);
      assert.deepEqual(tier.current.weaknesses, ['replication factor is 1', 'time of producers']);
      kafka.answer = { ...GOOD, topicId: 'two' };
      tier.recheck();
      await pass(2_000);
      assert.ok(tier.current.state === 'ready');
      assert.notEqual(tier.current.log, first.log);
      await tier.close();
    },
  );

  onTopic(
    'keeps what it knew while Kafka is away, and never makes a topic again that went missing',
    async ({ kafka, connect, pass }) => {
      const tier = await connect();
      kafka.answer = away();
      await pass(180_000);
      assert.equal(tier.current.state, 'ready');
      assert.deepEqual(kafka.asked.slice(1), [false, false, false]);
      await tier.close();
    },
  );

  onTopic(
    'says by its code why the last look failed, while it runs too, until one succeeds',
    async ({ kafka, connect, pass }) => {
      kafka.answer = new AppError('ACKLINE_KAFKA_LOGIN_REFUSED');
      const tier = await connect();
      assert.deepEqual([tier.current.state, tier.problem], ['connecting', 'ACKLINE_KAFKA_LOGIN_REFUSED']);
      kafka.answer = GOOD;
      await pass(2_000);
      assert.deepEqual([tier.current.state, tier.problem], ['ready', null]);
      kafka.answer = new AppError('ACKLINE_KAFKA_TLS_FAILED');
      tier.recheck();
      await pass(2_000);
      assert.deepEqual([tier.current.state, tier.problem], ['ready', 'ACKLINE_KAFKA_TLS_FAILED']);
      await tier.close();
    },
  );

  it('tells once of a changed file of TLS that can not be used', async () => {
    const stage = harness();
    const security = { tls: { ...IDENTITY, problem: () => 'user.crt is no certificate in PEM' }, sasl: null };
    const tier = await stage.connect({ security });
    await stage.pass(180_000);
    assert.equal(stage.lines.filter(line => line === 'kafka.tls-file-problem').length, 1);
    await tier.close();
  });

  describe('knows what was acked of a key', () => {
    const event = sampleEvent({ source: 'telegram', orderingKey: 'chat' });
    /** As the log does when the broker has acked a record of the key at this offset. */
    function ack({ keyOffsets, topic }: KafkaLogOptions, offset: bigint): void {
      const hash = keyHash('telegram\u0000chat');
      keyOffsets?.raise(hash, { lane: laneOf(hash, topic.partitions), offset });
    }

    onTopic(
      'while its topic is refused, and by the log that uses it again',
      async ({ kafka, made, connect, pass }) => {
        const tier = await connect();
        assert.equal(tier.lastOffset(event), -1n);
        ack(made[0]!, 41n);
        kafka.answer = weak();
        await pass(60_000);
        assert.equal(tier.current.state, 'refused');
        assert.equal(tier.lastOffset(event), 41n);
        ack(made[0]!, 42n); // by the log that is being closed
        kafka.answer = { ...GOOD, maxMessageBytes: 2_000_000 };
        await pass(16_000);
        assert.equal(tier.current.state, 'ready');
        assert.equal(tier.lastOffset(event), 42n);
        ack(made[1]!, 43n);
        assert.equal(tier.lastOffset(event), 43n);
        await tier.close();
      },
    );

    onTopic(
      'and not what another topic of the name, or one with other partitions, had',
      async ({ kafka, made, connect, pass }) => {
        const tier = await connect();
        ack(made[0]!, 41n);
        kafka.answer = { ...GOOD, partitions: 24 };
        await pass(60_000);
        assert.equal(tier.lastOffset(event), -1n);
        ack(made[1]!, 42n);
        kafka.answer = { ...GOOD, topicId: 'two', partitions: 24 };
        await pass(60_000);
        assert.equal(tier.lastOffset(event), -1n);
        ack(made[2]!, 43n);
        made[0]!.onTopicChanged?.(); // it is closed, and its word is of another topic
        assert.equal(tier.lastOffset(event), 43n);
        made[2]!.onTopicChanged?.();
        kafka.answer = weak();
        await pass(2_000);
        assert.deepEqual([tier.current.state, tier.lastOffset(event)], ['refused', -1n]);
        await tier.close();
      },
    );
  });
});
