import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { createCircuitBreaker } from '@ackline/shared/breaker/circuit-breaker';
import { consecutiveFailures } from '@ackline/shared/breaker/trip-rules';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { waitFor } from '@ackline/testkit/wait-for';
import { createComposedLog } from '../src/composed-log.ts';
import { createInboxGate } from '../src/inbox-gate.ts';
import { CLAIM_CHECK_BYTES } from '../src/large-bodies.ts';
import type { KafkaTierState, SpoolAppender } from '../src/tiers.ts';
import type { SpoolSnapshot } from '../src/spool/spool-gauge.ts';
import { BUFFER_FULL, type Settle } from '../src/micro-batcher.ts';
import { sampleEvent } from './event-sample.ts';

interface Setup {
  kafka?: (event: EventEnvelope) => Promise<void>;
  inbox?: () => Promise<void>;
  /** Undefined: no spool. */
  spool?: () => Promise<void>;
  spoolState?: SpoolSnapshot['state'];
  /** What the background question of the inbox's gate meets. */
  postgres?: () => Promise<void>;
  state?: KafkaTierState['state'];
}

const works = async () => {};

function harness(setup: Setup = {}) {
  const { kafka = works, inbox = works, state = 'ready', postgres = works } = setup;
  const kafkaSaw: string[] = [];
  const inboxSaw: { id: string; afterOffset: bigint; deadlineMs: number }[] = [];
  const spoolSaw: { id: string; afterOffset: bigint; deadlineMs: number }[] = [];
  const lines: string[] = [];
  const clock = { now: 1_000_000, elapsed: 0 };
  const closed: string[] = [];
  let probes = 0;
  let warmed = 0;
  const kafkaLog = {
    size: 3,
    offer(event: EventEnvelope, settle: Settle): void {
      kafkaSaw.push(event.id);
      kafka(event).then(() => settle(null), settle);
    },
    close: async () => void closed.push('kafka'),
  };
  const states: Record<KafkaTierState['state'], KafkaTierState> = {
    none: { state: 'none' },
    connecting: { state: 'connecting' },
    refused: { state: 'refused', error: new AppError('ACKLINE_KAFKA_NOT_DURABLE', 'too weak') },
    ready: { state: 'ready', log: kafkaLog, weaknesses: ['replication factor is 1'] },
  };
  const now = () => clock.now;
  const breaker = createCircuitBreaker({ rule: consecutiveFailures(3), resetMs: 60_000, now });
  const inboxBreaker = createCircuitBreaker({ rule: consecutiveFailures(3), resetMs: 500, now });
  const pool = {
    query: () => {
      probes += 1;
      return postgres();
    },
  } as never;
  const spool: SpoolAppender = {
    async append(event, place) {
      spoolSaw.push({ id: event.id, ...place });
      await setup.spool?.();
      return { tier: 'spool' };
    },
    warm: () => void (warmed += 1),
    snapshot: () => ({ ...EMPTY_SPOOL, state: setup.spoolState ?? 'ready' }),
    close: async () => void closed.push('spool'),
  };
  const spoolBreaker = createCircuitBreaker({ rule: consecutiveFailures(3), resetMs: 1_000, now });
  const log = createComposedLog({
    kafka: {
      current: states[state],
      problem: null,
      lastOffset: () => (state === 'ready' || state === 'refused' ? 41n : -1n),
      recheck: () => undefined,
      close: kafkaLog.close,
    },
    breaker,
    inbox: {
      size: 2,
      async append(event, afterOffset, deadlineMs) {
        inboxSaw.push({ id: event.id, afterOffset, deadlineMs });
        await inbox();
        return { tier: 'inbox' };
      },
      close: async () => void closed.push('inbox'),
    },
    inboxGate: createInboxGate({ pool, breaker: inboxBreaker, now }),
    spool: setup.spool === undefined ? null : { spool, breaker: spoolBreaker, weaknesses: [] },
    log: { warn: (_: unknown, line?: string) => void lines.push(String(line)) } as never,
    now,
    clock: () => clock.elapsed,
  });
  return {
    log,
    kafkaSaw,
    inboxSaw,
    spoolSaw,
    lines,
    clock,
    closed,
    breaker,
    inboxBreaker,
    probes: () => probes,
    warmed: () => warmed,
  };
}

const EMPTY_SPOOL: SpoolSnapshot = {
  quarantined: 0,
  state: 'ready',
  detail: null,
  events: 0,
  bytes: 0,
  maxBytes: 1_000,
  oldestAgeMs: null,
  leftovers: 0,
  corruptFiles: [],
  relayed: 0,
};

const code = (expected: string) => (error: unknown) => error instanceof AppError && error.code === expected;
const failing = async (): Promise<never> => {
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
      assert.deepEqual(inboxSaw, [{ id: event.id, afterOffset: 41n, deadlineMs: 1_000 }]);
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
    const { log, lines, clock, breaker } = harness({ kafka: () => Promise.reject(BUFFER_FULL) });
    for (let i = 0; i < 3; i += 1) assert.deepEqual(await log.append(sampleEvent()), { tier: 'inbox' });
    clock.now += 1_000;
    await log.append(sampleEvent());
    assert.equal(breaker.state.failures, 0);
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
      const known = state === 'refused' ? 41n : -1n; // what was acked before may not be stored yet
      assert.equal(inboxSaw[0]?.afterOffset, known);
      assert.equal(log.snapshot().tierInUse, 'inbox');
      assert.equal(log.snapshot().kafka, state);
    }
    assert.deepEqual(harness({ state: 'refused' }).log.snapshot().durability, [
      'the Kafka topic is weaker than the ack contract and is not used: the log names each setting',
    ]);
    assert.deepEqual(harness({ state: 'ready' }).log.snapshot().durability, ['replication factor is 1']);
    const [only, ...others] = harness({ state: 'none' }).log.snapshot().tiers;
    assert.equal(only?.name, 'inbox');
    assert.equal(only?.breaker?.status, 'CLOSED');
    assert.deepEqual(others, []);
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

  it('is unreachable only while no tier is known to take events', async () => {
    const inbox = () => Promise.reject(new Error('no database'));
    const { log, clock } = harness({ kafka: failing, inbox, postgres: failing });
    assert.equal(log.reachable(), true);
    for (let i = 0; i < 3; i += 1) await assert.rejects(log.append(sampleEvent()));
    assert.equal(log.reachable(), false);
    clock.now += 60_000;
    assert.equal(log.reachable(), true, 'Kafka would be asked again');
  });

  it('puts into the spool what neither Kafka nor PostgreSQL took, each within its part of one second', async () => {
    const setup = { kafka: failing, spool: works };
    const { log, clock, inboxSaw, spoolSaw } = harness({
      ...setup,
      inbox: async () => {
        clock.elapsed += 400;
        throw new AppError('ACKLINE_APPEND_TIMEOUT');
      },
    });
    const event = sampleEvent();
    assert.deepEqual(await log.append(event), { tier: 'spool' });
    assert.equal(inboxSaw[0]?.deadlineMs, 400);
    assert.deepEqual(spoolSaw, [{ id: event.id, afterOffset: 41n, deadlineMs: 600 }]);
    assert.deepEqual(log.snapshot().appended, { kafka: 0, inbox: 0, spool: 1 });
  });

  it('has the spool warm after the first failure of Kafka, and not for what Kafka never gets', async () => {
    const { log, warmed } = harness({ kafka: failing, spool: works });
    await log.append(sampleEvent({ body: Buffer.alloc(CLAIM_CHECK_BYTES + 1) }));
    assert.equal(warmed(), 0);
    await log.append(sampleEvent());
    assert.equal(warmed(), 1);
    const full = harness({ kafka: () => Promise.reject(BUFFER_FULL), spool: works });
    await full.log.append(sampleEvent());
    assert.equal(full.warmed(), 0);
  });

  it('gives a large body more time by its size, and still leaves the spool its part', async () => {
    const small = sampleEvent({ body: Buffer.alloc(CLAIM_CHECK_BYTES) });
    const largest = sampleEvent({ body: Buffer.alloc(25 * 1024 * 1024) });
    for (const [event, alone, withSpool] of [
      [small, 1_000, 400],
      [largest, 2_500, 1_875],
    ] as const) {
      const { log, inboxSaw } = harness({ state: 'none' });
      await log.append(event);
      assert.equal(inboxSaw[0]?.deadlineMs, alone);
      const both = harness({ state: 'none', spool: works });
      await both.log.append(event);
      assert.equal(both.inboxSaw[0]?.deadlineMs, withSpool);
    }
  });

  it('closes no tier to others because large bodies were late, and asks PostgreSQL whether it answers', async () => {
    const late = () => Promise.reject(new AppError('ACKLINE_APPEND_TIMEOUT'));
    const { log, probes } = harness({ state: 'none', inbox: late, spool: late });
    for (let i = 0; i < 5; i += 1) {
      const large = sampleEvent({ body: Buffer.alloc(CLAIM_CHECK_BYTES + 1) });
      await assert.rejects(log.append(large), code('ACKLINE_NOT_DURABLE'));
    }
    for (const { name, breaker } of log.snapshot().tiers) {
      assert.deepEqual([name, breaker?.status, breaker?.failures], [name, 'CLOSED', 0]);
    }
    assert.equal(log.reachable(), true);
    await waitFor(() => probes() > 0, { what: 'the question' });
    await log.close();
  });

  it('finds by the question that PostgreSQL is away, where large bodies alone ask it', async () => {
    const late = () => Promise.reject(new AppError('ACKLINE_APPEND_TIMEOUT'));
    const { log, inboxSaw } = harness({ state: 'none', inbox: late, postgres: failing });
    const large = sampleEvent({ body: Buffer.alloc(CLAIM_CHECK_BYTES + 1) });
    await assert.rejects(log.append(large));
    await waitFor(() => !log.reachable(), { what: 'the gate to shut' });
    await assert.rejects(log.append(large), code('ACKLINE_NOT_DURABLE'));
    assert.equal(inboxSaw.length, 1);
    await log.close();
  });

  it('gives the inbox all that Kafka has left of the second when no spool can take the event', async () => {
    for (const spoolState of ['full', 'failed'] as const) {
      const { log, clock, inboxSaw } = harness({
        kafka: async () => {
          clock.elapsed += 390;
          throw new AppError('ACKLINE_APPEND_TIMEOUT');
        },
        spool: works,
        spoolState,
      });
      await log.append(sampleEvent());
      assert.equal(inboxSaw[0]?.deadlineMs, 610, spoolState);
    }
  });

  it('refuses at once, asking no tier, while all of them are known to be away', async () => {
    const { log, clock, kafkaSaw, inboxSaw, spoolSaw } = harness({
      kafka: failing,
      inbox: failing,
      spool: failing,
      postgres: failing,
    });
    for (let i = 0; i < 3; i += 1) {
      clock.elapsed += 10;
      await assert.rejects(log.append(sampleEvent()), code('ACKLINE_NOT_DURABLE'));
    }
    const asked = [kafkaSaw.length, inboxSaw.length, spoolSaw.length];
    await assert.rejects(log.append(sampleEvent()), code('ACKLINE_NOT_DURABLE'));
    assert.deepEqual([kafkaSaw.length, inboxSaw.length, spoolSaw.length], asked);
    assert.equal(log.reachable(), false);
  });

  it('shows the spool as the tier in use while PostgreSQL is known to be away', async () => {
    const { log } = harness({ state: 'none', inbox: failing, spool: works, postgres: failing });
    assert.equal(log.snapshot().tierInUse, 'inbox');
    for (let i = 0; i < 3; i += 1) assert.deepEqual(await log.append(sampleEvent()), { tier: 'spool' });
    assert.equal(log.snapshot().tierInUse, 'spool');
    assert.equal(log.reachable(), true);
    assert.deepEqual(
      log.snapshot().tiers.map(({ name, breaker }) => [name, breaker?.status]),
      [
        ['inbox', 'OPEN'],
        ['spool', 'CLOSED'],
      ],
    );
  });

  it('counts appends that hang on one slow disk as one failure of the spool', async () => {
    const hung = Promise.withResolvers<void>();
    const { log } = harness({ state: 'none', inbox: failing, spool: () => hung.promise });
    const many = Promise.allSettled(Array.from({ length: 20 }, () => log.append(sampleEvent())));
    await new Promise(setImmediate);
    hung.reject(new AppError('ACKLINE_APPEND_TIMEOUT'));
    await many;
    assert.equal(log.snapshot().tiers.at(-1)?.breaker?.failures, 1);
  });

  it('relays to Kafka or else the inbox, never to the spool, after the greater of both known offsets', async () => {
    const { log, inboxSaw, spoolSaw } = harness({ kafka: failing, spool: works });
    assert.equal(log.aboveSpool.isOpen, true);
    await log.aboveSpool.append(sampleEvent(), 7n);
    await log.aboveSpool.append(sampleEvent(), 99n);
    assert.deepEqual(
      log.snapshot().appended,
      { kafka: 0, inbox: 0, spool: 0 },
      'they were counted once before',
    );
    assert.deepEqual(
      inboxSaw.map(({ afterOffset }) => afterOffset),
      [41n, 99n],
    );
    const away = harness({ state: 'none', inbox: failing, postgres: failing, spool: works });
    for (let i = 0; i < 3; i += 1) {
      await assert.rejects(away.log.aboveSpool.append(sampleEvent(), -1n), code('ACKLINE_NOT_DURABLE'));
    }
    assert.equal(away.log.aboveSpool.isOpen, false);
    assert.equal(spoolSaw.length + away.spoolSaw.length, 0);
  });

  it('gives a row of the relay longer than an ack, and closes PostgreSQL to nobody when that was too short', async () => {
    const inbox = () => Promise.reject(new AppError('ACKLINE_APPEND_TIMEOUT'));
    const { log, inboxSaw, inboxBreaker, probes } = harness({ state: 'none', inbox, spool: works });
    for (let i = 0; i < 4; i += 1) {
      await assert.rejects(log.aboveSpool.append(sampleEvent(), -1n), code('ACKLINE_NOT_DURABLE'));
    }
    assert.deepEqual(
      inboxSaw.map(({ deadlineMs }) => deadlineMs),
      Array(4).fill(4_500),
    );
    assert.deepEqual([inboxBreaker.state.status, inboxBreaker.state.failures], ['CLOSED', 0]);
    assert.equal(log.aboveSpool.isOpen, true);
    await log.close();
    assert.ok(probes() <= 1, 'it is asked in the background whether it answers');
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
