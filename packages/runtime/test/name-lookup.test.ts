import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { describe, it } from 'node:test';
import { createNameLookup } from '../src/name-lookup.ts';

const V4: LookupAddress = { address: '192.0.2.1', family: 4 };
const V6: LookupAddress = { address: '2001:db8::1', family: 6 };

/** A resolver that is answered by hand. */
function bench({ waitMs = 60_000 } = {}) {
  const asked: string[] = [];
  const open = new Map<string, PromiseWithResolvers<LookupAddress[]>>();
  let nowMs = 1_000_000;
  const lookup = createNameLookup({
    now: () => nowMs,
    waitMs,
    resolve(name) {
      asked.push(name);
      const question = Promise.withResolvers<LookupAddress[]>();
      open.set(name, question);
      return question.promise;
    },
  });
  const find = (name: string, family: 0 | 4 | 6 = 0) =>
    new Promise<readonly string[]>((resolve, reject) => {
      lookup(name, { all: true, family }, (error, found) => {
        if (error) reject(error);
        else resolve((found as LookupAddress[]).map(({ address }) => address));
      });
    });
  return {
    lookup,
    asked,
    find,
    answer: (name: string, ...addresses: LookupAddress[]) => open.get(name)!.resolve(addresses),
    refuse: (name: string, code: string) => open.get(name)!.reject(Object.assign(new Error(code), { code })),
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

const turn = () => new Promise<void>(resolve => setImmediate(resolve));

describe('looking a destination’s name up', () => {
  it('asks once for all who wait, and keeps the answer for a while', async () => {
    const { asked, find, answer, pass } = bench();
    const both = [find('a.example'), find('a.example')];
    answer('a.example', V4, V6);
    assert.deepEqual(await Promise.all(both), [
      [V4.address, V6.address],
      [V4.address, V6.address],
    ]);
    assert.deepEqual(await find('a.example', 6), [V6.address]);
    assert.deepEqual(asked, ['a.example']);
    pass(31_000);
    assert.deepEqual(await find('a.example', 4), [V4.address]); // the last answer, while it is asked for anew
    assert.deepEqual(asked, ['a.example', 'a.example']);
  });

  it('gives one address where one is wanted, and says so where none fits', async () => {
    const { lookup, find, answer } = bench();
    const first = find('a.example');
    answer('a.example', V4);
    await first;
    const one = await new Promise(resolve =>
      lookup('a.example', {}, (error, address, family) => resolve([error, address, family])),
    );
    assert.deepEqual(one, [null, V4.address, 4]);
    await assert.rejects(find('a.example', 6), { code: 'ENOTFOUND' });
  });

  it('takes two threads at most, and one of them only for names that failed', async () => {
    const { asked, find, answer, refuse, pass } = bench();
    const dead = ['dead-1.example', 'dead-2.example', 'dead-3.example'];
    for (const name of dead) {
      const failing = find(name);
      refuse(name, 'EAI_AGAIN');
      await assert.rejects(failing, { code: 'EAI_AGAIN' });
      await assert.rejects(find(name), { code: 'EAI_AGAIN' }); // kept too
    }
    assert.equal(asked.length, 3);
    pass(6_000);
    const again = dead.map(name => find(name));
    await turn();
    assert.deepEqual(asked.slice(3), ['dead-1.example']);
    const alive = find('alive.example');
    const third = find('third.example');
    await turn();
    assert.deepEqual(asked.slice(3), ['dead-1.example', 'alive.example']);
    answer('alive.example', V4);
    assert.deepEqual(await alive, [V4.address]);
    answer('third.example', V6);
    assert.deepEqual(await third, [V6.address]);
    for (const name of dead) {
      answer(name, V4);
      await turn();
    }
    assert.equal((await Promise.all(again)).length, 3);
  });

  it('waits for a bounded time, and meanwhile fails at once for those who come later', async () => {
    const { asked, find, answer, pass } = bench({ waitMs: 1 });
    await assert.rejects(find('hangs.example'), { code: 'EAI_AGAIN' });
    await assert.rejects(find('hangs.example'), { code: 'EAI_AGAIN' });
    assert.deepEqual(asked, ['hangs.example']);
    answer('hangs.example', V4);
    await turn();
    pass(6_000);
    assert.deepEqual(await find('hangs.example'), [V4.address]);
  });

  it('goes on with known addresses while the name server is away, but not once the name is gone', async () => {
    const { find, answer, refuse, pass } = bench();
    const first = find('a.example');
    answer('a.example', V4);
    await first;
    pass(60_000);
    assert.deepEqual(await find('a.example'), [V4.address]);
    refuse('a.example', 'EAI_AGAIN');
    await turn();
    assert.deepEqual(await find('a.example'), [V4.address]);
    pass(6_000);
    await find('a.example');
    refuse('a.example', 'ENOTFOUND');
    await turn();
    await assert.rejects(find('a.example'), { code: 'ENOTFOUND' });
  });
});
