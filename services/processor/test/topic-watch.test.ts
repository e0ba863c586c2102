import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import type { OpenedTopic } from '@ackline/eventlog/kafka-topic';
import { watchTopic, whileTopicIsWatched } from '../src/topic-watch.ts';

const MINUTE_MS = 60_000;

const topicOf = (retentionMs: number): OpenedTopic => ({
  name: 'events',
  topicId: 'one',
  partitions: 12,
  minInsyncReplicas: 2,
  replicationFactor: 3,
  brokers: 3,
  maxMessageBytes: 1_048_588,
  retentionMs,
  segmentMs: 604_800_000,
  weaknesses: [],
  tolerated: [],
  warnings: [],
});

/** Kafka answers these, one after the other; then it is aborted. */
async function watch(answers: readonly (OpenedTopic | Error)[]) {
  const stop = new AbortController();
  const left = [...answers];
  const waits: number[] = [];
  const seen: number[] = [];
  const lines: string[] = [];
  await watchTopic(
    {
      async ask() {
        const answer = left.shift();
        if (answer === undefined || answer instanceof Error) throw answer;
        return answer;
      },
      seen: topic => seen.push(topic.retentionMs) > 0,
      log: { warn: (...parts: unknown[]) => void lines.push(String(parts.at(-1))) } as never,
      wait: async ms => {
        waits.push(ms);
        if (left.length === 0) stop.abort();
      },
    },
    stop.signal,
  );
  return { waits, seen, lines };
}

describe('watching the topic', () => {
  it('sees what somebody has changed within a minute', async () => {
    const { waits, seen } = await watch([topicOf(1), topicOf(2)]);
    assert.deepEqual(waits, [MINUTE_MS, MINUTE_MS, MINUTE_MS]);
    assert.deepEqual(seen, [1, 2]);
  });

  it('goes on by what it saw last where Kafka does not answer, says so, and asks again', async () => {
    const { seen, lines } = await watch([topicOf(1), new Error('no broker'), topicOf(3)]);
    assert.deepEqual(seen, [1, 3]);
    assert.deepEqual(lines, ['kafka.topic-not-asked']);
  });

  it('ends what reads a topic that was made anew, which is opened anew then', async () => {
    const running = whileTopicIsWatched(
      {
        ask: () => Promise.resolve(topicOf(1)),
        seen: () => false,
        log: { warn: () => undefined } as never,
        wait: () => Promise.resolve(),
      },
      new AbortController().signal,
      signal => once(signal, 'abort').then(() => undefined),
    );
    await assert.rejects(running, { code: 'ACKLINE_KAFKA_UNAVAILABLE' });
  });

  it('ends without a word when it is aborted while it asks', async () => {
    const stop = new AbortController();
    const lines: unknown[] = [];
    await watchTopic(
      {
        async ask() {
          stop.abort();
          throw new Error('aborted');
        },
        seen: () => assert.fail(),
        log: { warn: (...parts: unknown[]) => void lines.push(parts) } as never,
        wait: () => Promise.resolve(),
      },
      stop.signal,
    );
    assert.deepEqual(lines, []);
  });
});
