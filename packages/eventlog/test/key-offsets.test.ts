import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createKeyOffsets } from '../src/key-offsets.ts';

describe('key offsets', () => {
  it('knows each key by its own greatest offset, in whichever order the acks came', () => {
    const offsets = createKeyOffsets();
    offsets.raise(7, { lane: 1, offset: 12n });
    offsets.raise(7, { lane: 1, offset: 11n });
    offsets.raise(8, { lane: 1, offset: 40n });
    assert.equal(offsets.get(7, 1), 12n);
    assert.equal(offsets.get(9, 1), -1n, 'a key that never had a record waits for none');
  });

  it('says of a forgotten key the greatest offset that it could have had in its lane', () => {
    const offsets = createKeyOffsets(2);
    offsets.raise(1, { lane: 0, offset: 5n });
    offsets.raise(2, { lane: 0, offset: 6n });
    offsets.raise(3, { lane: 0, offset: 7n });
    offsets.raise(4, { lane: 1, offset: 3n });
    assert.equal(offsets.get(1, 0), 6n);
    assert.equal(offsets.get(2, 0), 6n);
    assert.equal(offsets.get(3, 0), 7n);
    assert.equal(offsets.get(5, 1), -1n, 'nothing of this lane was forgotten');
  });
});
