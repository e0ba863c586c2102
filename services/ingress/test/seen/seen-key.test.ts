import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SeenFacts } from '../../src/http/webhook-ports.ts';
import { seenKey } from '../../src/seen/seen-key.ts';

const FACTS: SeenFacts = {
  source: 'telegram',
  tenant: 'default',
  secret: 'token-1',
  method: 'POST',
  url: 'https://hooks.example.com/webhook/telegram',
  dedupKey: '1001',
  body: Buffer.from('{"update_id":1001}'),
};

describe('the key of a signed request', () => {
  it('is the same for the same request, and 32 bytes long', () => {
    assert.equal(seenKey({ ...FACTS, body: Buffer.from(FACTS.body) }), seenKey(FACTS));
    assert.equal(Buffer.from(seenKey(FACTS), 'latin1').length, 32);
  });

  for (const [name, change] of [
    ['another source', { source: 'telegram2' }],
    ['another tenant', { tenant: 'vip' }],
    ['another secret', { secret: 'token-2' }],
    ['another method', { method: 'PUT' }],
    ['another URL', { url: 'https://hooks.example.com/webhook/telegram?a' }],
    ['another dedup key', { dedupKey: '1002' }],
    ['one other byte in the body', { body: Buffer.from('{"update_id":1001} ') }],
    ['no body', { body: Buffer.alloc(0) }],
  ] as const) {
    it(`is another one for ${name}`, () => {
      assert.notEqual(seenKey({ ...FACTS, ...change }), seenKey(FACTS));
    });
  }

  it('does not mistake the end of one text for the beginning of the next', () => {
    assert.notEqual(
      seenKey({ ...FACTS, source: 'a', tenant: 'bc' }),
      seenKey({ ...FACTS, source: 'ab', tenant: 'c' }),
    );
    assert.notEqual(
      seenKey({ ...FACTS, dedupKey: '12', body: Buffer.from('3') }),
      seenKey({ ...FACTS, dedupKey: '1', body: Buffer.from('23') }),
    );
    const digits = Buffer.from('1', 'utf16le');
    assert.notEqual(
      seenKey({ ...FACTS, dedupKey: '11', body: Buffer.alloc(0) }),
      seenKey({ ...FACTS, dedupKey: '1', body: digits }),
    );
  });

  it('keeps texts apart that UTF-8 would write alike', () => {
    assert.notEqual(seenKey({ ...FACTS, dedupKey: '\ud800' }), seenKey({ ...FACTS, dedupKey: '\ud801' }));
  });
});
