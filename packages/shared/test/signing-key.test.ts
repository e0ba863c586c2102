import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signingKey } from '@ackline/shared/signing-key';

describe('the key of a signing secret', () => {
  it('is what its base64 stands for, with and without the prefix', () => {
    const bytes = Buffer.from('a signing key of thirty-two bytes');
    const base64 = bytes.toString('base64');
    assert.deepEqual(signingKey(`whsec_${base64}`).export(), bytes);
    assert.deepEqual(signingKey(base64).export(), bytes);
  });
});
