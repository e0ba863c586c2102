import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeEntry, encodeEntry } from '../../src/cache/cache-entry.ts';

describe('a cache entry', () => {
  for (const value of ['', 'text with ü and 🙂', new Uint8Array(), Uint8Array.from([0, 255, 10, 13])]) {
    it(`comes back from Redis as it was: ${JSON.stringify(value)}`, () => {
      const entry = { value, expiresAt: 1_795_372_800_123 };
      assert.deepEqual(decodeEntry(encodeEntry(entry)), entry);
    });
  }

  it('does not share memory with the buffer that it was read from', () => {
    const bytes = encodeEntry({ value: Uint8Array.from([7]), expiresAt: 1 });
    const entry = decodeEntry(bytes);
    bytes.fill(0);
    assert.deepEqual(entry?.value, Uint8Array.from([7]));
  });

  for (const [name, bytes] of [
    ['nothing', Buffer.alloc(0)],
    ['text of somebody else', Buffer.from('hello world, hello')],
    ['too few bytes', encodeEntry({ value: '', expiresAt: 1 }).subarray(0, 8)],
    ['a time that is no number', Buffer.from([1, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0])],
  ] as const) {
    it(`is not read from ${name}`, () => assert.equal(decodeEntry(bytes), null));
  }
});
