import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FanOutSteps } from '@ackline/shared/routing/fan-out';
import { createDecisions, DecidesTooLong } from '../../src/storing/decisions.ts';
import { type Item, kafkaWork } from '../../src/storing/lane-item.ts';
import { createPace } from '../../src/storing/pace.ts';
import { ruleOf } from '../configs.ts';
import { kafkaBatch, sampleEvent } from '../events.ts';

const UNMATCHED = { routing: 'unmatched' } as const;

/** Each step of a rule takes `stepMs`, by a clock that nothing else moves. */
function harness(stepMs: number, steps = 1) {
  const seen = { clockMs: 0, asked: 0, rests: 0 };
  const decisions = createDecisions((rest = () => Promise.resolve()) =>
    createPace(
      () => {
        seen.rests += 1;
        return rest();
      },
      () => seen.clockMs,
    ),
  );
  const rule: FanOutSteps = function* rule() {
    seen.asked += 1;
    for (let step = 0; step < steps; step += 1) {
      seen.clockMs += stepMs;
      yield;
    }
    return UNMATCHED;
  };
  return { decisions, rule: { fanOut: rule, providerOf: () => undefined }, seen };
}

const items = (count: number): readonly Item[] =>
  kafkaWork(kafkaBatch(Array.from({ length: count }, () => sampleEvent()))).items;

describe('which routes want events', () => {
  it('is decided without a rest where that is quick', async () => {
    const { decisions, rule, seen } = harness(0.01);
    const decided = await decisions.before(items(500), rule);
    assert.equal(decided.length, 500);
    assert.ok(decided.every(({ fanOut }) => fanOut === UNMATCHED));
    assert.equal(seen.rests, 0);
  });

  it('lets others have their turn, between events and between the filters of one', async () => {
    const { decisions, rule, seen } = harness(25, 4);
    await decisions.before(items(3), rule);
    assert.equal(seen.rests, 12);
  });

  it('goes on, where it took too long, behind what was decided then', async () => {
    const { decisions, rule, seen } = harness(300);
    const ten = items(10);
    const tries: number[] = [];
    for (let left = true; left; ) {
      left = await decisions.before(ten, rule).then(
        () => false,
        error => error instanceof DecidesTooLong || Promise.reject(error),
      );
      tries.push(seen.asked);
    }
    assert.deepEqual(tries, [4, 8, 10]);
  });

  it('is decided of one alone, however long that takes, but not in a transaction', async () => {
    const { decisions, rule, seen } = harness(300, 20);
    const one = items(1);
    await assert.rejects(decisions.within(one, rule), DecidesTooLong);
    assert.ok(seen.clockMs < 2_000, `${seen.clockMs} ms`);
    assert.equal((await decisions.before(one, rule)).length, 1);
    const { asked } = seen;
    assert.equal((await decisions.within(one, rule)).length, 1);
    assert.equal(seen.asked, asked, 'it is known');
  });

  it('is decided anew under another configuration', async () => {
    const { decisions, rule } = harness(1);
    const one = items(1);
    await decisions.before(one, rule);
    const [decided] = await decisions.within(one, {
      ...rule,
      fanOut: ruleOf({ routing: 'unrouted' }),
    });
    assert.deepEqual(decided?.fanOut, { routing: 'unrouted' });
  });
});
