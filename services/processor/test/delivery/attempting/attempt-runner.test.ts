import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeMeta } from '@ackline/shared/envelope-codec';
import type { RateConfig } from '@ackline/shared/config/types';
import { createFairShare } from '@ackline/shared/fair-share';
import type { DeliveryOutcome } from '@ackline/store/delivery-outcomes';
import type { LeasedDelivery } from '../../../src/delivery/attempting/attempt.ts';
import { createAttemptRunner } from '../../../src/delivery/attempting/attempt-runner.ts';
import { createDestination, type Destination } from '../../../src/delivery/destination.ts';
import { createNameLookup } from '@ackline/runtime/name-lookup';
import type { Payload, Payloads } from '../../../src/delivery/attempting/payloads.ts';
import { destinationConfig } from '../../configs.ts';
import { sampleEvent } from '../../events.ts';

const TIMEOUT_MS = 5_000;
const LEASE_MS = 15_000;

function harness(payloads: Payloads = { make: () => null }, rate: RateConfig | null = null) {
  const clock = { now: 1_000 };
  const sent: string[] = [];
  const written: { outcome: DeliveryOutcome; leaseEndsAt: number; awaited: boolean }[] = [];
  const warned: string[] = [];
  const waited: number[] = [];
  const freed: string[] = [];
  const memory = createFairShare(1_000);
  const made = createDestination(destinationConfig({ timeoutMs: TIMEOUT_MS, rate }), {
    lookup: createNameLookup(),
    memory,
    isShared: () => false,
    now: () => clock.now,
    onNews: () => undefined,
    slotFreed: name => void freed.push(name),
  });
  const destination: Destination = {
    ...made,
    sender: {
      send(request) {
        sent.push(request.url);
        return Promise.resolve({ kind: 'response', status: 200, retryAfterMs: null, excerpt: null });
      },
      hold: () => () => undefined,
      retire: () => undefined,
      close: () => Promise.resolve(),
    },
  };
  const runner = createAttemptRunner({
    now: () => clock.now,
    random: () => 0,
    signingSecret: () => null,
    destinationHeaders: () => [],
    headersFor: meta => meta.headers,
    payloads,
    pauseDestination: () => Promise.resolve(),
    writer: {
      write: (outcome, terms) => void written.push({ outcome, ...terms }),
      flush: () => Promise.resolve(),
    },
    listener: {
      started: (_, { waitedMs }) => void waited.push(waitedMs),
      attempted: () => undefined,
    },
    log: {
      info: () => undefined,
      warn: (_: unknown, line?: string) => void warned.push(String(line)),
    } as never,
  });
  return { clock, sent, written, warned, waited, freed, memory, made, destination, runner };
}

const turns = async () => {
  for (let n = 0; n < 5; n++) await new Promise<void>(resolve => setImmediate(resolve));
};

const { body, ...meta } = sampleEvent();
const leased: LeasedDelivery = {
  id: 'one',
  leaseId: 'lease',
  eventId: meta.id,
  route: 'all',
  tries: 0,
  replay: false,
  followed: false,
  waitedMs: 250,
  transforms: false,
  meta,
  body,
};

describe('an attempt', () => {
  it('is made while its time limit fits into what is left of the lease, and its outcome has until that ends', async () => {
    const { clock, sent, written, waited, destination, runner } = harness();
    const reservation = destination.tryReserve(10, 'a')!;
    clock.now += LEASE_MS - TIMEOUT_MS;
    runner.launch({ destination, reservation }, leased);
    await runner.drain(1_000);
    assert.equal(sent.length, 1);
    assert.deepEqual(waited, [250]);
    assert.deepEqual(
      written.map(({ outcome, leaseEndsAt }) => [outcome.state, leaseEndsAt]),
      [['delivered', 16_000]],
    );
  });

  it('is awaited where others are behind it, or a circuit waits for its probe', async () => {
    const { written, destination, runner } = harness();
    const launch = (delivery: Partial<LeasedDelivery>, isClosed: boolean) => {
      const breaker = Object.create(destination.breaker, { isClosed: { value: isClosed } });
      const reservation = destination.tryReserve(10, 'a')!;
      runner.launch({ destination: { ...destination, breaker }, reservation }, { ...leased, ...delivery });
    };
    launch({ id: 'alone' }, true);
    launch({ id: 'followed', followed: true }, true);
    launch({ id: 'probe' }, false);
    await runner.drain(1_000);
    assert.deepEqual(
      written.map(({ outcome, awaited }) => [outcome.id, awaited]),
      [
        ['alone', false],
        ['followed', true],
        ['probe', true],
      ],
    );
  });

  it('is made with the time limit of its lease where a reload allows more meanwhile, and with all else as it is now', async () => {
    const { sent, written, destination, runner } = harness();
    const reservation = destination.tryReserve(10, 'a')!;
    const config = { ...destination.config, timeoutMs: 4 * TIMEOUT_MS, url: 'http://127.0.0.1:9/new' };
    runner.launch({ destination: { ...destination, config }, reservation }, leased);
    await runner.drain(1_000);
    assert.deepEqual(sent, ['http://127.0.0.1:9/new']);
    assert.deepEqual(
      written.map(({ outcome }) => outcome.state),
      ['delivered'],
    );
  });

  it('whose body can’t be made gives its slot to who waits for one, at once unless it was only put off', async () => {
    const fails = (reason: 'error' | 'busy'): Payload => ({
      kind: 'error',
      errorClass: `transform-${reason}`,
      detail: null,
    });
    const made = [fails('error'), fails('busy')];
    const { sent, freed, destination, runner } = harness({ make: () => Promise.resolve(made.shift()!) });
    for (const expected of [['crm'], []]) {
      runner.launch({ destination, reservation: destination.tryReserve(10, 'a')! }, leased);
      await runner.drain(1_000);
      assert.deepEqual(freed.splice(0), expected);
      assert.equal(destination.slots.free, 5);
    }
    assert.deepEqual(sent, []);
    assert.equal(destination.breaker.view.failures, 0);
  });

  it('counts for the rate of its destination from its request, not from its slot or its transform', async () => {
    const made = Promise.withResolvers<Payload>();
    const rate = { max: 1, perMs: 1_000 };
    const { clock, sent, made: known, destination, runner } = harness({ make: () => made.promise }, rate);
    runner.launch({ destination, reservation: destination.tryReserve(10, 'a')! }, leased);
    clock.now += 99;
    assert.equal(known.slots.free, 0);
    made.resolve({ body });
    await runner.drain(1_000);
    assert.equal(sent.length, 1);
    clock.now += 999;
    assert.equal(known.slots.free, 0);
    clock.now += 1;
    assert.equal(known.slots.free, 1);
  });

  describe('whose body takes long to make', () => {
    /** A rate of one a second, and a delivery whose room others have had meanwhile. */
    function lent() {
      const made = Promise.withResolvers<Payload>();
      const h = harness({ make: () => made.promise }, { max: 1, perMs: 1_000 });
      const launch = (timeoutMs = TIMEOUT_MS) => {
        const reservation = h.destination.tryReserve(10, 'a')!;
        const config = { ...h.destination.config, timeoutMs };
        h.runner.launch({ destination: { ...h.destination, config }, reservation }, leased);
        h.clock.now += 100;
        const other = h.destination.tryReserve(10, 'b')!;
        void other.begin(new AbortController().signal);
        other.finish(true);
        h.freed.length = 0;
        made.resolve({ body });
      };
      return { ...h, launch };
    }

    it('leaves its place in the rate to others, and then goes before any new one', async () => {
      const { clock, sent, made: known, launch, runner } = lent();
      launch();
      await turns();
      assert.deepEqual([sent.length, known.tryReserve(10, 'b')], [0, null]);
      clock.now += 1_000;
      assert.equal(known.tryReserve(10, 'b'), null);
      await runner.drain(1_000);
      assert.equal(sent.length, 1);
    });

    it('is held where the rate has no room for it in half of its time: no try counts, and nobody looks for its slot', async () => {
      const { sent, written, freed, launch, runner } = lent();
      launch(100);
      await runner.drain(5_000);
      const [outcome] = written.map(one => one.outcome);
      assert.deepEqual(
        [sent, outcome?.state, outcome?.countsAsTry, outcome?.attempt?.error, freed],
        [[], 'due', false, 'transform-late', []],
      );
    });

    it('is given back at the end of the process, if it waits for the rate', async () => {
      const { written, launch, runner } = lent();
      launch();
      await runner.drain(0);
      assert.deepEqual(
        written.map(({ outcome }) => [outcome.state, outcome.attempt?.error]),
        [['due', 'aborted']],
      );
    });
  });

  it('is not made where the process stood still until it no longer fits: nothing is written, slot and room are free', async () => {
    const { clock, sent, written, warned, waited, memory, destination, runner } = harness();
    const reservation = destination.tryReserve(10, 'a')!;
    clock.now += LEASE_MS - TIMEOUT_MS + 1;
    runner.launch({ destination, reservation }, leased);
    const claimed = {
      source: 'telegram',
      tenant: 'default',
      priority: 'normal' as const,
      route: 'all',
      keyId: 'none',
      isCut: false,
      meta: encodeMeta(meta),
    };
    const late = destination.tryReserve(0, 'a')!;
    late.holdBody(10);
    clock.now += LEASE_MS;
    runner.launchClaimed(
      { destination, reservation: late },
      { ...leased, ...claimed, body: Buffer.alloc(10) },
    );
    assert.equal(runner.inFlight, 0);
    await runner.drain(1_000);
    assert.deepEqual(sent, []);
    assert.deepEqual(waited, []);
    assert.deepEqual(written, []);
    assert.deepEqual(warned, ['delivery.lease-too-old', 'delivery.lease-too-old']);
    assert.equal(destination.slots.free, 5);
    assert.equal(memory.taken, 0);
  });
});
