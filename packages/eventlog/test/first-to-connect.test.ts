import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { firstToConnect } from '../src/first-to-connect.ts';

/** Each address connects, or fails, by hand. */
function dial(...addresses: readonly string[]) {
  const asked = new Map<string, PromiseWithResolvers<string>>();
  const told: string[] = [];
  const first = firstToConnect(addresses, {
    connect(address) {
      const connecting = Promise.withResolvers<string>();
      asked.set(address, connecting);
      return connecting.promise;
    },
    onFirst: address => void told.push(`first ${address}`),
    onLate: address => void told.push(`late ${address}`),
  });
  first.catch(() => undefined);
  return { first, asked, told };
}

describe('the addresses of a broker', () => {
  it('are tried one beside the other where one never answers, and the first that connects is taken', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { first, asked, told } = dial('a', 'b', 'c');
    t.mock.timers.tick(249);
    assert.deepEqual([...asked.keys()], ['a']);
    t.mock.timers.tick(1);
    assert.deepEqual([...asked.keys()], ['a', 'b']);
    asked.get('b')?.resolve('connection to b');
    assert.equal(await first, 'connection to b');
    t.mock.timers.tick(1_000);
    assert.deepEqual([...asked.keys()], ['a', 'b'], 'no more are tried');
    asked.get('a')?.resolve('connection to a');
    await turn();
    assert.deepEqual(told, ['first b', 'late a']);
  });

  it('are tried at once where the one before has failed, and fail as the first did', async () => {
    const { first, asked } = dial('a', 'b');
    asked.get('a')?.reject(new Error('no a'));
    await turn();
    asked.get('b')?.reject(new Error('no b'));
    await assert.rejects(first, /no a/);
  });

  it('are waited for to the last: one that has failed late does not end it', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { first, asked } = dial('a', 'b');
    t.mock.timers.tick(250);
    asked.get('b')?.reject(new Error('no b'));
    await turn();
    asked.get('a')?.resolve('connection to a');
    assert.equal(await first, 'connection to a');
  });
});
