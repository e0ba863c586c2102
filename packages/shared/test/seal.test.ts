import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { open, seal } from '../src/seal.ts';

describe('seal and open', () => {
  it('give back every byte value, under the key id that is stored beside it', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const sealed = seal(bytes);
    assert.equal(sealed.keyId, 'none');
    assert.deepEqual(open({ keyId: sealed.keyId, bytes: sealed.bytes }), bytes);
  });

  it('take an empty body', () => {
    assert.equal(open(seal(new Uint8Array())).length, 0);
  });

  it('refuse a key id that is not known, and do not hand out the bytes', () => {
    assert.throws(() => open({ keyId: 'subject-7', bytes: Buffer.from('body') }), {
      code: 'ACKLINE_STORED_FORM_UNKNOWN',
      message: 'Stored bytes have the form "subject-7", which this release does not know',
    });
  });
});
