import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { addressOf } from '@ackline/shared/config/destination-address';
import type { DestinationConfig } from '@ackline/shared/config/types';
import { createFairShare } from '@ackline/shared/fair-share';
import type { ClaimReservation } from '../../src/delivery/destination.ts';
import { createDestinations, type Destinations } from '../../src/delivery/destinations.ts';
import { createNameLookup } from '@ackline/runtime/name-lookup';
import type { SharedBreaker } from '../../src/delivery/limits/shared-breaker.ts';
import { REPLAYS } from '../../src/delivery/limits/tenant-slots.ts';
import { destinationConfig, topicConfig } from '../configs.ts';

const LEASE_MARGIN_MS = 10_000;
const ALONE = { count: 1, rank: 0 };

interface Harness {
  readonly destinations: Destinations;
  /** What PostgreSQL would hear. */
  news(): readonly string[];
  apply(...configs: readonly DestinationConfig[]): void;
}

describe('destinations over a reload', () => {
  const opened: Destinations[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(destinations => destinations.close()));
  });

  const byName = (configs: readonly DestinationConfig[]) => new Map(configs.map(one => [one.name, one]));

  function start(...configs: readonly DestinationConfig[]): Harness {
    const told: SharedBreaker[] = [];
    const destinations = createDestinations(byName(configs), {
      onNews: breaker => void told.push(breaker),
      slotFreed: () => undefined,
      lookup: createNameLookup(),
      memory: createFairShare(1_000),
      isShared: () => false,
      now: () => 0,
    });
    opened.push(destinations);
    return {
      destinations,
      news: () => told.splice(0).flatMap(breaker => breaker.takeNews()?.kind ?? []),
      apply: (...next) => destinations.apply(byName(next)),
    };
  }
  function crmOf({ destinations }: Harness) {
    const crm = destinations.all.get('crm');
    assert.ok(crm);
    return crm;
  }
  function reserve(harness: Harness): ClaimReservation {
    const reservation = crmOf(harness).tryReserve(0, 'a');
    assert.ok(reservation);
    return reservation;
  }

  it('take another URL, time limit and concurrency at once, and go on counting what is in use', () => {
    const h = start(destinationConfig({ concurrency: 2, timeoutMs: 1_000 }));
    crmOf(h).setShare({ count: 2, rank: 0 });
    const first = reserve(h);
    assert.equal(first.leaseMs, 1_000 + LEASE_MARGIN_MS);
    assert.equal(crmOf(h).tryReserve(0, 'a'), null, 'one of two slots is of another processor');
    h.apply(destinationConfig({ concurrency: 4, timeoutMs: 3_000, url: 'http://127.0.0.1:9/other' }));
    assert.equal(addressOf(crmOf(h).config), 'http://127.0.0.1:9/other');
    assert.equal(crmOf(h).slots.free, 1, 'two of four, one of them in use');
    assert.equal(reserve(h).leaseMs, 3_000 + LEASE_MARGIN_MS);
    h.apply(destinationConfig({ concurrency: 2 }));
    assert.equal(crmOf(h).slots.free, 0, 'more in use than the new limit');
    first.giveBackUnheard();
    assert.equal(crmOf(h).slots.free, 0);
  });

  it('have one lane of replays over all processors, so that live work finds the other slots', () => {
    const replaysOf = (concurrency: number, count: number) =>
      Array.from({ length: count }, (_, rank) => {
        const h = start(destinationConfig({ concurrency }));
        crmOf(h).setShare({ count, rank });
        let taken = 0;
        while (crmOf(h).tryReserve(0, REPLAYS) !== null) taken += 1;
        return taken;
      });
    assert.deepEqual(replaysOf(3, 3), [1, 0, 0]);
    assert.deepEqual(replaysOf(1, 2), [1, 0]);
    assert.deepEqual(replaysOf(20, 3), [1, 1, 0]);
    assert.deepEqual(replaysOf(50, 2), [3, 2]);
  });

  it('that are new wait for their share of the slots', () => {
    const h = start();
    h.apply(destinationConfig());
    assert.equal(crmOf(h).tryReserve(0, 'a'), null);
    crmOf(h).setShare(ALONE);
    reserve(h);
  });

  it('that are gone take nothing, and come back with their share, their pause and what is in flight', async () => {
    const h = start(destinationConfig({ concurrency: 2 }));
    crmOf(h).setShare(ALONE);
    const inFlight = reserve(h);
    h.apply();
    assert.equal(crmOf(h).isConfigured, false);
    assert.equal(crmOf(h).tryReserve(0, 'a'), null);
    h.apply(destinationConfig({ concurrency: 2 }));
    assert.equal(crmOf(h).slots.free, 1);
    inFlight.finish(true);
    assert.equal(crmOf(h).slots.free, 2);
    await crmOf(h).pause.begin(() => Promise.resolve());
    h.apply();
    h.apply(destinationConfig());
    assert.equal(crmOf(h).tryReserve(0, 'a'), null, 'still paused');
  });

  it('that are gone keep their connections for the attempts in flight, and have new ones when they come back', () => {
    const h = start(destinationConfig());
    const before = crmOf(h).sender;
    const inFlight = reserve(h);
    h.apply();
    h.apply(destinationConfig());
    assert.equal(crmOf(h).sender, before, 'closed nothing while one was in flight');
    inFlight.giveBackUnheard();
    h.apply(destinationConfig());
    assert.equal(crmOf(h).sender, before);
    const last = reserve(h);
    h.apply();
    last.finish(true);
    h.apply(destinationConfig());
    assert.notEqual(crmOf(h).sender, before);
  });

  it('keep their connections while origin and concurrency stay', () => {
    const h = start(destinationConfig({ url: 'http://127.0.0.1:9/a' }));
    const before = crmOf(h).sender;
    h.apply(destinationConfig({ url: 'http://127.0.0.1:9/b', timeoutMs: 1 }));
    assert.equal(crmOf(h).sender, before);
    h.apply(destinationConfig({ url: 'http://127.0.0.1:10/b' }));
    assert.notEqual(crmOf(h).sender, before);
  });

  const BREAKER = { failures: 1, resetMs: 60_000, slowStartMs: 0 };

  it('keep an open breaker unless the URL or its rule changes', () => {
    const h = start(destinationConfig({ breaker: BREAKER }));
    reserve(h).finish(false);
    h.apply(destinationConfig({ breaker: { ...BREAKER }, timeoutMs: 1 }));
    assert.equal(crmOf(h).tryReserve(0, 'a'), null);
    assert.deepEqual(h.news(), ['health']);
    const url = 'http://127.0.0.1:9/other';
    h.apply(destinationConfig({ breaker: BREAKER, url }));
    assert.deepEqual(h.news(), ['reset']);
    reserve(h).finish(false);
    assert.equal(crmOf(h).tryReserve(0, 'a'), null);
    h.apply(destinationConfig({ breaker: { ...BREAKER, failures: 2 }, url }));
    reserve(h).finish(false);
    reserve(h).finish(false);
    assert.equal(crmOf(h).tryReserve(0, 'a'), null);
    h.apply();
    assert.equal(crmOf(h).breaker.view.failures, 0, 'nobody is warned of one that is gone');
  });

  it('that are topics have slots, a rate and a breaker as others have, which begins anew for another topic or cluster', () => {
    const rate = { max: 2, perMs: 1_000 };
    const h = start(topicConfig({ breaker: BREAKER, rate }));
    crmOf(h).setShare(ALONE);
    const [first] = [reserve(h), reserve(h)];
    assert.equal(crmOf(h).tryReserve(0, 'a'), null, 'all that may begin in this second');
    first?.finish(false);
    h.apply(topicConfig({ breaker: BREAKER, headers: { team: 'sales' } }));
    assert.equal(crmOf(h).tryReserve(0, 'a'), null, 'open');
    assert.deepEqual(h.news(), ['health']);
    h.apply(topicConfig({ breaker: BREAKER, topic: 'bills' }));
    assert.deepEqual(h.news(), ['reset']);
    reserve(h).finish(false);
    assert.equal(crmOf(h).tryReserve(0, 'a'), null);
    h.news();
    const elsewhere = { breaker: BREAKER, topic: 'bills', brokers: ['127.0.0.1:10'] };
    h.apply(topicConfig(elsewhere));
    assert.deepEqual(h.news(), ['reset']);
    reserve(h).finish(false);
    h.news();
    const sasl = { mechanism: 'plain', username: 'me', password: { env: 'KAFKA' } } as const;
    h.apply(topicConfig({ ...elsewhere, sasl }));
    assert.deepEqual(h.news(), ['reset'], 'a login that was refused says nothing of another one');
    reserve(h).finish(true);
  });

  it('are not held for what an attempt at the old URL comes to', () => {
    const h = start(destinationConfig({ breaker: BREAKER }));
    const slow = reserve(h);
    h.apply(destinationConfig({ breaker: BREAKER, url: 'http://127.0.0.1:9/other' }));
    slow.finish(false);
    assert.deepEqual(h.news(), ['reset']);
    reserve(h).finish(true);
  });
});
