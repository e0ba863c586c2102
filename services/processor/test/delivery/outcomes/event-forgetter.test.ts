import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ForgottenEvent } from '@ackline/store/forgotten-events';
import { createEventForgetter, type EventForgetter } from '../../../src/delivery/outcomes/event-forgetter.ts';

const events = (count: number, first = 1): readonly ForgottenEvent[] =>
  Array.from({ length: count }, (_, n) => ({ storedDay: '2026-11-28', seq: String(first + n) }));

const turns = async (count: number) => {
  for (let n = 0; n < count; n++) await new Promise<void>(resolve => setImmediate(resolve));
};

interface Harness {
  readonly forgetter: EventForgetter;
  /** Of each statement: the first event, and how many. */
  readonly statements: (readonly [string, number])[];
  readonly counted: Record<'forgotten' | 'failed' | 'left', number>;
  readonly logged: string[];
  readonly clock: { now: number };
  /** Ends the wait for the next try. */
  pass(): void;
}

function harness(
  answer: (batch: readonly ForgottenEvent[]) => Promise<void> = async () => undefined,
): Harness {
  let pass = () => {};
  const clock = { now: 0 };
  const state: Harness = {
    statements: [],
    counted: { forgotten: 0, failed: 0, left: 0 },
    logged: [],
    clock,
    pass: () => pass(),
    forgetter: createEventForgetter({
      forget(batch) {
        state.statements.push([batch[0]?.seq ?? '', batch.length]);
        return answer(batch);
      },
      listener: { forgot: (result, count) => void (state.counted[result] += count) },
      log: { warn: (_fields: object, event: string) => void state.logged.push(event) } as never,
      now: () => clock.now,
      wait: () =>
        new Promise(resolve => {
          pass = resolve;
        }),
    }),
  };
  return state;
}

const away = () => Promise.reject(new Error('connection refused'));

describe('events that are forgotten', () => {
  it('go at once, and those that come meanwhile together in the next statement', async () => {
    const first = Promise.withResolvers<void>();
    let calls = 0;
    const h = harness(() => (calls++ === 0 ? first.promise : Promise.resolve()));
    h.forgetter.add(events(1));
    h.forgetter.add(events(2, 2));
    h.forgetter.add(events(2, 4));
    assert.deepEqual(h.statements, [['1', 1]]);
    first.resolve();
    await turns(2);
    assert.deepEqual(h.statements.slice(1), [['2', 4]]);
    assert.deepEqual(h.counted, { forgotten: 5, failed: 0, left: 0 });
  });

  it('go a thousand at a time', async () => {
    const h = harness();
    h.forgetter.add(events(2_500));
    await h.forgetter.flush();
    assert.deepEqual(h.statements, [
      ['1', 1_000],
      ['1001', 1_000],
      ['2001', 500],
    ]);
  });

  it('are tried again where PostgreSQL failed, with a pause, and the failure is counted and said', async () => {
    let fails = 2;
    const h = harness(() => (fails-- > 0 ? away() : Promise.resolve()));
    h.forgetter.add(events(3));
    await turns(2);
    assert.equal(h.statements.length, 1);
    h.forgetter.add(events(1, 4));
    await turns(2);
    assert.equal(h.statements.length, 1, 'what comes meanwhile ends no pause');
    h.pass();
    await turns(2);
    h.pass();
    await turns(2);
    assert.deepEqual(h.statements, [
      ['1', 3],
      ['1', 2],
      ['1', 1],
      ['2', 2],
      ['4', 1],
    ]);
    assert.deepEqual(h.counted, { forgotten: 4, failed: 5, left: 0 });
    assert.deepEqual(h.logged, ['events.not-forgotten', 'events.not-forgotten']);
  });

  it('are bounded in number while nothing goes: the oldest go with their day', async () => {
    const h = harness(away);
    for (let n = 0; n < 102; n++) h.forgetter.add(events(1_000, n * 1_000));
    await turns(2);
    assert.equal(h.counted.left, 2_000);
    h.pass();
    await turns(2);
    assert.deepEqual(h.statements.at(-1), ['2000', 500]);
  });

  it('go in smaller parts where a statement of so many fails, as large ones do at its time limit', async () => {
    const h = harness(batch => (batch.length > 300 ? away() : Promise.resolve()));
    h.forgetter.add(events(2_000));
    for (let n = 0; n < 20 && h.counted.forgotten < 2_000; n++) {
      await turns(5);
      h.pass();
    }
    assert.equal(h.counted.forgotten, 2_000);
    assert.deepEqual(h.statements.slice(0, 5), [
      ['1', 1_000],
      ['1', 500],
      ['1', 250],
      ['251', 500],
      ['251', 250],
    ]);
  });

  it('go past one that is refused each time, which goes with its day', async () => {
    const h = harness(batch => (batch.some(({ seq }) => seq === '300') ? away() : Promise.resolve()));
    h.forgetter.add(events(1_000));
    for (let n = 0; n < 100 && h.counted.forgotten < 999; n++) {
      await turns(5);
      h.pass();
    }
    assert.deepEqual([h.counted.forgotten, h.counted.left], [999, 1]);
    assert.equal(h.statements.filter(([first, count]) => first === '300' && count === 1).length, 10);
  });

  it('get one more try when the process ends, and hold it up no longer', async () => {
    const h = harness(away);
    h.forgetter.add(events(3));
    await turns(2);
    await h.forgetter.flush();
    assert.equal(h.statements.length, 2);
    assert.deepEqual(h.counted, { forgotten: 0, failed: 5, left: 3 });
    assert.equal(h.logged.at(-1), 'events.left-to-retention');
    await h.forgetter.flush();
  });

  it('hold up the end of the process for a second where PostgreSQL is slow, however many wait', async () => {
    const h = harness(async () => void (h.clock.now += 400));
    h.clock.now = 5_000;
    h.forgetter.add(events(50_000));
    await h.forgetter.flush();
    assert.deepEqual(h.counted, { forgotten: 4_000, failed: 0, left: 46_000 });
    h.forgetter.add(events(2_000));
    await h.forgetter.flush();
    assert.deepEqual([h.counted.forgotten, h.counted.left], [6_000, 46_000]);
  });
});
