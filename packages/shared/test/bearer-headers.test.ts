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
    assert.deepEqual(
      restoreBearer(redacted, { bearerHeaders: BEARER }, ['the-signing-key', 'the-token']),
      redacted,
    );
  });

  it('gives the original back, and only where a placeholder stands', () => {
    const redacted = redactBearer(HEADERS, BEARER, PROOF);
    assert.deepEqual(restoreBearer(redacted, { bearerHeaders: BEARER }, ['old', 'the-token']), HEADERS);
    assert.deepEqual(restoreBearer(HEADERS, { bearerHeaders: BEARER }, ['old', 'new']), HEADERS);
  });

  it('puts what stands before the secret there again, and only before a secret', () => {
    const provider = { bearerHeaders: ['authorization'], bearerPrefix: 'Bearer ' };
    const headers: HeaderPairs = [['Authorization', 'Bearer the-token']];
    const redacted = redactBearer(headers, provider.bearerHeaders, { secret: 'the-token', secretIndex: 0 });
    assert.deepEqual(redacted, [['Authorization', 'secret:0']]);
    assert.deepEqual(restoreBearer(redacted, provider, ['the-token']), headers);
    for (const secrets of [[], ['']]) assert.deepEqual(restoreBearer(redacted, provider, secrets), redacted);
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
      assert.deepEqual(restoreBearer([[name, value]], { bearerHeaders: BEARER }, ['']), [[name, value]]);
    }
  });

  it('returns the same headers for a provider that has no bearer secret', () => {
    assert.equal(redactBearer(HEADERS, [], PROOF), HEADERS);
    assert.equal(restoreBearer(HEADERS, { bearerHeaders: [] }, []), HEADERS);
  });
});
