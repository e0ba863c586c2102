import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConsoleToken } from '@ackline/store/console-tokens';
import { createFindToken } from '../../src/access/find-token.ts';

const FOUND: ConsoleToken = {
  id: '1',
  name: 'support',
  scopes: ['view'],
  tenant: null,
  createdAt: new Date(0),
  createdBy: 'me',
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
};

describe('tokens that nobody has', () => {
  it('are looked up one after the other, past who is known', async () => {
    const asked: string[] = [];
    let answer = Promise.withResolvers<null>();
    const find = createFindToken(token => {
      asked.push(token);
      return token === 'good' ? Promise.resolve(FOUND) : answer.promise;
    });
    assert.equal(await find('good'), FOUND);
    const first = find('bad 1');
    const second = find('bad 2');
    assert.equal(await find('good'), FOUND);
    assert.deepEqual(asked, ['good', 'bad 1', 'good']);
    answer.resolve(null);
    answer = Promise.withResolvers();
    assert.equal(await first, null);
    answer.resolve(null);
    assert.equal(await second, null);
    assert.deepEqual(asked, ['good', 'bad 1', 'good', 'bad 2']);
  });

  it('one that was revoked waits with the others', async () => {
    const waiting = Promise.withResolvers<null>();
    let isRevoked = false;
    let looks = 0;
    const find = createFindToken(async token => {
      if (token === 'bad') return waiting.promise;
      looks += 1;
      return isRevoked ? null : FOUND;
    });
    await find('mine');
    isRevoked = true;
    assert.equal(await find('mine'), null);
    const bad = find('bad');
    const again = find('mine');
    assert.equal(looks, 2);
    waiting.resolve(null);
    assert.deepEqual([await bad, await again, looks], [null, null, 3]);
  });
});
