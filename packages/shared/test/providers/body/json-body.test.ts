import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import {
  commonId,
  epochMs,
  idText,
  readJson,
  readJsonObject,
  senderOf,
  valueAt,
} from '../../../src/providers/body/json-body.ts';

const read = (text: string | Uint8Array) => readJson(Buffer.from(text));
const value = (text: string) => {
  const body = read(text);
  assert.equal(body.kind, 'json');
  return body.value;
};

describe('readJson', () => {
  it('keeps integers beyond 2^53 exact and leaves every other number alone', () => {
    assert.deepEqual(
      value('{"a":9007199254740993,"b":-18446744073709551615,"c":9007199254740991,"d":1.5,"e":1e30}'),
      {
        a: 9007199254740993n,
        b: -18446744073709551615n,
        c: 9007199254740991,
        d: 1.5,
        e: 1e30,
      },
    );
  });

  it('does not build a number of a million digits', () => {
    const [huge] = value(`[${'9'.repeat(1_000_000)}]`) as [unknown];
    assert.equal(typeof huge, 'number');
    assert.equal(idText(huge), null);
  });

  it('takes the last of duplicate keys', () => {
    assert.deepEqual(value('{"a":1,"a":12345678901234567890}'), { a: 12345678901234567890n });
    assert.deepEqual(value('{"a":1,"a":2}'), { a: 2 });
  });

  it('refuses bytes that are not UTF-8 instead of replacing them', () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
    ]) {
      assert.deepEqual(read(Uint8Array.from(bytes)), { kind: 'malformed', detail: 'the body is not UTF-8' });
    }
  });

  it('names the fault without a word of the body', () => {
    for (const text of [
      '',
      ' ',
      '{"secret-word":',
      'secret-word',
      '{"a":secret-word}',
      '{"a":1} secret-word',
      '\u0000',
    ]) {
      assert.deepEqual(read(text), { kind: 'malformed', detail: 'the body is not JSON' });
    }
  });

  it('takes 256 levels and refuses 257, without recursion, also with a long number inside', () => {
    const nested = (levels: number, inner: string) => '['.repeat(levels) + inner + ']'.repeat(levels);
    assert.equal(read(nested(256, '9007199254740993')).kind, 'json');
    const tooDeep = { kind: 'malformed', detail: 'the JSON is nested too deeply' };
    assert.deepEqual(read(nested(257, '')), tooDeep);
    assert.deepEqual(read('{"a":'.repeat(1_000_000)), tooDeep);
  });

  it('does not count brackets inside of texts', () => {
    assert.equal(read(JSON.stringify({ a: `\\"${'[{'.repeat(500)}` })).kind, 'json');
    assert.equal(read(JSON.stringify(Array.from({ length: 1000 }, () => [{}]))).kind, 'json');
  });

  it('drops a byte order mark', () => {
    assert.deepEqual(value('\ufeff{"a":1}'), { a: 1 });
  });
});

describe('readJsonObject', () => {
  it('refuses JSON that is not an object', () => {
    for (const text of ['null', '[]', '1', '"text"', 'true']) {
      assert.deepEqual(readJsonObject(Buffer.from(text)), {
        kind: 'malformed',
        detail: 'the JSON is not an object',
      });
    }
  });
});

describe('valueAt', () => {
  it('sees own members only', () => {
    const parsed = value('{"__proto__":{"id":5},"a":{"b":1},"list":[1]}');
    assert.equal(valueAt(parsed, 'a', 'b'), 1);
    assert.equal(valueAt(parsed, '__proto__', 'id'), 5);
    assert.equal(valueAt(parsed, 'id'), undefined);
    assert.equal(valueAt(parsed, 'a', '__proto__'), undefined);
    assert.equal(valueAt(parsed, 'constructor', 'name'), undefined);
    assert.equal(valueAt(parsed, 'list', '0'), undefined);
    assert.equal(valueAt(null, 'a'), undefined);
  });
});

describe('idText', () => {
  it('takes texts and exact integers and nothing else', () => {
    assert.equal(idText('a'), 'a');
    assert.equal(idText(5), '5');
    assert.equal(idText(-0), '0');
    assert.equal(idText(9007199254740993n), '9007199254740993');
    for (const other of ['', 1.5, 2 ** 53, Number.NaN, Infinity, true, null, undefined, {}, ['1']])
      assert.equal(idText(other), null);
  });
});

describe('commonId', () => {
  it('is the one that all of them are, and none where one is not known or another one', () => {
    assert.equal(commonId(['a']), 'a');
    assert.equal(commonId(['a', 'a', 'a']), 'a');
    for (const ids of [[], [null], ['a', null], [null, 'a'], ['a', 'b'], ['a', 'b', 'a']])
      assert.equal(commonId(ids), null, String(ids));
  });
});

describe('epochMs', () => {
  it('takes numbers and texts of digits, in the unit that the provider uses', () => {
    assert.equal(epochMs(1764000000, 1000), 1764000000000);
    assert.equal(epochMs('1764000000123', 1), 1764000000123);
    assert.equal(epochMs(1764000000.5, 1000), 1764000000500);
  });

  it('gives null for what is no instant after 1970', () => {
    for (const other of [
      0,
      -1,
      '',
      '-1',
      '1e3',
      ' 1',
      '12345678901234567',
      1e300,
      Infinity,
      Number.NaN,
      5n,
      null,
      {},
    ]) {
      assert.equal(epochMs(other, 1000), null);
    }
  });
});

describe('senderOf', () => {
  function* asked(count: number, told: { looked: number }): Generator<string, undefined> {
    for (; told.looked < count; told.looked += 1) yield 'ada';
  }

  it('looks at some thousands at most, and knows nobody where there are more', () => {
    const few = { looked: 0 };
    assert.equal(senderOf(asked(2_000, few)), 'ada');
    assert.equal(few.looked, 2_000);
    const many = { looked: 0 };
    assert.equal(senderOf(asked(200_000, many)), null);
    assert.equal(many.looked, 2_000);
  });

  it('looks no further than the first that is another one', () => {
    const told = { looked: 0 };
    const keys = asked(2_000, told).map((key, at) => (at === 1 ? 'bob' : key));
    assert.equal(senderOf(keys), null);
    assert.equal(told.looked, 1);
  });
});
