import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { BUFFER_FULL, createMicroBatcher, type MicroBatcherOptions } from '../src/micro-batcher.ts';

interface Flush {
  readonly items: readonly string[];
  readonly done: (refused?: ReadonlyMap<string, Error>) => void;
  readonly fail: (error: Error) => void;
}

const DEADLINE_MS = 100;
let nowMs = 0;

/** A log whose batches end when the test says so. */
function harness(overrides: Partial<MicroBatcherOptions<string>> = {}) {
  const flushes: Flush[] = [];
  const inner = createMicroBatcher<string>({
    flush(items) {
      const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, Error> | null>();
      flushes.push({ items, done: refused => resolve(refused ?? null), fail: reject });
      return promise;
    },
    maxItems: 100,
    maxBytes: 10_000,
    batchItems: 10,
    batchBytes: 1_000,
    maxInFlight: 2,
    now: () => nowMs,
    timedOut: () => new AppError('ACKLINE_APPEND_TIMEOUT'),
    ...overrides,
  });
  const batcher = {
    get size() {
      return inner.size;
    },
    add: (item: string, bytes: number, { owner = 'one', deadlineMs = DEADLINE_MS } = {}) =>
      inner.add(item, { owner, bytes, deadlineMs }),
    close: () => inner.close(),
  };
  return { batcher, flushes };
}

/** Lets everything happen that needs no time: immediates, promises, and with `ms` the timers until then. */
async function pass(ms = 0): Promise<void> {
  nowMs += ms;
  if (ms > 0) mock.timers.tick(ms);
  for (let i = 0; i < 5; i += 1) await new Promise<void>(resolve => realImmediate(resolve));
}
const realImmediate = setImmediate;

const code = (expected: string) => (error: unknown) => error instanceof AppError && error.code === expected;

/** With the timers of `setTimeout` in the test's hands. */
function timed(name: string, body: () => Promise<void>): void {
  it(name, async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      await body();
    } finally {
      mock.timers.reset();
    }
  });
}

describe('micro batcher', () => {
  timed('lets nobody wait behind the backlog of another one, and keeps the order of each', async () => {
    const { batcher, flushes } = harness({ maxInFlight: 1, batchItems: 4 });
    const added = Array.from({ length: 9 }, (_, n) => batcher.add(`flood ${n}`, 10, { owner: 'flood' }));
    added.push(
      batcher.add('quiet 0', 10, { owner: 'quiet' }),
      batcher.add('quiet 1', 10, { owner: 'quiet' }),
    );
    for (let sent = 0; sent < 3; sent += 1) {
      await pass();
      flushes[sent]!.done();
    }
    await Promise.all(added);
    assert.deepEqual(
      flushes.map(flush => flush.items),
      [
        ['flood 0', 'quiet 0', 'flood 1', 'quiet 1'],
        ['flood 2', 'flood 3', 'flood 4', 'flood 5'],
        ['flood 6', 'flood 7', 'flood 8'],
      ],
    );
  });

  timed('sends what came in one turn of the event loop as one batch, at once when idle', async () => {
    const { batcher, flushes } = harness();
    const added = Promise.all([batcher.add('a', 1), batcher.add('b', 1), batcher.add('c', 1)]);
    await pass();
    assert.deepEqual(
      flushes.map(flush => flush.items),
      [['a', 'b', 'c']],
    );
    flushes[0]!.done();
    await added;
    assert.equal(batcher.size, 0);
  });

  timed('collects behind a batch under way for the linger, or until that batch has ended', async () => {
    const { batcher, flushes } = harness();
    const first = batcher.add('a', 1);
    await pass();
    const second = batcher.add('b', 1);
    await pass();
    assert.equal(flushes.length, 1);
    await pass(1);
    assert.deepEqual(flushes[1]!.items, ['b']);
    const third = batcher.add('c', 1);
    await pass(5);
    assert.equal(flushes.length, 2, 'both slots are taken');
    flushes[1]!.done();
    await pass();
    await pass(1);
    assert.deepEqual(flushes[2]!.items, ['c']);
    flushes[0]!.done();
    flushes[2]!.done();
    await Promise.all([first, second, third]);
  });

  timed('cuts batches at their limits in items and bytes, and sends a larger item alone', async () => {
    const { batcher, flushes } = harness({ batchItems: 2, batchBytes: 100, maxInFlight: 9 });
    const sizes: [string, number][] = [
      ['a', 10],
      ['b', 10],
      ['c', 90],
      ['d', 20],
      ['huge', 500],
      ['e', 1],
    ];
    const added = Promise.all(sizes.map(([item, bytes]) => batcher.add(item, bytes)));
    await pass();
    assert.deepEqual(
      flushes.map(flush => flush.items),
      [['a', 'b'], ['c'], ['d'], ['huge'], ['e']],
    );
    for (const flush of flushes) flush.done();
    await added;
  });

  timed('lets a failing batch fail its own members only, all with one error', async () => {
    const { batcher, flushes } = harness({ batchItems: 2 });
    const results = Promise.allSettled(['a', 'b', 'c'].map(item => batcher.add(item, 1)));
    await pass();
    flushes[0]!.fail(new Error('broken'));
    flushes[1]!.done();
    const [a, b, c] = await results;
    assert.equal(c!.status, 'fulfilled');
    assert.ok(a?.status === 'rejected' && b?.status === 'rejected' && a.reason === b.reason);
  });

  timed('settles every append by its own deadline when a batch hangs, and frees the slot', async () => {
    const { batcher, flushes } = harness({ maxInFlight: 1 });
    const hung = assert.rejects(batcher.add('hung', 1), code('ACKLINE_APPEND_TIMEOUT'));
    await pass();
    await pass(DEADLINE_MS - 10);
    const behind = assert.rejects(batcher.add('behind', 1), code('ACKLINE_APPEND_TIMEOUT'));
    await pass(10);
    await hung;
    await pass();
    assert.deepEqual(flushes[1]!.items, ['behind'], 'goes as soon as nobody waits for the hung batch');
    await pass(DEADLINE_MS);
    await behind;
    assert.equal(batcher.size, 0);
    flushes[0]!.done();
    flushes[1]!.fail(new Error('late'));
    await pass();
  });

  timed(
    'gives members of one batch that run out of time one error, for a breaker to count once',
    async () => {
      const { batcher } = harness();
      const results = Promise.allSettled([batcher.add('a', 1), batcher.add('b', 1)]);
      await pass();
      await pass(DEADLINE_MS);
      const [a, b] = await results;
      assert.ok(a?.status === 'rejected' && b?.status === 'rejected' && a.reason === b.reason);
    },
  );

  timed('keeps a slot for as long as its batch is under way, where that takes a connection', async () => {
    const { batcher, flushes } = harness({ maxInFlight: 1, keepsSlots: true });
    const hung = assert.rejects(batcher.add('hung', 1), code('ACKLINE_APPEND_TIMEOUT'));
    await pass();
    await pass(DEADLINE_MS);
    await hung;
    const behind = batcher.add('behind', 1);
    await pass(DEADLINE_MS - 1);
    assert.equal(flushes.length, 1, 'the connection is not free');
    flushes[0]!.done();
    await pass();
    assert.deepEqual(flushes[1]!.items, ['behind']);
    flushes[1]!.done();
    await behind;
  });

  timed('refuses what has waited for its turn too long, and leaves what is begun its time', async () => {
    const { batcher, flushes } = harness({ maxInFlight: 1, batchItems: 1, waitShare: 0.5 });
    const first = batcher.add('first', 1);
    await pass();
    const second = assert.rejects(batcher.add('second', 1), (error: unknown) => error === BUFFER_FULL);
    await pass(DEADLINE_MS - 1);
    await second;
    assert.equal(batcher.size, 1);
    flushes[0]!.done();
    await first;
    const third = assert.rejects(batcher.add('third', 1), code('ACKLINE_APPEND_TIMEOUT'));
    await pass();
    await pass(DEADLINE_MS - 1);
    assert.equal(batcher.size, 1);
    await pass(1);
    await third;
    assert.deepEqual(
      flushes.map(({ items }) => items),
      [['first'], ['third']],
    );
  });

  timed('lets an owner who has had many bytes wait for one who has had few', async () => {
    const { batcher, flushes } = harness({ maxInFlight: 1, batchItems: 1 });
    const of = (owner: string, bytes: number, times: number) =>
      Array.from({ length: times }, (_, n) => batcher.add(`${owner} ${n}`, bytes, { owner }));
    const added = [...of('large', 500, 3), ...of('small', 100, 7)];
    for (let sent = 0; sent < added.length; sent += 1) {
      await pass();
      flushes[sent]!.done();
    }
    await Promise.all(added);
    const order = flushes.map(({ items }) => items[0]!.split(' ')[0]);
    assert.deepEqual(order, [
      'large',
      ...Array<string>(5).fill('small'),
      'large',
      ...Array<string>(2).fill('small'),
      'large',
    ]);
  });

  timed('never sends what nobody waits for any more', async () => {
    const { batcher, flushes } = harness({ maxInFlight: 1 });
    const results = Promise.allSettled([batcher.add('hung', 1)]);
    await pass();
    const late = Promise.allSettled([batcher.add('late', 1)]);
    await pass(DEADLINE_MS);
    await Promise.all([results, late]);
    await pass(5);
    assert.deepEqual(
      flushes.map(flush => flush.items),
      [['hung']],
    );
  });

  timed('rejects at once above its bounds in items and bytes, and takes items again later', async () => {
    const { batcher, flushes } = harness({ maxItems: 10, maxBytes: 100 });
    const first = batcher.add('a', 60);
    await assert.rejects(batcher.add('b', 41, { owner: 'two' }), code('ACKLINE_NOT_DURABLE'));
    const second = batcher.add('c', 40, { owner: 'two' });
    await assert.rejects(batcher.add('d', 1, { owner: 'three' }), code('ACKLINE_NOT_DURABLE'));
    await pass();
    flushes[0]!.done();
    await Promise.all([first, second]);
    const rest = Promise.all(Array.from({ length: 8 }, () => batcher.add('e', 1)));
    await assert.rejects(batcher.add('f', 1), (error: unknown) => error === BUFFER_FULL);
    await pass();
    flushes[1]!.done();
    await rest;
    assert.equal(batcher.size, 0);
  });

  timed('keeps room for another owner however much one of them floods it', async () => {
    const { batcher } = harness({ maxItems: 100, maxInFlight: 1 });
    const flood = Array.from({ length: 1_000 }, () => batcher.add('flood', 1, { owner: 'flood' }));
    const settled = Promise.allSettled(flood);
    // It is taken: only the log was slow.
    const quiet = assert.rejects(batcher.add('quiet', 1, { owner: 'quiet' }), code('ACKLINE_APPEND_TIMEOUT'));
    await pass();
    await pass(DEADLINE_MS);
    const refused = (await settled).filter(
      result => result.status === 'rejected' && code('ACKLINE_NOT_DURABLE')(result.reason),
    );
    assert.equal(refused.length, 920);
    await quiet;
  });

  timed('lets a member that the log refuses fail alone', async () => {
    const { batcher, flushes } = harness();
    const results = Promise.allSettled(['a', 'poison', 'c'].map(item => batcher.add(item, 1)));
    await pass();
    flushes[0]!.done(new Map([['poison', new Error('refused')]]));
    assert.deepEqual(
      (await results).map(result => result.status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
  });

  timed('holds each append to its own deadline, whatever others have', async () => {
    const { batcher } = harness();
    const timesOut = (item: string, deadlineMs: number) =>
      assert.rejects(batcher.add(item, 1, { deadlineMs }), code('ACKLINE_APPEND_TIMEOUT'));
    const long = timesOut('long', 500);
    const short = timesOut('short', 50);
    await pass();
    await pass(50);
    await short;
    await pass(449);
    assert.equal(batcher.size, 1);
    await pass(1);
    await long;
  });

  timed('keeps the order of appending over many batches', async () => {
    const { batcher, flushes } = harness({ batchItems: 7, maxInFlight: 1 });
    const items = Array.from({ length: 50 }, (_, i) => String(i));
    const added = Promise.all(items.map(item => batcher.add(item, 1)));
    for (let done = 0; done < 8; done += 1) {
      await pass();
      flushes[done]!.done();
    }
    await added;
    assert.deepEqual(
      flushes.flatMap(flush => flush.items),
      items,
    );
  });

  timed('closes when the last one has settled, and takes no more', async () => {
    const { batcher, flushes } = harness();
    const added = batcher.add('a', 1);
    const closed = batcher.close();
    await assert.rejects(batcher.add('b', 1), code('ACKLINE_LOG_CLOSED'));
    await pass();
    flushes[0]!.done();
    await closed;
    await added;
    await batcher.close();
  });

  timed('turns a throw of the log into a rejection', async () => {
    const { batcher } = harness({
      flush: () => {
        throw new Error('at once');
      },
    });
    const rejected = assert.rejects(batcher.add('a', 1), /at once/);
    await pass();
    await rejected;
  });
});
