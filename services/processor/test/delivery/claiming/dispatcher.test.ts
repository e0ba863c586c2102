import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFairShare, type FairShare } from '@ackline/shared/fair-share';
import type { ClaimedDelivery, ClaimRequest, DueFlow, DueWork } from '@ackline/store/delivery-claims';
import type { AttemptPlace, AttemptRunner } from '../../../src/delivery/attempting/attempt-runner.ts';
import { createDestination, type Destination } from '../../../src/delivery/destination.ts';
import {
  createDispatcher,
  type Dispatcher,
  type DispatchStore,
} from '../../../src/delivery/claiming/dispatcher.ts';
import { createNameLookup } from '@ackline/runtime/name-lookup';
import { destinationConfig } from '../../configs.ts';

const lookup = createNameLookup();
const BODY_BYTES = 100;
/** The destination that several tenants' events come to. */
const SHARED = 'shared';
const CLAIMS_AT_ONCE = 2;
const BREAKER = { failures: 1, resetMs: 60_000, slowStartMs: 0 };

interface Harness {
  readonly dispatcher: Dispatcher;
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly claims: ClaimRequest[];
  readonly asked: string[][];
  readonly launched: { place: AttemptPlace; id: string }[];
  /** Runs the loop while `use` does, and ends it. */
  during(use: () => Promise<void>): Promise<void>;
}

const flowTo = (destination: string, overrides: Partial<DueFlow> = {}): DueFlow => ({
  destination,
  tenant: 'default',
  priority: 'normal',
  ...overrides,
});
const liveWork = (names: readonly string[]): DueWork => ({
  flows: names.map(name => flowTo(name)),
  replays: [],
});

const claimedRow = (id: string, request: ClaimRequest): ClaimedDelivery => ({
  id,
  leaseId: request.leaseId,
  eventId: 'e',
  source: 'telegram',
  tenant: 'default',
  route: 'all',
  priority: 'normal',
  tries: 0,
  replay: false,
  followed: false,
  waitedMs: 0,
  transforms: false,
  isCut: false,
  keyId: 'none',
  meta: Buffer.alloc(0),
  body: Buffer.alloc(BODY_BYTES),
});

/** `due`: how many deliveries each destination can give out. */
function harness(
  due: Record<string, number>,
  store: Partial<DispatchStore> = {},
  memory: FairShare = createFairShare(1_000_000_000),
): Harness {
  const claims: ClaimRequest[] = [];
  const asked: string[][] = [];
  const launched: Harness['launched'] = [];
  const log = { error: () => undefined } as never;
  const events = {
    onNews: () => undefined,
    slotFreed: (name: string) => dispatcher.slotFreed(name),
    lookup,
    memory,
    isShared: (name: string) => name === SHARED,
    now: () => 0,
  };
  const destinations = new Map(
    Object.keys(due).map(name => [
      name,
      createDestination(destinationConfig({ name, concurrency: 3, breaker: BREAKER }), events),
    ]),
  );
  const runner: AttemptRunner = {
    inFlight: 0,
    launch: (place, delivery) => void launched.push({ place, id: delivery.id }),
    launchClaimed: (place, row) => void launched.push({ place, id: row.id }),
    drain: () => Promise.resolve(),
  };
  const dispatcher = createDispatcher({
    destinations,
    runner,
    weightOf: () => 1,
    claimsAtOnce: CLAIMS_AT_ONCE,
    log,
    store: {
      findDue(names) {
        asked.push([...names]);
        return Promise.resolve(liveWork(names.filter(name => (due[name] ?? 0) > 0)));
      },
      claimDue(request) {
        claims.push(request);
        const count = Math.min(request.limit, due[request.destination] ?? 0);
        due[request.destination] = (due[request.destination] ?? 0) - count;
        return Promise.resolve(
          Array.from({ length: count }, (_, n) =>
            claimedRow(`${request.destination}-${claims.length}-${n}`, request),
          ),
        );
      },
      takeProbe: () => Promise.resolve(null),
      ...store,
    },
  });
  return {
    dispatcher,
    destinations,
    claims,
    asked,
    launched,
    async during(use) {
      const stop = new AbortController();
      const running = dispatcher.run(stop.signal);
      try {
        await use();
      } finally {
        stop.abort();
        await running;
      }
    },
  };
}

const turns = async (count: number) => {
  for (let n = 0; n < count; n++) await new Promise<void>(resolve => setImmediate(resolve));
};

describe('the dispatcher', () => {
  it('claims for as many as there are slots, and for the next when one is free again', async () => {
    const h = harness({ crm: 5 });
    await h.during(async () => {
      await turns(5);
      assert.equal(h.launched.length, 3);
      assert.equal(h.destinations.get('crm')!.slots.free, 0);
      for (const { place } of h.launched.slice(0, 2)) place.reservation.finish(true);
      await turns(5);
      assert.equal(h.launched.length, 5);
    });
    const requests = h.claims.map(({ destination, limit, leaseMs }) => ({ destination, limit, leaseMs }));
    assert.deepEqual(requests, [
      { destination: 'crm', limit: 3, leaseMs: 15_000 },
      { destination: 'crm', limit: 2, leaseMs: 15_000 },
    ]);
  });

  it('does not ask on and on for what is due and can’t be had: somebody else has it', async () => {
    const h = harness({ crm: 0 }, { findDue: names => Promise.resolve(liveWork(names)) });
    await h.during(() => turns(200));
    assert.ok(h.claims.length <= 5, `claimed ${h.claims.length} times`);
    assert.equal(h.destinations.get('crm')!.slots.free, 3);
  });

  it('passes over a destination that is paused, full, open or gone, and goes on with the others', async () => {
    const h = harness({ paused: 1, full: 1, broken: 1, gone: 1, fine: 1 });
    await h.destinations.get('paused')!.pause.begin(() => Promise.resolve());
    h.destinations.get('full')!.setShare(null);
    h.destinations.get('broken')!.tryReserve(0, 'a')!.finish(false);
    h.destinations.get('gone')!.remove();
    await h.during(() => turns(5));
    assert.deepEqual(
      h.claims.map(claim => claim.destination),
      ['fine'],
    );
    assert.deepEqual(h.asked[0], ['fine']);
  });

  it('gives its slots back when the store fails, and goes on', async () => {
    let failures = 1;
    const h = harness(
      { crm: 1 },
      {
        claimDue(request) {
          if (failures-- > 0) return Promise.reject(new Error('connection refused'));
          return Promise.resolve(failures === -1 ? [claimedRow('one', request)] : []);
        },
      },
    );
    await h.during(async () => {
      await turns(5);
      assert.deepEqual(h.launched, []);
      assert.equal(h.destinations.get('crm')!.slots.free, 3);
      h.dispatcher.wake();
      await turns(2);
      h.dispatcher.wake();
      await turns(10);
      assert.equal(h.launched.length, 1);
    });
  });

  it('claims for the others while one claim takes long, and for that one not twice at a time', async () => {
    const held = Promise.withResolvers<void>();
    const h = harness(
      { slow: 1, fast: 0 },
      {
        findDue: names => Promise.resolve(liveWork(names)),
        async claimDue(request) {
          h.claims.push(request);
          if (request.destination === 'slow') await held.promise;
          return [];
        },
      },
    );
    await h.during(async () => {
      for (let n = 0; n < 10; n++) {
        h.dispatcher.wake();
        await turns(3);
      }
      held.resolve();
    });
    const of = (name: string) => h.claims.filter(claim => claim.destination === name).length;
    assert.equal(of('slow'), 1);
    assert.ok(of('fast') >= 10, `${of('fast')} claims`);
  });

  it('has no more claims under way than it may, so that others find a connection', async () => {
    const held = Promise.withResolvers<void>();
    const h = harness(
      { a: 1, b: 1, c: 1 },
      {
        async claimDue(request) {
          h.claims.push(request);
          await held.promise;
          return [];
        },
      },
    );
    await h.during(async () => {
      await turns(10);
      assert.equal(h.claims.length, CLAIMS_AT_ONCE);
      held.resolve();
      await turns(10);
      assert.deepEqual(h.claims.map(claim => claim.destination).slice(0, 3), ['a', 'b', 'c']);
    });
  });

  it('claims flow by flow, each so many that they fill the slots, and again at once for what one did not use', async () => {
    const left: Record<string, number> = { a: 0, b: 9 }; // somebody else was faster with a
    const listings = [['a', 'b'], ['b']];
    const flows = () => (listings.shift() ?? []).map(tenant => flowTo('crm', { tenant }));
    const h = harness(
      { crm: 0 },
      {
        findDue: () => Promise.resolve({ flows: flows(), replays: [] }),
        claimDue(request) {
          h.claims.push(request);
          assert.ok(request.from !== 'replays');
          const rows = request.from.flatMap(({ tenant, quota }) => {
            const count = Math.min(quota, left[tenant]!);
            left[tenant]! -= count;
            return Array.from({ length: count }, () => ({ ...claimedRow(`${tenant}`, request), tenant }));
          });
          return Promise.resolve(rows);
        },
      },
    );
    await h.during(() => turns(5));
    assert.deepEqual(left, { a: 0, b: 6 }); // all three slots
  });

  it('leaves what a tenant may not have now to the others, each with a slot of its own tenant', async () => {
    const rows: Record<string, number> = { a: 9, b: 1 };
    const h = harness(
      { [SHARED]: 0 },
      {
        findDue: () =>
          Promise.resolve({
            flows: ['a', 'b'].filter(tenant => rows[tenant]! > 0).map(tenant => flowTo(SHARED, { tenant })),
            replays: [],
          }),
        claimDue(request) {
          h.claims.push(request);
          assert.ok(request.from !== 'replays');
          return Promise.resolve(
            request.from.flatMap(({ tenant, quota }) => {
              const count = Math.min(quota, rows[tenant]!);
              rows[tenant]! -= count;
              return Array.from({ length: count }, () => ({ ...claimedRow(tenant, request), tenant }));
            }),
          );
        },
      },
    );
    const placesOf = (tenant: string) => h.launched.filter(({ id }) => id === tenant);
    const b = h.dispatcher.tryReserve(SHARED, 1, 'b')!;
    await h.during(async () => {
      h.dispatcher.wake([SHARED]);
      await turns(9);
      assert.equal(h.destinations.get(SHARED)!.slots.free, 0);
      for (const { place } of placesOf('b')) place.reservation.finish(true);
      b.finish(true);
      await turns(9);
      assert.equal(placesOf('a').length, 2, 'it hangs, and has two of three');
      assert.equal(h.destinations.get(SHARED)!.slots.free, 1);
      rows['b'] = 1;
      h.dispatcher.wake([SHARED]);
      await turns(9);
      assert.equal(placesOf('b').length, 2);
      placesOf('a')[0]!.place.reservation.finish(true);
      await turns(9);
      assert.equal(placesOf('a').length, 3);
    });
  });

  it('sends replays after live work, and never only one of the two', async () => {
    const h = harness(
      { crm: 0 },
      {
        findDue: () => Promise.resolve({ flows: [flowTo('crm')], replays: ['crm'] }),
        claimDue(request) {
          h.claims.push(request);
          const lane = request.from === 'replays' ? 'replay' : 'live';
          return Promise.resolve(Array.from({ length: request.limit }, () => claimedRow(lane, request)));
        },
      },
    );
    const started = { live: 0, replay: 0 };
    await h.during(async () => {
      for (let n = 0; n < 40; n++) {
        await turns(5);
        for (const { place, id } of h.launched.splice(0)) {
          started[id as 'live' | 'replay'] += 1;
          place.reservation.finish(true);
        }
      }
    });
    assert.ok(started.replay >= 4, `${started.replay} replays`); // one of ten turns has one
    assert.ok(started.live > 8 * started.replay, `${started.live} live ones`);
  });

  it('has no more than their lane of replays in flight, whatever is free, and live work finds the other slots', async () => {
    let flows: readonly DueFlow[] = [];
    const h = harness(
      { crm: 0 },
      {
        findDue: () => Promise.resolve({ flows, replays: ['crm'] }),
        claimDue(request) {
          h.claims.push(request);
          const lane = request.from === 'replays' ? 'replay' : 'live';
          return Promise.resolve(Array.from({ length: request.limit }, () => claimedRow(lane, request)));
        },
      },
    );
    const inFlight = () => h.launched.map(({ id }) => id);
    await h.during(async () => {
      await turns(20);
      assert.deepEqual(inFlight(), ['replay']);
      flows = [flowTo('crm')];
      h.dispatcher.wake();
      await turns(20);
      assert.deepEqual(inFlight(), ['replay', 'live', 'live']);
      flows = [];
      h.launched[0]!.place.reservation.finish(true);
      await turns(20);
      assert.deepEqual(inFlight(), ['replay', 'live', 'live', 'replay']);
    });
  });

  it('ends only when the claims that it began have', async () => {
    const held = Promise.withResolvers<void>();
    const h = harness(
      { crm: 1 },
      { claimDue: request => held.promise.then(() => [claimedRow('late', request)]) },
    );
    const stop = new AbortController();
    const running = h.dispatcher.run(stop.signal);
    await turns(5);
    stop.abort();
    await turns(5);
    held.resolve();
    await running;
    assert.equal(h.launched.length, 1);
  });

  it('reserves nothing for those who store once it is to take no more, nor for a name that is not there', () => {
    const h = harness({ crm: 0 });
    assert.equal(h.dispatcher.tryReserve('elsewhere', 1, 'default'), null);
    h.dispatcher.tryReserve('crm', 1, 'default')!.giveBackUnheard();
    h.dispatcher.stopTaking();
    assert.equal(h.dispatcher.tryReserve('crm', 1, 'default'), null);
  });
});

describe('a queue of a destination', () => {
  const started = (h: Harness) => h.launched.map(({ id }) => id);

  it('is not gone past by what is stored later: it stays due until a claim has found less than it asked for', async () => {
    const due = { crm: 0, other: 0 };
    const h = harness(due);
    const held = ['a', 'b', 'c'].map(() => h.dispatcher.tryReserve('crm', 1, 'default')!);
    assert.equal(h.dispatcher.tryReserve('crm', 1, 'default'), null); // no slot
    due.crm = 4;
    h.dispatcher.wake(['crm']);
    await h.during(async () => {
      await turns(5);
      held[0]!.finish(true);
      assert.equal(
        h.dispatcher.tryReserve('crm', 1, 'default'),
        null,
        'a slot is free, and it is for who waits',
      );
      h.dispatcher.tryReserve('other', 1, 'default')!.giveBackUnheard();
      await turns(5);
      assert.equal(started(h).length, 1);
      held[1]!.finish(true);
      held[2]!.finish(true);
      await turns(5);
      assert.equal(started(h).length, 3);
      assert.equal(h.dispatcher.tryReserve('crm', 1, 'default'), null);
      for (const { place } of h.launched) place.reservation.finish(true);
      await turns(5);
      assert.equal(started(h).length, 4);
      h.dispatcher.tryReserve('crm', 1, 'default')!.giveBackUnheard();
    });
  });

  it('is there too where nobody said so and a claim found all that it asked for', async () => {
    const due = { crm: 4 };
    const h = harness(due);
    await h.during(async () => {
      await turns(5);
      h.launched[0]!.place.reservation.finish(true);
      assert.equal(h.dispatcher.tryReserve('crm', 1, 'default'), null);
      await turns(5);
      h.launched[1]!.place.reservation.finish(true);
      await turns(5); // looks, and finds nothing more
      h.dispatcher.tryReserve('crm', 1, 'default')!.giveBackUnheard();
    });
  });

  it('is not over by a claim that began before something was left due', async () => {
    const began = Promise.withResolvers<void>();
    const [goOn, nextGoesOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const h = harness(
      { crm: 1 },
      {
        async claimDue(request) {
          h.claims.push(request);
          began.resolve();
          if (h.claims.length > 1) return nextGoesOn.promise.then(() => [claimedRow('later', request)]);
          await goOn.promise;
          return [];
        },
        findDue: names => Promise.resolve(liveWork(h.claims.length < 2 ? names : [])),
      },
    );
    await h.during(async () => {
      await began.promise;
      h.dispatcher.wake(['crm']);
      goOn.resolve();
      await turns(5);
      assert.equal(h.claims.length, 2);
      assert.equal(h.dispatcher.tryReserve('crm', 1, 'default'), null);
      nextGoesOn.resolve();
      await turns(5);
      assert.deepEqual(started(h), ['later']);
      h.dispatcher.tryReserve('crm', 1, 'default')!.giveBackUnheard();
    });
  });

  it('is there as long as something is due that was not asked for, since its tenant may not have more now', async () => {
    const flows = ['a', 'b'].map(tenant => flowTo(SHARED, { tenant }));
    const h = harness(
      { [SHARED]: 0 },
      {
        findDue: () => Promise.resolve({ flows, replays: [] }),
        claimDue(request) {
          h.claims.push(request);
          return Promise.resolve([]); // somebody else was faster
        },
      },
    );
    const held = [1, 2].map(() => h.dispatcher.tryReserve(SHARED, 1, 'a')!);
    await h.during(() => turns(5));
    assert.deepEqual(h.claims[0]!.from, [{ tenant: 'b', priority: 'normal', quota: 1 }]);
    assert.equal(h.dispatcher.tryReserve(SHARED, 1, 'b'), null);
    for (const one of held) one.giveBackUnheard();
  });

  it('is still there after a claim that was cut by the size of its bodies, and the rest is asked for at once', async () => {
    const next = Promise.withResolvers<ClaimedDelivery[]>();
    const h = harness(
      { crm: 1 },
      {
        claimDue(request) {
          h.claims.push(request);
          const cut = Promise.resolve([{ ...claimedRow('large', request), isCut: true }]);
          return h.claims.length === 1 ? cut : next.promise;
        },
      },
    );
    await h.during(async () => {
      await turns(5);
      assert.equal(h.claims.length, 2);
      h.launched[0]!.place.reservation.finish(true);
      assert.equal(h.dispatcher.tryReserve('crm', 1, 'default'), null);
      next.resolve([]);
    });
  });

  it('is still there after a claim that failed', async () => {
    const h = harness({ crm: 1 }, { claimDue: () => Promise.reject(new Error('connection refused')) });
    h.dispatcher.wake(['crm']);
    await h.during(() => turns(5));
    assert.equal(h.dispatcher.tryReserve('crm', 1, 'default'), null);
  });
});

describe('a slot that is free again', () => {
  const held = (h: Harness, name: string, count = 3) =>
    Array.from({ length: count }, () => h.dispatcher.tryReserve(name, 1, 'default')!);
  /** What was asked for since. */
  const askedBy = async (h: Harness, act: () => void) => {
    const before = h.asked.length;
    act();
    await turns(5);
    return h.asked.slice(before);
  };

  it('costs no look where nothing is due, as far as is known', async () => {
    const h = harness({ crm: 0 });
    await h.during(async () => {
      await turns(5);
      for (const one of held(h, 'crm')) assert.deepEqual(await askedBy(h, () => one.finish(true)), []); // (D9)
    });
  });

  it('is for what was promoted, released or routed late while all were taken, and then for nothing', async () => {
    const due = { crm: 0, erp: 0 };
    const h = harness(due);
    await h.during(async () => {
      await turns(5);
      const slots = held(h, 'crm');
      due.crm = 1;
      assert.deepEqual(await askedBy(h, () => h.dispatcher.wake()), [['erp']]);
      const [asked] = await askedBy(h, () => slots[0]!.finish(true));
      assert.deepEqual(asked, ['crm', 'erp']); // (D9)
      assert.equal(h.launched.length, 1);
      await askedBy(h, () => slots[1]!.finish(true)); // the look after the claim
      assert.deepEqual(await askedBy(h, () => slots[2]!.finish(true)), []);
    });
  });

  it('is for what became due after a round had passed over the destination', async () => {
    const due = { crm: 0, erp: 0 };
    const h = harness(due);
    await h.during(async () => {
      await turns(5);
      const slots = held(h, 'crm');
      assert.deepEqual(await askedBy(h, () => h.dispatcher.wake()), [['erp']]);
      due.crm = 1;
      await askedBy(h, () => slots[0]!.finish(true)); // (D9)
      assert.equal(h.launched.length, 1);
    });
  });

  it('while a claim is under way is used when that has ended', async () => {
    const goOn = Promise.withResolvers<void>();
    const h = harness(
      { crm: 0 },
      {
        findDue: names => Promise.resolve(liveWork(h.claims.length < 2 ? names : [])),
        async claimDue(request) {
          h.claims.push(request);
          if (h.claims.length === 1) await goOn.promise;
          return [];
        },
      },
    );
    const [one] = held(h, 'crm', 1);
    await h.during(async () => {
      await turns(5);
      one!.finish(true);
      await turns(5);
      assert.equal(h.claims.length, 1);
      goOn.resolve();
      await turns(5);
      assert.equal(h.claims.length, 2);
    });
  });

  it('is for the replays that a look has seen and that had no slot of their lane', async () => {
    let replays = 2;
    const h = harness(
      { crm: 0 },
      {
        findDue: () => Promise.resolve({ flows: [], replays: replays > 0 ? ['crm'] : [] }),
        claimDue(request) {
          replays -= 1;
          return Promise.resolve([claimedRow('replay', request)]);
        },
      },
    );
    await h.during(async () => {
      await turns(9);
      assert.equal(h.launched.length, 1);
      h.launched[0]!.place.reservation.finish(true);
      await turns(9);
      assert.equal(h.launched.length, 2);
    });
  });

  it('brings the memory that another destination waits for', async () => {
    const memory = createFairShare(1_000);
    const h = harness({ crm: 0, big: 1 }, {}, memory);
    const one = h.dispatcher.tryReserve('big', 10, 'default')!;
    const other = h.dispatcher.tryReserve('crm', 3, 'default')!;
    memory.take('others', 986); // what is left is for who holds little
    await h.during(async () => {
      await turns(5);
      assert.equal(h.launched.length, 0);
      other.finish(true);
      await turns(5);
      assert.equal(h.launched.length, 1);
    });
    one.giveBackUnheard();
  });
});

describe('the memory for bodies', () => {
  const claimBytes = 8 * 1024 * 1024;

  it('is held by what a claim brought until its attempts end, and by a claim only while it is under way', async () => {
    const memory = createFairShare(1_000_000_000);
    let during = 0;
    const h = harness(
      { crm: 2 },
      {
        claimDue(request) {
          during = memory.taken;
          return Promise.resolve([claimedRow('one', request), claimedRow('two', request)]);
        },
        findDue: names => Promise.resolve(liveWork(h.launched.length === 0 ? names : [])),
      },
      memory,
    );
    await h.during(() => turns(5));
    assert.equal(during, claimBytes);
    assert.equal(memory.taken, 2 * BODY_BYTES);
    h.launched[0]!.place.reservation.finish(true);
    h.launched[0]!.place.reservation.finish(true);
    assert.equal(memory.taken, BODY_BYTES);
    h.launched[1]!.place.reservation.giveBackUnheard();
    assert.equal(memory.taken, 0);
  });

  it('lets a claim that it cut short be followed by the next one', async () => {
    const rows = ['one', 'two'];
    const h = harness(
      { crm: 0 },
      {
        findDue: names => Promise.resolve(liveWork(rows.length > 0 ? names : [])),
        claimDue(request) {
          const row = claimedRow(rows.shift()!, request);
          return Promise.resolve([{ ...row, isCut: rows.length > 0 }]);
        },
      },
    );
    await h.during(() => turns(9));
    assert.deepEqual(
      h.launched.map(({ id }) => id),
      ['one', 'two'],
    );
  });

  it('is given back by a claim that fails', async () => {
    const memory = createFairShare(1_000_000_000);
    const h = harness({ crm: 1 }, { claimDue: () => Promise.reject(new Error('away')) }, memory);
    await h.during(() => turns(5));
    assert.equal(memory.taken, 0);
  });

  it('lets a claim ask for no more than is free, and for one delivery where nothing of the destination is in flight', async () => {
    const memory = createFairShare(1_000);
    memory.take('others', 700);
    const h = harness({ crm: 1 }, {}, memory);
    await h.during(() => turns(5));
    memory.take('others', 1_000);
    const full = harness({ erp: 1 }, {}, memory);
    await full.during(() => turns(5));
    assert.deepEqual(
      [...h.claims, ...full.claims].map(claim => claim.maxBytes),
      [300, 0],
    );
  });

  it('leaves a destination alone that has some of it in flight and no room for more, until there is', async () => {
    const memory = createFairShare(1_000);
    const h = harness({ crm: 1 }, {}, memory);
    const held = h.dispatcher.tryReserve('crm', 50, 'default')!;
    memory.take('others', 950);
    await h.during(async () => {
      await turns(5);
      assert.deepEqual(h.claims, []);
      held.finish(true);
      await turns(5);
      assert.equal(h.claims.length, 1);
    });
  });

  it('leaves a delivery due whose body finds no room, and takes no slot for it', () => {
    const memory = createFairShare(1_000);
    memory.take('others', 900);
    const h = harness({ crm: 0 }, {}, memory);
    assert.equal(h.dispatcher.tryReserve('crm', 101, 'default'), null);
    assert.equal(h.destinations.get('crm')!.slots.free, 3);
    const fits = h.dispatcher.tryReserve('crm', 100, 'default')!;
    assert.equal(memory.taken, 1_000);
    fits.giveBackUnheard();
    assert.equal(memory.taken, 900);
  });
});

describe('a reservation', () => {
  const destination = (failures: number, now = () => 0, isShared = false) => {
    let freed = 0;
    const made = createDestination(destinationConfig({ concurrency: 2, breaker: { ...BREAKER, failures } }), {
      lookup,
      memory: createFairShare(1_000),
      isShared: () => isShared,
      now,
      onNews: () => undefined,
      slotFreed: () => {
        freed += 1;
      },
    });
    return { made, freed: () => freed };
  };

  it('is given back once, however often it is ended', () => {
    const { made, freed } = destination(2);
    const [one, two] = [made.tryReserve(0, 'a')!, made.tryReserve(0, 'a')!];
    assert.equal(made.tryReserve(0, 'a'), null);
    one.finish(true);
    one.finish(false);
    one.giveBackUnheard();
    assert.deepEqual([made.slots.free, freed()], [1, 1]);
    two.giveBackUnheard();
    assert.deepEqual([made.slots.free, freed()], [2, 1]);
    assert.equal(made.breaker.view.failures, 0);
  });

  it('is not given while the breaker is open, and its slot stays free', () => {
    const { made } = destination(1);
    made.tryReserve(0, 'a')!.finish(false);
    assert.equal(made.breaker.isClosed, false);
    assert.equal(made.tryReserve(10, 'a'), null);
    assert.equal(made.bodies.takeForClaim(1_000), 1_000, 'its room too');
    assert.equal(made.slots.free, 2);
  });

  it('leaves a slot to the other tenants where there are some, and gives back what its own tenant held', () => {
    const { made } = destination(9, () => 0, true);
    const one = made.tryReserve(0, 'a')!;
    assert.equal(made.tryReserve(0, 'a'), null);
    assert.equal(made.slots.free, 1);
    made.tryReserve(0, 'b')!.giveBackUnheard();
    one.finish(true);
    made.tryReserve(0, 'a')!.giveBackUnheard();
    const alone = destination(9).made;
    assert.deepEqual([alone.tryReserve(0, 'a')?.owner, alone.tryReserve(0, 'a')?.owner], ['a', 'a']);
  });

  it('that can’t be had counts for nobody', () => {
    const { made } = destination(1, () => 0, true);
    for (let n = 0; n < 9; n += 1) assert.equal(made.tryReserve(1_001, 'a'), null, 'no memory for it');
    assert.equal(made.tryReserve(0, 'a')?.owner, 'a');
  });

  it('has a lease of the attempt’s time limit and ten seconds, of its own', () => {
    const { made } = destination(1);
    const [one, two] = [made.tryReserve(0, 'a')!, made.tryReserve(0, 'a')!];
    assert.equal(one.leaseMs, 15_000);
    assert.notEqual(one.leaseId, two.leaseId);
  });

  it('reckons the lease from when it was made, before PostgreSQL gives it', () => {
    let now = 1_000;
    const { made } = destination(1, () => now);
    const one = made.tryReserve(0, 'a')!;
    now += 60_000;
    assert.equal(one.leaseEndsAt, 16_000);
  });
});
