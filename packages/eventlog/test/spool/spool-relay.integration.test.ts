import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { waitFor } from '@ackline/testkit/wait-for';
import { startSpoolRelay } from '../../src/spool/spool-relay.ts';
import { sampleEvent } from '../event-sample.ts';
import { appendAll, eventsOf, idsOf, place, SpoolBench, TakingTarget } from './spool-fixture.ts';

const away = (): Error => new AppError('ACKLINE_NOT_DURABLE');

describe('spool relay', () => {
  it('asks nothing of a target that is not open, and drains in order once it is', async () => {
    await using bench = new SpoolBench();
    const spool = await bench.open();
    const target = new TakingTarget();
    target.isOpen = false;
    bench.relay(spool, target);
    const events = eventsOf(1_200);
    await appendAll(spool, events);
    assert.equal(target.taken.length, 0);
    target.isOpen = true;
    await waitFor(() => spool.snapshot().events === 0);
    assert.deepEqual(target.ids, idsOf(events));
    assert.equal(spool.snapshot().relayed, events.length);
  });

  it('keeps the order of each key when a row fails in the middle, and sends no row twice', async () => {
    await using bench = new SpoolBench();
    const spool = await bench.open();
    const target = new TakingTarget();
    target.isOpen = false;
    const events = Array.from({ length: 300 }, (_, i) => sampleEvent({ orderingKey: `key ${i % 7}` }));
    await appendAll(spool, events);
    const failing = new Map(events.filter((_, i) => i % 41 === 5).map(event => [event.id, 2]));
    target.fails = event => {
      const left = failing.get(event.id) ?? 0;
      failing.set(event.id, left - 1);
      return left > 0 ? away() : null;
    };
    target.isOpen = true;
    bench.relay(spool, target);
    await waitFor(() => spool.snapshot().events === 0, { timeoutMs: 60_000 });
    assert.deepEqual(target.ids.toSorted(), idsOf(events).toSorted());
    for (let key = 0; key < 7; key += 1) {
      const inOrder = events.filter(event => event.orderingKey === `key ${key}`);
      const taken = target.taken.filter(({ event }) => event.orderingKey === `key ${key}`);
      assert.deepEqual(
        taken.map(({ event }) => event.id),
        idsOf(inOrder),
      );
    }
  });

  it('tells of each row that the target took, once, and where it is now', async () => {
    await using bench = new SpoolBench();
    const spool = await bench.open();
    const target = new TakingTarget();
    const events = eventsOf(20);
    await appendAll(spool, events);
    let failures = 3;
    target.fails = event => (event.id === events[8]?.id && failures-- > 0 ? away() : null);
    const told: string[] = [];
    bench.relay(spool, target, { onRelayed: ({ event, tier }) => void told.push(`${event.id} ${tier}`) });
    await waitFor(() => spool.snapshot().events === 0);
    assert.deepEqual(
      told,
      target.ids.map(id => `${id} inbox`),
    );
  });

  it('deletes nothing behind a row that the target does not have', async () => {
    await using bench = new SpoolBench();
    const spool = await bench.open();
    const events = eventsOf(20).map((event, i) => ({ ...event, orderingKey: `key ${i}` }));
    await appendAll(spool, events);
    const target = new TakingTarget();
    target.fails = event => (event.id === events[8]?.id ? away() : null);
    const relay = bench.relay(spool, target);
    await waitFor(() => spool.snapshot().events === 12);
    await relay.close();
    await spool.close();
    const again = await bench.open();
    assert.equal(again.snapshot().events, 12);
    const second = new TakingTarget();
    bench.relay(again, second);
    await waitFor(() => again.snapshot().events === 0);
    assert.deepEqual(new Set([...target.ids, ...second.ids]), new Set(idsOf(events)));
  });

  it('takes other keys and other files past rows that are refused for long, each key in its order and nothing twice', async () => {
    await using bench = new SpoolBench();
    const dead = await bench.open();
    const large = sampleEvent({ orderingKey: 'large', body: Buffer.alloc(600 * 1024) });
    const others = sampleEvent({ orderingKey: 'large, too', body: Buffer.alloc(600 * 1024) });
    const laterOfKey = eventsOf(3, { orderingKey: 'large' });
    await appendAll(dead, [large, ...laterOfKey.slice(0, 2), others]);
    await dead.close();
    const spool = await bench.open();
    const small = eventsOf(1_200).map((event, i) => ({ ...event, orderingKey: `key ${i % 600}` }));
    const [last] = laterOfKey.slice(2);
    assert.ok(last !== undefined);
    await appendAll(spool, [last, ...small]);
    const target = new TakingTarget();
    let refuses = true;
    target.fails = event => (refuses && event.body.byteLength > 512 * 1024 ? away() : null);
    bench.relay(spool, target);
    await waitFor(() => target.taken.length === small.length);
    assert.equal(spool.snapshot().events, small.length + 5, 'nothing behind a refused row is deleted');
    refuses = false;
    await waitFor(() => spool.snapshot().events === 0);
    assert.deepEqual(
      target.taken.filter(({ event }) => event.orderingKey === 'large').map(({ event }) => event.id),
      idsOf([large, ...laterOfKey]),
    );
    for (let key = 0; key < 600; key += 100) {
      const ids = target.taken.filter(({ event }) => event.orderingKey === `key ${key}`);
      assert.deepEqual(
        idsOf(ids.map(({ event }) => event)),
        idsOf([small[key], small[key + 600]].flatMap(event => event ?? [])),
      );
    }
    assert.equal(new Set(target.ids).size, target.ids.length);
    assert.equal(target.ids.length, small.length + 5);
  });

  it('keeps the spool in use for other keys while one row is refused for longer than the age that is allowed', async () => {
    await using bench = new SpoolBench();
    let now = 1_000_000;
    const spool = await bench.open({ maxAgeMs: 60_000, now: () => now });
    const refused = sampleEvent({ orderingKey: 'refused' });
    await appendAll(spool, [refused, ...eventsOf(3)]);
    const target = new TakingTarget();
    target.fails = event => (event.id === refused.id ? away() : null);
    bench.relay(spool, target);
    await waitFor(() => target.taken.length === 3);
    now += 3_600_000;
    await waitFor(() => spool.snapshot().state === 'ready');
    assert.equal(spool.snapshot().oldestAgeMs, 3_600_000);
    await spool.append(sampleEvent(), place);
    await waitFor(() => target.taken.length === 4);
    target.isOpen = false;
    now += 60_001;
    await waitFor(() => spool.snapshot().state === 'too_old');
  });

  it('is too old as ever when the target fails for every row and turns out to be away', async () => {
    await using bench = new SpoolBench();
    let now = 1_000_000;
    const spool = await bench.open({ maxAgeMs: 60_000, now: () => now });
    await appendAll(spool, eventsOf(2));
    const target = new TakingTarget();
    let asked = 0;
    target.fails = () => {
      asked += 1;
      target.isOpen = false;
      return away();
    };
    const relay = bench.relay(spool, target);
    await waitFor(() => asked > 0);
    await relay.close();
    now += 60_001;
    assert.equal(spool.snapshot().state, 'too_old');
  });

  it('ends with the appends under way, however much is left of its batch, and leaves the rest in place', async () => {
    await using bench = new SpoolBench();
    const spool = await bench.open();
    const events = eventsOf(400);
    await appendAll(spool, events);
    const second = Promise.withResolvers<void>();
    const began = Promise.withResolvers<void>();
    let asked = 0;
    const relay = bench.relay(spool, {
      isOpen: true,
      async append() {
        asked += 1;
        if (asked === 2) {
          began.resolve();
          await second.promise;
        }
        return { tier: 'inbox' };
      },
    });
    await began.promise;
    const closed = relay.close();
    second.resolve();
    await closed;
    assert.equal(asked, 2);
    assert.equal(spool.snapshot().events, 398);
  });

  it('looks again after a while when rows are counted that can not be read', async () => {
    await using bench = new SpoolBench();
    const spool = await bench.open();
    await appendAll(spool, eventsOf(1));
    let reads = 0;
    let waits = 0;
    const read = async (): Promise<null> => {
      reads += 1;
      return null;
    };
    const blind = {
      ...spool,
      snapshot: () => spool.snapshot(),
      rows: { ...spool.rows, read },
    } as unknown as typeof spool;
    const looked = Promise.withResolvers<void>();
    const wait = async (): Promise<void> => {
      waits += 1;
      if (waits === 3) looked.resolve();
      await new Promise<void>(resolve => setImmediate(resolve));
    };
    const relay = startSpoolRelay(blind, new TakingTarget(), { log: bench.logged.log as never, wait });
    await looked.promise;
    await relay.close();
    assert.equal(reads, waits);
  });

  it('sets a row aside that no log can hold, shows it, and goes on behind it', async () => {
    await using bench = new SpoolBench();
    const spool = await bench.open();
    const events = eventsOf(10);
    const target = new TakingTarget();
    target.fails = event => (event.id === events[4]?.id ? new AppError('ACKLINE_ENVELOPE_INVALID') : null);
    await appendAll(spool, events);
    bench.relay(spool, target);
    await waitFor(() => spool.snapshot().events === 0);
    assert.equal(spool.snapshot().quarantined, 1);
    assert.deepEqual(target.ids, idsOf(events.filter((_, i) => i !== 4)));
    assert.ok(bench.logged.lines.some(line => line.event === 'spool.row-quarantined'));
  });

  it('drains what dead processes left before its own, oldest file first', async () => {
    await using bench = new SpoolBench();
    const left: string[] = [];
    for (let process = 0; process < 3; process += 1) {
      const spool = await bench.open();
      const event = sampleEvent();
      await spool.append(event, place);
      left.push(event.id);
      await spool.close();
    }
    const spool = await bench.open();
    const own = sampleEvent();
    await spool.append(own, place);
    assert.equal(spool.snapshot().events, 4);
    assert.equal(spool.snapshot().leftovers, 3);
    const target = new TakingTarget();
    bench.relay(spool, target);
    await waitFor(() => spool.snapshot().events === 0);
    assert.deepEqual(target.ids, [...left, own.id]);
    assert.equal(bench.databases().length, 1, 'only the own file is there');
  });

  it('appends while it drains, and loses and repeats nothing', async () => {
    await using bench = new SpoolBench();
    const spool = await bench.open();
    const target = new TakingTarget();
    bench.relay(spool, target);
    const events = Array.from({ length: 40 }, () => eventsOf(100));
    for (const some of events) await appendAll(spool, some);
    await waitFor(() => spool.snapshot().events === 0);
    assert.deepEqual(target.ids, idsOf(events.flat()));
  });
});
