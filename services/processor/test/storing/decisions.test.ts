import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RouteConfig } from '@ackline/shared/config/types';
import type { Provider } from '@ackline/shared/provider';
import type { FanOutSteps } from '@ackline/shared/routing/fan-out';
import { createDecisions, DecidesTooMuch } from '../../src/storing/decisions.ts';
import { type Item, kafkaWork } from '../../src/storing/lane-item.ts';
import { MAX_SPLIT } from '../../src/storing/split-event.ts';
import { createPace } from '../../src/storing/pace.ts';
import { routeConfig, ruleOf } from '../configs.ts';
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

/** Makes so many parts of each body. */
function splitter(parts: number): Pick<Provider, 'split'> {
  const identity = { type: 'part', dedupKey: null, orderingKey: null, occurredAt: null } as const;
  return {
    *split({ body }) {
      for (let part = 0; part < parts; part += 1)
        yield { identity: { ...identity, priority: 'normal' }, body };
    },
  };
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
        error => error instanceof DecidesTooMuch || Promise.reject(error),
      );
      tries.push(seen.asked);
    }
    assert.deepEqual(tries, [4, 8, 10]);
  });

  it('is decided of one alone, however long that takes, but not in a transaction', async () => {
    const { decisions, rule, seen } = harness(300, 20);
    const one = items(1);
    await assert.rejects(decisions.within(one, rule), DecidesTooMuch);
    assert.ok(seen.clockMs < 2_000, `${seen.clockMs} ms`);
    assert.equal((await decisions.before(one, rule)).length, 1);
    const { asked } = seen;
    assert.equal((await decisions.within(one, rule)).length, 1);
    assert.equal(seen.asked, asked, 'it is known');
  });

  it('lets others have their turn while a body is split', async () => {
    const { decisions, rule, seen } = harness(0);
    const slowly = {
      *split(event: { readonly body: Uint8Array }) {
        for (const part of splitter(5).split?.(event) ?? []) {
          seen.clockMs += 25;
          yield part;
        }
      },
    };
    await decisions.before(items(1), { ...rule, providerOf: () => slowly });
    assert.equal(seen.rests, 5);
  });

  it('is decided of no more bodies at once than a transaction may split, and of each one alone', async () => {
    const { decisions, rule, seen } = harness(0);
    const rules = { ...rule, providerOf: () => splitter(2_000) };
    const ten = items(10);
    for (const look of ['before', 'within'] as const) {
      await assert.rejects(decisions[look](ten, rules), DecidesTooMuch);
      assert.equal(seen.asked, 6_000, 'of three bodies, and then they are known');
    }
    assert.equal((await decisions.before(ten.slice(0, 2), rules)).length, 4_000);
    for (const item of ten) assert.equal((await decisions.before([item], rules)).length, 2_000);
  });

  it('counts the bytes of parts, too, and nothing of what stays whole', async () => {
    const { decisions, rule } = harness(0);
    const large = kafkaWork(
      kafkaBatch([1, 2, 3].map(() => sampleEvent({ body: Buffer.alloc(4 * 1_048_576) }))),
    ).items;
    const rules = { ...rule, providerOf: () => splitter(2) };
    await assert.rejects(decisions.before(large, rules), DecidesTooMuch);
    assert.equal((await decisions.before(large.slice(0, 1), rules)).length, 2);
    assert.equal((await decisions.before(large, { ...rule, fanOut: ruleOf(UNMATCHED) })).length, 3);
    assert.equal((await decisions.before(items(MAX_SPLIT.parts + 1), rule)).length, MAX_SPLIT.parts + 1);
  });

  it('leaves a body whole whose parts would have more deliveries than a transaction should store', async () => {
    const { decisions, rule } = harness(0);
    const wanted = (routes: number) => ({
      ...rule,
      providerOf: () => splitter(1_000),
      fanOut: ruleOf({ routing: 'routed', routes: Array<RouteConfig>(routes).fill(routeConfig()) }),
    });
    const [item] = items(1);
    assert.ok(item?.kind === 'event');
    assert.equal((await decisions.before([item], wanted(50))).length, 1_000);
    const whole = await decisions.before([item], wanted(51));
    assert.deepEqual(
      whole.map(({ event, isKeptWhole }) => [event, isKeptWhole]),
      [[item.event, true]],
    );
    const two = items(2);
    await assert.rejects(decisions.before(two, wanted(26)), DecidesTooMuch);
    for (const each of two) assert.equal((await decisions.before([each], wanted(26))).length, 1_000);
  });

  it('is forgotten of what is stored', async () => {
    const { decisions, rule, seen } = harness(0);
    const [one, two] = [items(1), items(1)];
    for (const each of [one, two]) await decisions.before(each, rule);
    decisions.forget(one);
    await decisions.before([...one, ...two], rule);
    assert.equal(seen.asked, 3);
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
