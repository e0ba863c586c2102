import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { redactBearer, restoreBearer } from '../src/bearer-headers.ts';
import type { HeaderPairs } from '../src/envelope.ts';

const BEARER = ['x-telegram-bot-api-secret-token'];
const HEADERS: HeaderPairs = [
  ['Host', 'hooks.example.com'],
  ['X-Telegram-Bot-Api-Secret-Token', 'the-token'],
  ['X-Other', 'secret:0'],
];
const PROOF = { secret: 'the-token', secretIndex: 1 };

describe('bearer headers', () => {
  it('puts the index in the place of the secret and leaves all else as it is', () => {
    assert.deepEqual(redactBearer(HEADERS, BEARER, PROOF), [
      ['Host', 'hooks.example.com'],
      ['X-Telegram-Bot-Api-Secret-Token', 'secret:1'],
      ['X-Other', 'secret:0'],
    ]);
  });

  it('redacts every copy of the header', () => {
    const twice: HeaderPairs = [
      ['x-telegram-bot-api-secret-token', 'a'],
      ['X-TELEGRAM-BOT-API-SECRET-TOKEN', 'b'],
    ];
    assert.ok(!JSON.stringify(redactBearer(twice, BEARER, PROOF)).match(/"[ab]"/));
  });

  it('puts no index in the place of what is not the proven secret, so that no other one is put back there', () => {
    const redacted = redactBearer(HEADERS, BEARER, { secret: 'the-signing-key', secretIndex: 0 });
    assert.deepEqual(redacted[1], ['X-Telegram-Bot-Api-Secret-Token', 'secret:other']);
    assert.deepEqual(restoreBearer(redacted, BEARER, ['the-signing-key', 'the-token']), redacted);
  });

  it('gives the original back, and only where a placeholder stands', () => {
    const redacted = redactBearer(HEADERS, BEARER, PROOF);
    assert.deepEqual(restoreBearer(redacted, BEARER, ['old', 'the-token']), HEADERS);
    assert.deepEqual(restoreBearer(HEADERS, BEARER, ['old', 'new']), HEADERS);
  });

  it('leaves the placeholder where the secret is gone, empty, or its index makes no sense', () => {
    const name = 'X-Telegram-Bot-Api-Secret-Token';
    for (const value of [
      'secret:1',
      'secret:0',
      'secret:-1',
      'secret:99999999999999999999',
      'secret:__proto__',
      'secret:',
    ]) {
      assert.deepEqual(restoreBearer([[name, value]], BEARER, ['']), [[name, value]]);
    }
  });

  it('returns the same headers for a provider that has no bearer secret', () => {
    assert.equal(redactBearer(HEADERS, [], PROOF), HEADERS);
    assert.equal(restoreBearer(HEADERS, [], []), HEADERS);
  });
});
