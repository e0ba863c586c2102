import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DeliveryOutcome, PartlyWritten } from '@ackline/store/delivery-outcomes';
import {
  createOutcomeWriter,
  type OutcomeStore,
  type OutcomeWriter,
} from '../../src/delivery/outcome-writer.ts';

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

interface Harness {
  readonly writer: OutcomeWriter;
  /** Ids of each statement. */
  readonly statements: string[][];
  readonly logged: string[];
  readonly waits: number[];
  clock: number;
  onWritten: number;
}

function harness(record: OutcomeStore['record'] = async rows => new Set(rows.map(row => row.id))): Harness {
  const log = {
    warn: (_fields: object, event: string) => void state.logged.push(event),
    error: (_fields: object, event: string) => void state.logged.push(event),
  } as unknown as Parameters<typeof createOutcomeWriter>[0]['log'];
  const state: Harness = {
    statements: [],
    logged: [],
    waits: [],
    clock: 0,
    onWritten: 0,
    writer: createOutcomeWriter({
      log,
      store: {
        record(rows) {
          state.statements.push(rows.map(row => row.id));
          return record(rows);
        },
      },
      onWritten: () => {
        state.onWritten += 1;
      },
      now: () => state.clock,
      wait: async ms => {
        state.waits.push(ms);
        state.clock += ms;
      },
    }),
  };
  return state;
}

describe('the writer of outcomes', () => {
  it('writes what ends together in one statement', async () => {
    const h = harness();
    for (const id of ['a', 'b', 'c']) h.writer.write(outcome(id), 1_000);
    await h.writer.flush();
    assert.deepEqual(h.statements, [['a', 'b', 'c']]);
    assert.equal(h.onWritten, 1);
  });

  it('writes what comes while a statement runs in the next one', async () => {
    const first = Promise.withResolvers<ReadonlySet<string>>();
    let calls = 0;
    const h = harness(async rows => (calls++ === 0 ? first.promise : new Set(rows.map(row => row.id))));
    h.writer.write(outcome('a'), 1_000);
    await new Promise<void>(resolve => setImmediate(() => setImmediate(resolve)));
    assert.deepEqual(h.statements, [['a']]);
    h.writer.write(outcome('b'), 1_000);
    h.writer.write(outcome('c'), 1_000);
    first.resolve(new Set(['a']));
    await h.writer.flush();
    assert.deepEqual(h.statements, [['a'], ['b', 'c']]);
  });

  it('keeps statements bounded', async () => {
    const h = harness();
    for (let n = 0; n < 1_201; n++) h.writer.write(outcome(String(n)), 1_000);
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
      return new Set(rows.map(row => row.id));
    });
    h.writer.write(outcome('a'), 60_000);
    h.writer.write(outcome('b'), 60_000);
    await h.writer.flush();
    assert.deepEqual(h.statements, Array(4).fill(['a', 'b']));
    assert.equal(h.waits.length, 3);
    assert.equal(h.onWritten, 1);
    assert.deepEqual(h.logged, Array(3).fill('delivery.outcome-not-written'));
  });

  it('tries again only what was not written where a part was', async () => {
    let calls = 0;
    const h = harness(async rows => {
      if (calls++ === 0) throw new PartlyWritten(new Set(['a', 'c']), new Error('connection refused'));
      return new Set(rows.map(row => row.id));
    });
    for (const id of ['a', 'b', 'c']) h.writer.write(outcome(id), 60_000);
    await h.writer.flush();
    assert.deepEqual(h.statements, [['a', 'b', 'c'], ['b']]);
    assert.equal(h.onWritten, 2);
    assert.deepEqual(h.logged, ['delivery.outcome-not-written']); // and no lease was lost
  });

  it('drops an outcome whose lease ends before it could be written, and ends by it', async () => {
    const h = harness(async () => {
      throw new Error('connection refused');
    });
    h.writer.write(outcome('short'), 600);
    h.writer.write(outcome('long'), 1_600);
    await h.writer.flush();
    assert.deepEqual(h.statements[0], ['short', 'long']);
    assert.deepEqual(h.statements.at(-1), ['long']);
    assert.ok(h.clock >= 1_600 && h.clock < 3_000);
  });

  it('says that a lease was lost, and does not write it again', async () => {
    const h = harness(async () => new Set());
    h.writer.write(outcome('a'), 1_000);
    await h.writer.flush();
    assert.deepEqual(h.logged, ['delivery.lease-lost']);
    assert.equal(h.statements.length, 1);
  });

  it('has nothing to flush when nothing was given', async () => {
    const h = harness();
    await h.writer.flush();
    assert.deepEqual(h.statements, []);
  });
});
