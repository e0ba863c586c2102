import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { prettyJson } from '../src/pages/event/pretty-json.ts';

const WHOLE = { isCut: false, maxChars: 1_000_000 };
const textOf = (source: string) => prettyJson(source, WHOLE)?.text;

describe('JSON in lines', () => {
  it('is what JSON.stringify makes of it, where that loses nothing', () => {
    for (const value of [
      { a: 1, b: [1, 2, { c: null }], d: {}, e: [], f: 'x"\\\n', g: [[]] },
      [],
      {},
      'x',
      1,
      [[1], [{}]],
    ])
      for (const source of [JSON.stringify(value), JSON.stringify(value, null, '\t')])
        assert.equal(textOf(source), JSON.stringify(value, null, 2));
  });

  it('keeps every digit, every key and every escape as it came', () => {
    assert.equal(
      textOf(String.raw`{"a":1e400,"a":12345678901234567890,"__proto__":-0.10,"s":"\u0041\ud800"}`),
      String.raw`{
  "a": 1e400,
  "a": 12345678901234567890,
  "__proto__": -0.10,
  "s": "\u0041\ud800"
}`,
    );
  });

  it('is null for what is no JSON', () => {
    for (const source of [
      '',
      ' ',
      '{',
      '[1,]',
      '[1 2]',
      '{,}',
      ']',
      '[}',
      '{"a":1}}',
      'a=b',
      '01x',
      '"a',
      '[1]x',
      '<html>',
      '{"a":}',
      ':',
      ',',
    ])
      assert.equal(prettyJson(source, WHOLE), null, source);
  });

  it('is not stopped by depth, and its indent is bounded', () => {
    const depth = 10_000;
    const { text = '' } =
      prettyJson('['.repeat(depth) + ']'.repeat(depth), { isCut: false, maxChars: 10_000_000 }) ?? {};
    assert.equal(text.replaceAll(/\s/g, ''), '['.repeat(depth) + ']'.repeat(depth));
    assert.ok(text.length < depth * 2 * 70);
  });

  it('of a beginning shows all that is there, wherever it is cut', () => {
    const source = '{"text":"a\\"b","n":-12.5e+3,"t":[true,null,{"x":"y"}]}';
    for (let end = 1; end < source.length; end++) {
      const pretty = prettyJson(source.slice(0, end), { isCut: true, maxChars: 1_000 });
      assert.equal(pretty?.text.replaceAll(/\s/g, ''), source.slice(0, end), `cut at ${end}`);
    }
  });

  it('ends at its bound, and says so', () => {
    const pretty = prettyJson(`[${'1,'.repeat(1_000)}1]`, { isCut: false, maxChars: 100 });
    assert.equal(pretty?.isCut, true);
    assert.ok((pretty?.text.length ?? 0) < 120);
  });
});
