import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { secretValue } from '@ackline/runtime/secret-value';
import { createSecretReader } from '@ackline/runtime/secrets';

describe('the value of a secret, for who only looks', () => {
  const reader = createSecretReader({ env: { SET: 'a value', EMPTY: '' }, production: true });

  it('is that of the variable, or null where there is none', () => {
    const refs = [{ env: 'SET' }, { env: 'EMPTY' }, { env: 'ABSENT' }];
    assert.deepEqual(
      refs.map(ref => secretValue(ref, reader)),
      ['a value', null, null],
    );
  });

  it('hides no mistake of ours', () => {
    const broken = {
      resolve(): never {
        throw new TypeError('of our own');
      },
    };
    assert.throws(() => secretValue({ env: 'SET' }, broken), TypeError);
  });
});
