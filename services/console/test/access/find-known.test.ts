import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConsoleToken } from '@ackline/store/console-tokens';
import { createFind, createUnknownGate } from '../../src/access/find-known.ts';

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
    const find = createFind<ConsoleToken>(token => {
      asked.push(token);
      return token === 'good' ? Promise.resolve(FOUND) : answer.promise;
    }, createUnknownGate());
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
    const find = createFind<ConsoleToken>(async token => {
      if (token === 'bad') return waiting.promise;
      looks += 1;
      return isRevoked ? null : FOUND;
    }, createUnknownGate());
    await find('mine');
    isRevoked = true;
    assert.equal(await find('mine'), null);
    const bad = find('bad');
    const again = find('mine');
    assert.equal(looks, 2);
    waiting.resolve(null);
    assert.deepEqual([await bad, await again, looks], [null, null, 3]);
  });

  it('are not waited for without end where PostgreSQL hangs, and those that are known go past them', async () => {
    const hung = Promise.withResolvers<null>();
    let asked = 0;
    const find = createFind<ConsoleToken>(token => {
      if (token === 'good') return Promise.resolve(FOUND);
      asked += 1;
      return hung.promise;
    }, createUnknownGate(1));
    await find('good');
    const first = find('bad 0');
    const others = Array.from({ length: 20 }, (_, n) => find(`bad ${n + 1}`));
    for (const other of others) await assert.rejects(other, { code: 'ACKLINE_CONSOLE_BUSY' });
    assert.equal(await find('good'), FOUND);
    hung.resolve(null);
    assert.equal(await first, null);
    // Who came too late costs no look any more.
    assert.equal(await find('bad 99'), null);
    assert.equal(asked, 2);
  });

  it('do not wait in a line without end', async () => {
    const hung = Promise.withResolvers<null>();
    const find = createFind<ConsoleToken>(() => hung.promise, createUnknownGate());
    const waiting = Array.from({ length: 300 }, (_, n) =>
      find(`bad ${n}`).then(String, ({ code }) => String(code)),
    );
    hung.resolve(null);
    const answers = await Promise.all(waiting);
    assert.equal(answers.filter(answer => answer === 'ACKLINE_CONSOLE_BUSY').length, 300 - 257);
  });
});
