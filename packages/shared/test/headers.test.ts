import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { HeaderPairs } from '../src/envelope.ts';
import { headerValues, mediaType, pairsFromRaw, shapedHeader, singleHeader } from '../src/headers.ts';

const HEADERS: HeaderPairs = [
  ['Host', 'hooks.example.com'],
  ['X-Twice', 'one'],
  ['x-twice', 'two'],
  ['__proto__', 'plain'],
];

describe('headers', () => {
  it('finds values whatever the case of the name, in order', () => {
    assert.deepEqual(headerValues(HEADERS, 'x-twice'), ['one', 'two']);
    assert.deepEqual(headerValues(HEADERS, 'absent'), []);
    assert.deepEqual(headerValues(HEADERS, '__proto__'), ['plain']);
  });

  it('gives a value only of a header that is there once and has the form', () => {
    assert.equal(shapedHeader(HEADERS, 'host', /^[a-z.]+$/), 'hooks.example.com');
    assert.equal(shapedHeader(HEADERS, 'host', /^[a-z]+$/), null);
    assert.equal(shapedHeader(HEADERS, 'x-twice', /^/), null);
    assert.equal(shapedHeader(HEADERS, 'absent', /^/), null);
  });

  it('tells a repeated header from a single one and from none, also when the value is empty', () => {
    assert.deepEqual(singleHeader(HEADERS, 'host'), { found: 'one', value: 'hooks.example.com' });
    assert.deepEqual(singleHeader(HEADERS, 'x-twice'), { found: 'many' });
    assert.deepEqual(singleHeader(HEADERS, 'constructor'), { found: 'none' });
    assert.deepEqual(singleHeader([['A', '']], 'a'), { found: 'one', value: '' });
    assert.deepEqual(
      singleHeader(
        [
          ['A', ''],
          ['a', ''],
        ],
        'a',
      ),
      { found: 'many' },
    );
  });

  it('pairs raw headers without losing case, order or copies', () => {
    assert.deepEqual(pairsFromRaw(['Host', 'a', 'X-B', '1', 'x-b', '2']), [
      ['Host', 'a'],
      ['X-B', '1'],
      ['x-b', '2'],
    ]);
    assert.deepEqual(pairsFromRaw([]), []);
    assert.deepEqual(pairsFromRaw(['Host', 'a', 'Lonely']), [['Host', 'a']]);
  });

  it('reads a media type without its parameters, and none out of several', () => {
    assert.equal(mediaType([['Content-Type', 'Application/JSON; charset=utf-8']]), 'application/json');
    assert.equal(mediaType([['content-type', ' text/xml ']]), 'text/xml');
    assert.equal(mediaType([['content-type', ';charset=utf-8']]), null);
    assert.equal(mediaType([]), null);
    assert.equal(
      mediaType([
        ['Content-Type', 'a/b'],
        ['content-type', 'a/b'],
      ]),
      null,
    );
  });
});
