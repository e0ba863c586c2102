import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DeliveryOutcome, PartlyWritten, type RecordedOutcomes } from '@ackline/store/delivery-outcomes';
import {
  createOutcomeWriter,
  type OutcomeStore,
  type OutcomeTerms,
  type OutcomeWriter,
} from '../../../src/delivery/outcomes/outcome-writer.ts';

const outcome = (id: string): DeliveryOutcome => ({
  id,
  leaseId: `lease of ${id}`,
  state: 'delivered',
  afterMs: 0,
  countsAsTry: true,
  parkReason: null,
  blocks: false,
  attempt: null,
});

const RETRY_MS = 500;

const recorded = (ids: readonly string[], promoted = 0): RecordedOutcomes => ({
  written: new Set(ids),
  promoted,
  forgotten: [],
});
const allOf = (rows: readonly DeliveryOutcome[]) => recorded(rows.map(row => row.id));

const turns = async (count: number) => {
  for (let n = 0; n < count; n++) await new Promise<void>(resolve => setImmediate(resolve));
};

interface Harness {
  readonly writer: OutcomeWriter;
  /** Ids of each statement. */
  readonly statements: string[][];
  readonly logged: string[];
  readonly waits: number[];
  clock: number;
  /** How often it was told. */
  promoted: number;
  /** Places of the events that it was told of. */
  readonly forgotten: string[];
  /** Where it is set, a wait for other outcomes lasts until then. */
  lingers: Promise<void> | null;
}

function harness(record: OutcomeStore['record'] = async rows => allOf(rows)): Harness {
  const log = {
    warn: (_fields: object, event: string) => void state.logged.push(event),
    error: (_fields: object, event: string) => void state.logged.push(event),
  } as unknown as Parameters<typeof createOutcomeWriter>[0]['log'];
  const state: Harness = {
    statements: [],
    logged: [],
    waits: [],
    clock: 0,
    promoted: 0,
    forgotten: [],
    lingers: null,
    writer: createOutcomeWriter({
      log,
      store: {
        record(rows) {
          state.statements.push(rows.map(row => row.id));
          return record(rows);
        },
      },
      onPromoted: () => {
        state.promoted += 1;
      },
      onForgotten: events => void state.forgotten.push(...events.map(({ seq }) => seq)),
      now: () => state.clock,
      wait: async ms => {
        state.waits.push(ms);
        if (ms < RETRY_MS) await state.lingers;
        state.clock += ms;
      },
    }),
  };
  return state;
}

describe('the writer of outcomes', () => {
  it('writes what ends together in one statement', async () => {
    const h = harness();
    for (const id of ['a', 'b', 'c']) h.writer.write(outcome(id), { leaseEndsAt: 1_000, awaited: false });
    await h.writer.flush();
    assert.deepEqual(h.statements, [['a', 'b', 'c']]);
  });

  it('writes what comes while a statement runs in the next one', async () => {
    const first = Promise.withResolvers<RecordedOutcomes>();
    let calls = 0;
    const h = harness(async rows => (calls++ === 0 ? first.promise : allOf(rows)));
    h.writer.write(outcome('a'), { leaseEndsAt: 1_000, awaited: false });
    await turns(3);
    assert.deepEqual(h.statements, [['a']]);
    h.writer.write(outcome('b'), { leaseEndsAt: 1_000, awaited: false });
    h.writer.write(outcome('c'), { leaseEndsAt: 1_000, awaited: false });
    first.resolve(recorded(['a']));
    await h.writer.flush();
    assert.deepEqual(h.statements, [['a'], ['b', 'c']]);
  });

  it('keeps statements bounded', async () => {
    const h = harness();
    for (let n = 0; n < 1_201; n++)
      h.writer.write(outcome(String(n)), { leaseEndsAt: 1_000, awaited: false });
    await h.writer.flush();
    assert.deepEqual(
      h.statements.map(ids => ids.length),
      [500, 500, 201],
    );
    assert.equal(new Set(h.statements.flat()).size, 1_201);
  });

  it('tries again while the store is away, in order, and is done when it is back', async () => {
    let away = 3;
    const h = harness(async rows => {
      if (away-- > 0) throw new Error('connection refused');
      return allOf(rows);
    });
    h.writer.write(outcome('a'), { leaseEndsAt: 60_000, awaited: false });
    h.writer.write(outcome('b'), { leaseEndsAt: 60_000, awaited: false });
    await h.writer.flush();
    assert.deepEqual(h.statements, Array(4).fill(['a', 'b']));
    assert.equal(h.waits.length, 3);
    assert.deepEqual(h.logged, Array(3).fill('delivery.outcome-not-written'));
  });

  it('tries again only what was not written where a part was', async () => {
    let calls = 0;
    const h = harness(async rows => {
      if (calls++ === 0) throw new PartlyWritten(recorded(['a', 'c'], 1), new Error('connection refused'));
      return allOf(rows);
    });
    for (const id of ['a', 'b', 'c']) h.writer.write(outcome(id), { leaseEndsAt: 60_000, awaited: false });
    await h.writer.flush();
    assert.deepEqual(h.statements, [['a', 'b', 'c'], ['b']]);
    assert.equal(h.promoted, 1);
    assert.deepEqual(h.logged, ['delivery.outcome-not-written']); // and no lease was lost
  });

  it('drops an outcome whose lease ends before it could be written, and ends by it', async () => {
    const h = harness(async () => {
      throw new Error('connection refused');
    });
    h.writer.write(outcome('short'), { leaseEndsAt: 600, awaited: false });
    h.writer.write(outcome('long'), { leaseEndsAt: 1_600, awaited: false });
    await h.writer.flush();
    assert.deepEqual(h.statements[0], ['short', 'long']);
    assert.deepEqual(h.statements.at(-1), ['long']);
    assert.ok(h.clock >= 1_600 && h.clock < 3_000);
  });

  it('says that a lease was lost, and does not write it again', async () => {
    const h = harness(async () => recorded([]));
    h.writer.write(outcome('a'), { leaseEndsAt: 1_000, awaited: false });
    await h.writer.flush();
    assert.deepEqual(h.logged, ['delivery.lease-lost']);
    assert.equal(h.statements.length, 1);
  });

  it('says that something became due by it, and nothing where nothing did', async () => {
    const h = harness(async rows =>
      recorded(
        rows.map(row => row.id),
        rows.length > 1 ? 2 : 0,
      ),
    );
    h.writer.write(outcome('a'), { leaseEndsAt: 60_000, awaited: false });
    await h.writer.flush();
    assert.equal(h.promoted, 0);
    for (const id of ['b', 'c']) h.writer.write(outcome(id), { leaseEndsAt: 60_000, awaited: false });
    await h.writer.flush();
    assert.equal(h.promoted, 1);
  });

  it('says which events are forgotten by it, also where only a part was written', async () => {
    let calls = 0;
    const forgotten = (seq: string) => [{ storedDay: '2026-11-28', seq }];
    const h = harness(async rows => {
      if (calls++ > 0) return { ...allOf(rows), forgotten: forgotten('2') };
      throw new PartlyWritten({ ...recorded(['a']), forgotten: forgotten('1') }, new Error('no'));
    });
    for (const id of ['a', 'b']) h.writer.write(outcome(id), { leaseEndsAt: 60_000, awaited: false });
    await h.writer.flush();
    assert.deepEqual(h.forgotten, ['1', '2']);
  });

  it('has nothing to flush when nothing was given', async () => {
    const h = harness();
    await h.writer.flush();
    assert.deepEqual(h.statements, []);
  });
});

describe('an outcome', () => {
  const held = () => {
    const linger = Promise.withResolvers<void>();
    const h = harness();
    h.lingers = linger.promise;
    const write = (id: string, terms: Partial<OutcomeTerms> = {}) =>
      h.writer.write(outcome(id), { leaseEndsAt: 60_000, awaited: false, ...terms });
    return { h, write, pass: () => linger.resolve() };
  };

  it('that nobody waits for waits for others, but not for long', async () => {
    const { h, write, pass } = held();
    write('a');
    await turns(9);
    write('b');
    await turns(9);
    assert.deepEqual(h.statements, []); // (O1)
    assert.deepEqual(h.waits, [10]);
    pass();
    await turns(3);
    assert.deepEqual(h.statements, [['a', 'b']]);
  });

  it('does not wait where a hundred are there', async () => {
    const { h, write } = held();
    for (let n = 0; n < 99; n++) write(String(n));
    await turns(9);
    assert.equal(h.statements.length, 0); // (O1)
    write('the hundredth');
    await turns(3);
    assert.deepEqual(
      h.statements.map(ids => ids.length),
      [100],
    );
  });

  it('that somebody waits for is written at once, alone or with those that are there', async () => {
    const { h, write } = held();
    write('alone', { awaited: true });
    await turns(3);
    assert.deepEqual(h.statements, [['alone']]); // (O2)
    write('there');
    await turns(9);
    write('awaited', { awaited: true });
    await turns(3);
    assert.deepEqual(h.statements, [['alone'], ['there', 'awaited']]);
  });

  it('is written at once where its lease ends soon', async () => {
    const { h, write } = held();
    write('a', { leaseEndsAt: 999 });
    await turns(3);
    assert.deepEqual(h.statements, [['a']]); // (O3)
  });

  it('is written at once when all are to be, and the next one waits again', async () => {
    const { h, write } = held();
    write('a');
    await turns(9);
    await h.writer.flush();
    assert.deepEqual(h.statements, [['a']]); // (O2)
    write('b');
    await turns(9);
    assert.deepEqual(h.statements, [['a']]);
  });

  it('that came while a statement ran waits for others too, and an awaited one among them for none', async () => {
    const first = Promise.withResolvers<RecordedOutcomes>();
    let calls = 0;
    const h = harness(async rows => (calls++ === 0 ? first.promise : allOf(rows)));
    h.lingers = new Promise(() => undefined);
    const write = (id: string, awaited: boolean) =>
      h.writer.write(outcome(id), { leaseEndsAt: 60_000, awaited });
    write('a', true);
    await turns(3);
    write('b', false);
    first.resolve(recorded(['a']));
    await turns(9);
    assert.deepEqual(h.statements, [['a']]); // (O4)
    write('c', true);
    await turns(3);
    assert.deepEqual(h.statements, [['a'], ['b', 'c']]);
  });

  it('that could not be written is not made to wait for others as well', async () => {
    let away = 1;
    const h = harness(async rows => {
      if (away-- > 0) throw new PartlyWritten(recorded(['b']), new Error('connection refused'));
      return allOf(rows);
    });
    h.lingers = new Promise(() => undefined);
    h.writer.write(outcome('a'), { leaseEndsAt: 60_000, awaited: false });
    h.writer.write(outcome('b'), { leaseEndsAt: 60_000, awaited: true });
    await turns(9);
    assert.deepEqual(h.statements, [['a', 'b'], ['a']]);
    assert.deepEqual(h.waits, [RETRY_MS]);
  });
});
