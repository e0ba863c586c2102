import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { calledUrl, pathOf } from '../../src/http/called-url.ts';

describe('calledUrl', () => {
  it('keeps path and query exactly as they came: they are what was signed', () => {
    const target = '/webhook/whatsapp?b=%20x&a=1&a=+&empty=';
    assert.equal(
      calledUrl('https://h.example/base', { target, host: 'evil' }),
      `https://h.example/base${target}`,
    );
  });

  it('takes the Host header where no public URL is declared, and nothing that is no host', () => {
    const url = (host: string | undefined) => calledUrl(null, { target: '/p', host });
    assert.equal(url('localhost:8080'), 'http://localhost:8080/p');
    assert.equal(url('[::1]:8080'), 'http://[::1]:8080/p');
    for (const host of [undefined, '', 'a/b', 'user@host', 'a b', 'x'.repeat(300)]) {
      assert.equal(url(host), 'http://localhost/p');
    }
  });
});

describe('pathOf', () => {
  it('ends at the first question mark', () => {
    assert.deepEqual(['/a?b?c', '/a', '?x', '/a#b?c'].map(pathOf), ['/a', '/a', '', '/a#b']);
  });
});
