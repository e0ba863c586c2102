import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { createCircuitBreaker } from '@ackline/shared/breaker/circuit-breaker';
import { consecutiveFailures } from '@ackline/shared/breaker/trip-rules';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { createComposedLog } from '../src/composed-log.ts';
import type { AppendReceipt } from '../src/event-log.ts';
import { CLAIM_CHECK_BYTES } from '../src/kafka-attempt.ts';
import type { KafkaTierState } from '../src/tiers.ts';
import { sampleEvent } from './event-sample.ts';

interface Setup {
  kafka?: (event: EventEnvelope) => Promise<void>;
  inbox?: () => Promise<void>;
  state?: KafkaTierState['state'];
  hasRoom?: boolean;
}

function harness({
  kafka = async () => {},
  inbox = async () => {},
  state = 'ready',
  hasRoom = true,
}: Setup = {}) {
  const kafkaSaw: string[] = [];
  const inboxSaw: { id: string; afterOffset: bigint }[] = [];
  const lines: string[] = [];
  const clock = { now: 1_000_000 };
  const closed: string[] = [];
  const reach = { ok: true };
  const kafkaLog = {
    size: 3,
    hasRoom: () => hasRoom,
    lastOffset: () => 41n,
    async append(event: EventEnvelope): Promise<AppendReceipt> {
      kafkaSaw.push(event.id);
      await kafka(event);
      return { tier: 'kafka' };
    },
    close: async () => void closed.push('kafka'),
  };
  const states: Record<KafkaTierState['state'], KafkaTierState> = {
    none: { state: 'none' },
    connecting: { state: 'connecting' },
    refused: { state: 'refused', error: new AppError('ACKLINE_KAFKA_NOT_DURABLE', 'too weak') },
    ready: { state: 'ready', log: kafkaLog, weaknesses: ['replication factor is 1'] },
  };
  const breaker = createCircuitBreaker({
    rule: consecutiveFailures(3),
    resetMs: 60_000,
    now: () => clock.now,
  });
  const log = createComposedLog({
    kafka: { current: states[state], close: kafkaLog.close },
    breaker,
    inbox: {
      size: 2,
      async append(event, afterOffset) {
        inboxSaw.push({ id: event.id, afterOffset });
        await inbox();
        return { tier: 'inbox' };
      },
      close: async () => void closed.push('inbox'),
    },
    inboxReachability: {
      get ok() {
        return reach.ok;
      },
      succeeded: () => void (reach.ok = true),
      failed: () => void (reach.ok = false),
      close: () => undefined,
    },
    log: { warn: (_: unknown, line?: string) => void lines.push(String(line)) } as never,
    now: () => clock.now,
  });
  return { log, kafkaSaw, inboxSaw, lines, clock, closed, breaker };
}

const code = (expected: string) => (error: unknown) => error instanceof AppError && error.code === expected;
const failing = async () => {
  throw new Error('broker is gone');
};

describe('composed log', () => {
  it('appends to Kafka and to nothing else while Kafka takes it', async () => {
    const { log, inboxSaw } = harness();
    assert.deepEqual(await log.append(sampleEvent()), { tier: 'kafka' });
    assert.equal(inboxSaw.length, 0);
    assert.deepEqual(log.snapshot().appended, { kafka: 1, inbox: 0, spool: 0 });
  });

  it('puts an event whose Kafka outcome failed or is unknown into the inbox, with what its partition held', async () => {
    for (const error of [new Error('reset'), new AppError('ACKLINE_APPEND_TIMEOUT')]) {
      const { log, inboxSaw } = harness({ kafka: () => Promise.reject(error) });
      const event = sampleEvent();
      assert.deepEqual(await log.append(event), { tier: 'inbox' });
      assert.deepEqual(inboxSaw, [{ id: event.id, afterOffset: 41n }]);
    }
  });

  it('does not ask Kafka while the breaker is open, and asks again after the reset time', async () => {
    let up = false;
    const { log, kafkaSaw, clock } = harness({ kafka: async () => (up ? undefined : failing()) });
    for (let i = 0; i < 5; i += 1) await log.append(sampleEvent());
    assert.equal(kafkaSaw.length, 3);
    assert.equal(log.snapshot().tierInUse, 'inbox');
    assert.equal(log.snapshot().tiers[0]?.breaker?.status, 'OPEN');
    up = true;
    clock.now += 60_000;
    assert.deepEqual(await log.append(sampleEvent()), { tier: 'kafka' });
    assert.equal(log.snapshot().tierInUse, 'kafka');
  });

  it('counts one failed batch as one failure, however many events were in it', async () => {
    const one = new Error('the batch failed');
    const { log, breaker } = harness({ kafka: () => Promise.reject(one) });
    await Promise.all(Array.from({ length: 20 }, () => log.append(sampleEvent())));
    assert.deepEqual(
      { status: breaker.state.status, failures: breaker.state.failures },
      { status: 'CLOSED', failures: 1 },
    );
  });

  it('sends large bodies straight to the inbox', async () => {
    const { log, kafkaSaw } = harness();
    assert.deepEqual(await log.append(sampleEvent({ body: Buffer.alloc(CLAIM_CHECK_BYTES + 1) })), {
      tier: 'inbox',
    });
    assert.equal(kafkaSaw.length, 0);
    assert.deepEqual(await log.append(sampleEvent({ body: Buffer.alloc(CLAIM_CHECK_BYTES) })), {
      tier: 'kafka',
    });
  });

  it('goes straight to the inbox when the buffer is full, with one line a second', async () => {
    const { log, kafkaSaw, lines, clock } = harness({ hasRoom: false });
    for (let i = 0; i < 3; i += 1) assert.deepEqual(await log.append(sampleEvent()), { tier: 'inbox' });
    clock.now += 1_000;
    await log.append(sampleEvent());
    assert.equal(kafkaSaw.length, 0);
    assert.deepEqual(lines, Array(2).fill('Webhook queue full - processing synchronously'));
  });

  it('does not blame Kafka for a record over its size limit', async () => {
    const { log, breaker } = harness({
      kafka: () => Promise.reject(new AppError('ACKLINE_RECORD_TOO_LARGE')),
    });
    for (let i = 0; i < 5; i += 1) assert.deepEqual(await log.append(sampleEvent()), { tier: 'inbox' });
    assert.equal(breaker.state.failures, 0);
  });

  it('refuses an invalid envelope without blaming a tier', async () => {
    const { log, breaker, inboxSaw } = harness({
      kafka: () => Promise.reject(new AppError('ACKLINE_ENVELOPE_INVALID')),
    });
    await assert.rejects(log.append(sampleEvent()), code('ACKLINE_ENVELOPE_INVALID'));
    assert.equal(breaker.state.failures, 0);
    assert.equal(inboxSaw.length, 0);
  });

  it('uses the inbox while Kafka is not configured, not reached yet, or refused', async () => {
    for (const state of ['none', 'connecting', 'refused'] as const) {
      const { log, inboxSaw } = harness({ state });
      assert.deepEqual(await log.append(sampleEvent()), { tier: 'inbox' });
      assert.equal(inboxSaw[0]?.afterOffset, -1n);
      assert.equal(log.snapshot().tierInUse, 'inbox');
      assert.equal(log.snapshot().kafka, state);
    }
    assert.deepEqual(harness({ state: 'refused' }).log.snapshot().durability, [
      'the Kafka topic is weaker than the ack contract and is not used: the log names each setting',
    ]);
    assert.deepEqual(harness({ state: 'ready' }).log.snapshot().durability, ['replication factor is 1']);
    assert.deepEqual(harness({ state: 'none' }).log.snapshot().tiers, [{ name: 'inbox', breaker: null }]);
  });

  it('says that the event is not durable when no tier took it, with the cause', async () => {
    const { log } = harness({ kafka: failing, inbox: () => Promise.reject(new Error('no database')) });
    await assert.rejects(
      log.append(sampleEvent()),
      (error: unknown) =>
        code('ACKLINE_NOT_DURABLE')(error) && /no database/.test(String((error as Error).cause)),
    );
    assert.deepEqual(log.snapshot().appended, { kafka: 0, inbox: 0, spool: 0 });
  });

  it('is unreachable only while neither tier is known to take events', async () => {
    const { log, clock } = harness({ kafka: failing, inbox: () => Promise.reject(new Error('no database')) });
    assert.equal(log.reachable(), true);
    for (let i = 0; i < 3; i += 1) await assert.rejects(log.append(sampleEvent()));
    assert.equal(log.reachable(), false);
    clock.now += 60_000;
    assert.equal(log.reachable(), true, 'Kafka would be asked again');
  });

  it('finishes what is under way before it closes its tiers, and takes no more', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { log, closed } = harness({ kafka: () => promise });
    const appending = log.append(sampleEvent());
    const closing = log.close();
    await assert.rejects(log.append(sampleEvent()), code('ACKLINE_LOG_CLOSED'));
    assert.deepEqual(closed, []);
    resolve();
    assert.deepEqual(await appending, { tier: 'kafka' });
    await closing;
    assert.deepEqual(closed, ['kafka', 'inbox']);
    await log.close();
  });

  it('shows what waits in both buffers against the bound', () => {
    assert.deepEqual(harness().log.snapshot().queue, { size: 5, maxSize: 10_000 });
  });
});
