import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { safeKey } from '../src/safe-key.ts';

describe('safeKey', () => {
  it('leaves an ordinary id readable, and joins parts by a bar', () => {
    assert.equal(safeKey('SM0123'), 'SM0123');
    assert.equal(
      safeKey('whatsapp:+15550001111', 'whatsapp:+15550009999'),
      'whatsapp:+15550001111|whatsapp:+15550009999',
    );
    assert.equal(safeKey('-1001234', 'grüße 👋'), '-1001234|grüße 👋');
  });

  it('hashes what PostgreSQL text can not hold or a person could not read', () => {
    assert.equal(
      safeKey('a\u0000b'),
      'sha256:8fad204a6456de87190b81ac55a873debdacdc02a7109077067c680eb18abff9',
    );
    for (const text of ['a\nb', '\u007f', '\u0085', '\ud800', '\udc00x', 'é'.repeat(201)]) {
      assert.match(safeKey(text), /^sha256:[0-9a-f]{64}$/, JSON.stringify(text));
    }
  });

  it('keeps a key of 200 units and hashes one of 201, counted over all parts', () => {
    assert.equal(safeKey('x'.repeat(200)), 'x'.repeat(200));
    assert.match(safeKey('x'.repeat(201)), /^sha256:/);
    assert.match(safeKey('x'.repeat(100), 'y'.repeat(100)), /^sha256:/);
  });

  it('never gives the same key to different parts', () => {
    const texts = [
      '',
      'a',
      'b',
      '|',
      '\\',
      'a|b',
      'a\\',
      '\\|',
      '\u0000',
      '\ud800',
      '\ud801',
      '\ufffd',
      '\\ud800',
      '","',
      'x'.repeat(201),
    ];
    const hashed = safeKey('\u0000').slice('sha256:'.length);
    texts.push(`sha256:${hashed}`, hashed, 'sha256:', 'sha256');
    const seen = new Map<string, string>();
    const record = (parts: [string, ...string[]]) => {
      const key = safeKey(...parts);
      const name = JSON.stringify(parts);
      assert.equal(seen.get(key) ?? name, name, `${key} stands for two lists of parts`);
      seen.set(key, name);
    };
    for (const first of texts) {
      record([first]);
      for (const second of texts) {
        record([first, second]);
        for (const third of texts) record([first, second, third]);
      }
    }
    assert.equal(seen.size, texts.length + texts.length ** 2 + texts.length ** 3);
  });
});
