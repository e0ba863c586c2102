import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { HttpDestinationConfig } from '@ackline/shared/config/types';
import { reportHealth, takeProbe } from '@ackline/store/destination-states';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { type FakeReceiver, type ScriptedAnswer, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { createDestinationNews } from '../../../src/destination-news.ts';
import { destinationConfig } from '../../configs.ts';
import { openPool, sampleEvent } from '../../events.ts';
import { type RunningDelivery, runDelivery } from '../running-delivery.ts';

const BREAKER = { failures: 10, resetMs: 1_000, slowStartMs: 0 };
const FAILS = { status: 503 };

interface Row {
  readonly status: string;
  readonly failures: number;
  /** Epoch milliseconds by PostgreSQL's clock, which is this machine's. */
  readonly reopens_at: number;
  readonly closed_at: number;
}

/** Two processors, a receiver. */
interface Scene {
  readonly both: readonly [RunningDelivery, RunningDelivery];
  readonly receiver: FakeReceiver;
  /** One half of so many events to each. */
  readonly store: (count: number) => Promise<void>;
}

describe('the breaker of a destination that two processors deliver to', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query('truncate event_keys, events, deliveries, finished_deliveries, destination_states');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  async function scene(
    overrides: Partial<HttpDestinationConfig>,
    play: (scene: Scene) => Promise<void>,
  ): Promise<void> {
    await using receiver = await startFakeReceiver();
    const destination = destinationConfig({
      url: receiver.url,
      concurrency: 2,
      breaker: BREAKER,
      retry: { scheduleMs: [86_400_000], jitter: 'none' },
      ...overrides,
    });
    const start = () => runDelivery({ pool, destinations: [destination] });
    const both = [await start(), await start()] as const;
    const stop = new AbortController();
    const following = both.map(({ delivery }, rank) => {
      delivery.destinations.get('crm')!.setShare({ count: 2, rank });
      return follow(delivery, stop.signal);
    });
    try {
      await play({
        both,
        receiver,
        async store(count) {
          const half = () => Array.from({ length: count / 2 }, () => sampleEvent());
          for (const one of both) await one.store(half());
        },
      });
    } finally {
      stop.abort();
      await Promise.all(following);
      for (const one of both) await one.stop(0);
    }
  }

  /** As the heartbeat does, and more often. */
  async function follow({ destinations }: RunningDelivery['delivery'], signal: AbortSignal): Promise<void> {
    const news = createDestinationNews({ pool, destinations, cache: { learn: () => undefined } });
    while (!signal.aborted) {
      await news.read();
      await delay(5, undefined, { signal }).catch(() => undefined);
    }
  }

  async function crm(): Promise<Row | undefined> {
    const { rows } = await pool.query<Row>(
      `select status, failures, extract(epoch from reopens_at)::float8 * 1000 as reopens_at,
              extract(epoch from closed_at)::float8 * 1000 as closed_at from destination_states`,
    );
    return rows[0];
  }
  const until = (status: string) =>
    waitFor(async () => ((await crm())?.status === status ? await crm() : null), { what: `it ${status}` });
  const counts = async () => {
    const { rows } = await pool.query<{ state: string; n: number }>(
      'select state, count(*)::int as n from all_deliveries group by state',
    );
    return Object.fromEntries(rows.map(({ state, n }) => [state, n]));
  };
  const knownBy = (one: RunningDelivery) => one.delivery.destinations.get('crm')!.breaker.view.status;
  /** A claim under way has its slots, and no attempt yet. */
  const slotsInUse = (one: RunningDelivery) => one.delivery.destinations.get('crm')!.slots.inUse;
  /** Both have heard that it is open, and what was under way has ended. */
  const untilQuiet = (both: Scene['both']) =>
    waitFor(() => both.every(one => knownBy(one) === 'OPEN' && slotsInUse(one) === 0));
  const untilDelivered = (count: number) =>
    waitFor(async () => (await counts())['delivered'] === count, { timeoutMs: 30_000 });

  it('opens at the tenth failure over both, and neither sends anything before its time; then one of them sends one', async () => {
    await scene({}, async ({ receiver, store, both }) => {
      receiver.always(FAILS);
      await store(40);
      const opened = await until('OPEN');
      assert.equal(opened!.failures, 10);
      await untilQuiet(both);
      const before = receiver.requests.length;
      // What another starts before it has heard of it is under way too; two breakers would let 20 through.
      assert.ok(before >= 10 && before < 20, `${before} requests`);
      const probeMs = 300;
      let probeAt = 0;
      receiver.always((request): ScriptedAnswer => {
        if (probeAt > 0) return { status: 200 };
        probeAt = request.receivedAt.getTime();
        return { status: 200, delayMs: probeMs };
      });
      await untilDelivered(40 - before);
      assert.ok(probeAt + 1 >= opened!.reopens_at, 'not before its time');
      const times = receiver.requests.slice(before).map(request => request.receivedAt.getTime());
      assert.equal(times[0], probeAt);
      assert.ok(times[1]! + 1 >= probeAt + probeMs, 'none beside the probe');
      assert.deepEqual(await counts(), { due: before, delivered: 40 - before });
      assert.equal((await crm())!.status, 'CLOSED');
    });
  });

  it('is closed for both by one’s success between the failures of the other', async () => {
    await scene({}, async ({ receiver, both }) => {
      const [first, second] = both;
      receiver.script(...Array<ScriptedAnswer>(9).fill(FAILS), { status: 200 });
      await first.store(Array.from({ length: 9 }, () => sampleEvent()));
      await waitFor(async () => (await crm())?.failures === 9);
      await waitFor(() => second.delivery.destinations.get('crm')!.breaker.view.failures === 9);
      await second.store([sampleEvent()]);
      await waitFor(async () => (await crm())?.failures === 0);
      receiver.script(FAILS);
      await first.store([sampleEvent()]);
      await waitFor(async () => (await crm())?.failures === 1);
      assert.equal((await crm())!.status, 'CLOSED');
    });
  });

  it('opens again when the probe fails, with everything held as before', async () => {
    const breaker = { ...BREAKER, failures: 2, resetMs: 200 };
    await scene({ breaker }, async ({ receiver, store }) => {
      receiver.always(FAILS);
      await store(10);
      await until('OPEN');
      await waitFor(async () => ((await crm())?.failures ?? 0) >= 4); // two probes
      receiver.always({ status: 200 });
      await until('CLOSED');
      const failed = receiver.requests.length;
      await waitFor(async () => ((await counts())['delivered'] ?? 0) > 0 && !('leased' in (await counts())));
      assert.ok(failed <= 10);
    });
  });

  it('is probed again when the processor that took the probe was killed, and not before the probe’s time is over', async () => {
    const resetMs = 1;
    await scene({ breaker: { ...BREAKER, resetMs } }, async ({ receiver, store, both }) => {
      const report = { name: 'crm', epoch: 0, succeeded: false, failures: 10, threshold: 10, resetMs };
      await reportHealth(pool, [report]);
      const killed = await waitFor(async () => {
        const answer = await takeProbe(pool, 'crm', { probeMs: 400, resetMs });
        return answer?.changed === true ? answer : null;
      });
      const { rows } = await pool.query<{ until: number }>(
        'select extract(epoch from probe_until)::float8 * 1000 as until from destination_states',
      );
      await waitFor(() => both.every(one => knownBy(one) === 'HALF_OPEN'));
      await store(6);
      await untilDelivered(6);
      assert.ok(receiver.requests[0]!.receivedAt.getTime() + 1 >= rows[0]!.until);
      assert.equal(killed.status, 'HALF_OPEN');
    });
  });

  it('keeps its rate over both: each further twenty go out a second later at the earliest, and all arrive', async () => {
    const rate = { max: 20, perMs: 1_000 };
    await scene({ concurrency: 10, rate }, async ({ receiver, store }) => {
      const storedAt = Date.now();
      await store(60);
      await untilDelivered(60);
      const times = receiver.requests.map(request => request.receivedAt.getTime()).toSorted((a, b) => a - b);
      for (const [index, at] of times.entries()) {
        const earliest = storedAt + Math.floor(index / rate.max) * rate.perMs;
        assert.ok(at >= earliest - 2, `request ${index + 1} came ${earliest - at} ms early`); // clocks of whole milliseconds
      }
    });
  });

  it('lets no more in flight after it closed than the slow start allows at that time, over both', async () => {
    const concurrency = 10;
    const breaker = { failures: 10, resetMs: 1_000, slowStartMs: 1_000 };
    await scene({ breaker, concurrency }, async ({ receiver, store, both }) => {
      receiver.always(FAILS);
      await store(80);
      await until('OPEN');
      await untilQuiet(both);
      const before = receiver.requests.length;
      const delayMs = 20;
      receiver.always({ status: 200, delayMs });
      await untilDelivered(80 - before);
      const { closed_at: closedAt } = (await crm())!;
      const begun = receiver.requests.slice(before + 1).map(request => request.receivedAt.getTime());
      for (const [index, at] of begun.entries()) {
        const inFlight = begun.filter((other, n) => n <= index && other > at - delayMs + 2).length;
        const allowed = Math.max(1, Math.ceil((concurrency * (at + 1 - closedAt)) / breaker.slowStartMs));
        assert.ok(inFlight <= allowed, `${inFlight} in flight ${at - closedAt} ms after it closed`);
      }
    });
  });
});
