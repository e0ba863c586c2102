import assert from 'node:assert/strict';
import { createHmac, createSecretKey } from 'node:crypto';
import { describe, it } from 'node:test';
import { createKeyCache } from '../src/key-cache.ts';
import { hmacBase64, textKey } from '../src/providers/proof/signature.ts';

/** More than are kept. */
const SECRETS = 1_100;

describe('the key of an HMAC', () => {
  it('is made once for each secret', () => {
    let made = 0;
    const keyOf = createKeyCache(secret => {
      made += 1;
      return createSecretKey(secret, 'utf8');
    });
    assert.equal(keyOf('one'), keyOf('one'));
    assert.notEqual(keyOf('one'), keyOf('another'));
    assert.equal(made, 2);
  });

  it('is that of its own secret, also when there are more of them than are kept', () => {
    const keyOf = createKeyCache(secret => createSecretKey(secret, 'utf8'));
    const secrets = Array.from({ length: SECRETS }, (_, n) => `the key of number ${n}`);
    for (const secret of [...secrets, ...secrets.toReversed()]) {
      assert.equal(keyOf(secret).export().toString(), secret);
    }
  });

  it('of an inbound secret is made once, and signs as the text of the secret does', () => {
    for (const secret of ['c2VjcmV0', 'gehëim', '密钥', 'x'.repeat(200)]) {
      assert.equal(textKey(secret), textKey(secret));
      const expected = createHmac('sha1', secret).update('https://a.b/c').update('x').digest('base64');
      assert.equal(hmacBase64('sha1', secret, ['https://a.b/c', 'x']), expected);
    }
  });
});
