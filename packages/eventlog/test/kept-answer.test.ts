import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createKeptAnswer, type KeptAnswerOptions } from '@ackline/eventlog/kept-answer';

/** Each question waits until it is answered by hand. */
function setUp(whileRenewed: KeptAnswerOptions<string>['whileRenewed'] = 'goes-on') {
  const asked: PromiseWithResolvers<string>[] = [];
  let time = 0;
  const kept = createKeptAnswer({
    ask: () => {
      const question = Promise.withResolvers<string>();
      asked.push(question);
      return question.promise;
    },
    maxAgeMs: 5_000,
    refreshAgeMs: 3_000,
    whileRenewed,
    now: () => time,
  });
  return {
    kept,
    asked,
    at: (ms: number) => {
      time = ms;
    },
  };
}

describe('a kept answer', () => {
  it('is asked for once by all who want it at a time', async () => {
    const { kept, asked } = setUp();
    const both = [kept.get(), kept.get()];
    asked[0]?.resolve('first');
    assert.deepEqual(await Promise.all(both), ['first', 'first']);
    assert.equal(asked.length, 1);
  });

  it('is renewed beside those who go on with the old one', async () => {
    const { kept, asked, at } = setUp();
    void kept.get();
    asked[0]?.resolve('first');
    at(3_000);
    assert.equal(await kept.get(), 'first');
    assert.equal(await kept.get(), 'first');
    assert.equal(asked.length, 2);
    asked[1]?.resolve('second');
    await turn();
    assert.equal(await kept.get(), 'second');
    at(7_999); // its age counts from the question
    assert.equal(await kept.get(), 'second');
  });

  it('is waited for when it is too old, also where a renewal is on its way', async () => {
    const { kept, asked, at } = setUp();
    void kept.get();
    asked[0]?.resolve('first');
    at(4_000);
    assert.equal(await kept.get(), 'first');
    at(5_000);
    const waiting = kept.get();
    asked[1]?.resolve('late');
    asked[2]?.resolve('third');
    assert.equal(await waiting, 'third');
    assert.equal(await kept.get(), 'third');
  });

  it('is asked for anew after a question that failed, and serves on while it is not too old', async () => {
    const { kept, asked, at } = setUp();
    const first = kept.get();
    asked[0]?.reject(new Error('no'));
    await assert.rejects(first);
    void kept.get();
    asked[1]?.resolve('second');
    at(4_000);
    assert.equal(await kept.get(), 'second');
    asked[2]?.reject(new Error('no'));
    await turn();
    assert.equal(await kept.get(), 'second');
    assert.equal(asked.length, 4, 'asked for again beside it');
    asked[3]?.reject(new Error('no'));
    await turn();
    at(5_000);
    const waiting = kept.get();
    asked[4]?.resolve('fifth');
    assert.equal(await waiting, 'fifth');
  });

  it('goes with a renewal that fails where it was found wrong meanwhile', async () => {
    const { kept, asked, at } = setUp();
    void kept.get();
    asked[0]?.resolve('first');
    at(3_000);
    assert.equal(await kept.get(), 'first');
    const renewed = kept.renew('first', 0);
    assert.equal(asked.length, 2, 'the one that is on its way');
    asked[1]?.reject(new Error('no'));
    await assert.rejects(renewed);
    const waiting = kept.get();
    asked[2]?.resolve('third');
    assert.equal(await waiting, 'third');
  });

  it('is waited for by all who come after it was found wrong, and no answer that was on its way by then is taken', async () => {
    const { kept, asked, at } = setUp('waits');
    void kept.get();
    asked[0]?.resolve('first');
    at(4_000);
    assert.equal(await kept.get(), 'first');
    const renewed = [kept.renew('first', 0), kept.renew('first', 0)];
    const waiting = kept.get();
    asked[1]?.resolve('old');
    await turn();
    asked[2]?.resolve('fresh');
    assert.deepEqual(await Promise.all([...renewed, waiting]), ['fresh', 'fresh', 'fresh']);
    assert.equal(await kept.renew('first', 0), 'fresh', 'it has come since');
    assert.equal(asked.length, 3);
  });

  it('is asked for anew once by those who find it wrong, beside those who go on with it', async () => {
    const { kept, asked, at } = setUp();
    void kept.get();
    asked[0]?.resolve('first');
    await turn();
    at(1);
    const renewed = [kept.renew('first', 0), kept.renew('first', 0)];
    await turn();
    assert.equal(await kept.get(), 'first');
    assert.equal(asked.length, 2);
    asked[1]?.resolve('second');
    assert.deepEqual(await Promise.all(renewed), ['second', 'second']);
    assert.equal(await kept.get(), 'second');
    assert.equal(await kept.renew('first', 0), 'second', 'it has come since');
    assert.equal(asked.length, 2);
  });

  it('is not asked for anew while it is young enough for who finds it wrong', async () => {
    const { kept, asked, at } = setUp();
    void kept.get();
    asked[0]?.resolve('first');
    at(999);
    assert.equal(await kept.renew('first', 1_000), 'first');
    at(1_000);
    const renewed = kept.renew('first', 1_000);
    await turn();
    asked[1]?.reject(new Error('no'));
    await assert.rejects(renewed);
    void kept.renew('first', 1_000); // nothing is kept after a question that failed
    assert.equal(asked.length, 3);
  });

  it('is never given to who finds it wrong where a newer one has come meanwhile, or the question has failed meanwhile', async () => {
    for (const end of ['resolve', 'reject'] as const) {
      const { kept, asked, at } = setUp();
      void kept.get();
      asked[0]?.resolve('first');
      at(5_000);
      void kept.get().catch(() => undefined); // takes long
      const renewed = kept.renew('first', 0);
      at(10_000);
      void kept.get();
      asked[2]?.resolve('third');
      await turn();
      asked[1]?.[end]('second');
      assert.equal(await renewed, 'third');
      assert.equal(await kept.get(), 'third');
      assert.equal(asked.length, 3);
    }
  });
});
