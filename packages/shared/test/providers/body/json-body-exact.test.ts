import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readJson } from '../../../src/providers/body/json-body.ts';

const read = (text: string) => readJson(Buffer.from(text));

/** What the exact integers are, said in the simplest way: too dear for a body of a stranger. */
function reviveExact(text: string): unknown {
  return JSON.parse(text, (_name, value: unknown, context?: { source?: string }) => {
    const source = context?.source ?? '';
    const isLossy = typeof value === 'number' && !Number.isSafeInteger(value);
    return isLossy && /^-?\d{16,40}$/.test(source) ? BigInt(source) : value;
  });
}

const digits = (minLength: number, maxLength: number) =>
  fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength, maxLength })
    .map(found => found.join('').replace(/^0+(?=.)/, ''));
const sign = fc.constantFrom('', '-');
const number = fc.oneof(
  fc.tuple(sign, digits(1, 4)).map(parts => parts.join('')),
  fc.tuple(sign, digits(14, 45)).map(parts => parts.join('')),
  fc.tuple(sign, digits(1, 20), digits(1, 20)).map(([minus, whole, part]) => `${minus}${whole}.${part}`),
  fc
    .tuple(sign, digits(1, 20), fc.constantFrom('e', 'E', '.0e+', 'E-'), digits(1, 18))
    .map(parts => parts.join('')),
  fc.constantFrom('9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740992', '-0'),
  fc.constantFrom(`-${'9'.repeat(40)}`, '9'.repeat(41), '0.12345678901234567', '12345678901234567.0'),
  fc.constantFrom(`1e${'0'.repeat(17)}`, `7E-${'0'.repeat(16)}1`, `12345678901234567e+${'0'.repeat(16)}`),
);
/** Strings that look like what is outside of them. */
const string = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.constantFrom(
      '12345678901234567890',
      '"12345678901234567890"',
      '\\',
      '\\"',
      '[',
      ',',
      '\u0000',
      '\ud800',
    ),
  )
  .map(text => JSON.stringify(text));
/** Without escapes: behind an escaped name V8 forgets what a number was written as, and tells a reviver nothing. */
const name = fc.oneof(
  fc.constantFrom('"a"', '"b"', '"__proto__"', '"7"', '"12345678901234567890"'),
  string.filter(text => !text.includes('\\')),
);
const space = fc.constantFrom('', '', ' ', '\n\t');

/** Texts of JSON, with repeated names, all forms of numbers, and white space anywhere. */
const { json } = fc.letrec<{ json: string; list: string; object: string }>(tie => ({
  json: fc
    .tuple(
      space,
      fc.oneof(
        { depthSize: 'medium', withCrossShrink: true },
        number,
        string,
        fc.constantFrom('true', 'false', 'null'),
        tie('list'),
        tie('object'),
      ),
      space,
    )
    .map(parts => parts.join('')),
  list: fc.array(tie('json'), { maxLength: 6 }).map(items => `[${items.join(',')}]`),
  object: fc
    .array(fc.tuple(name, space, tie('json')), { maxLength: 6 })
    .map(members => `{${members.map(([key, gap, value]) => `${key}${gap}:${value}`).join(',')}}`),
}));

describe('exact integers', () => {
  it('are those that a reviver of every number would keep, in any JSON', () => {
    fc.assert(
      fc.property(json, text => {
        assert.deepStrictEqual(read(text), { kind: 'json', value: reviveExact(text) });
      }),
      { numRuns: 2_000 },
    );
  });

  it('cost no call for each value of the body', t => {
    const parse = t.mock.method(JSON, 'parse');
    assert.equal(read(`[12345678901234567890${',0'.repeat(50_000)}]`).kind, 'json');
    assert.ok(parse.mock.callCount() > 0);
    for (const call of parse.mock.calls) assert.equal(call.arguments[1], undefined);
  });

  it('are found behind texts that end in escaped quotes and backslashes', () => {
    const long = '12345678901234567890';
    for (const text of [`"\\"${long}"`, `"\\\\"`, `"${long}\\\\\\""`, `"é${long}"`, '""']) {
      assert.deepEqual(read(`[${text},${long}]`), { kind: 'json', value: [JSON.parse(text), BigInt(long)] });
    }
  });

  it('are found under names that are written with escapes', () => {
    const [name, value] = [String.raw`\u0061`, '9007199254740993'];
    assert.deepEqual(read(`{"a":0,"${name}":${value}}`), { kind: 'json', value: { a: BigInt(value) } });
  });

  it('are found in a body that begins with a byte order mark', () => {
    assert.deepEqual(read('\ufeff[12345678901234567890]'), { kind: 'json', value: [12345678901234567890n] });
  });

  it('are the last of their name, or not there', () => {
    assert.deepEqual(read('{"a":12345678901234567890,"a":"1"}'), { kind: 'json', value: { a: '1' } });
    assert.deepEqual(read('{"a":"1","a":12345678901234567890}'), {
      kind: 'json',
      value: { a: 12345678901234567890n },
    });
  });
});

describe('a body of very many values', () => {
  const verdictOn = (text: string) => {
    const body = read(text);
    return body.kind === 'malformed' ? body.detail : body.kind;
  };

  it('is refused before a value of it is built', t => {
    const parse = t.mock.method(JSON, 'parse');
    assert.equal(verdictOn(`[${'[],'.repeat(1_000_000)}[]]`), 'the JSON has too many values');
    assert.equal(verdictOn(`{${'"a":0,'.repeat(300_000)}"a":0}`), 'the JSON has too many values');
    assert.equal(parse.mock.callCount(), 0);
  });

  it('is taken up to 200,000 commas and brackets', () => {
    assert.equal(verdictOn(`[${'0,'.repeat(199_999)}0]`), 'json');
    assert.equal(verdictOn(`[${'0,'.repeat(200_000)}0]`), 'the JSON has too many values');
  });

  it('is told from one long text of commas and brackets', () => {
    assert.equal(verdictOn(JSON.stringify({ a: '[],\\"'.repeat(200_000) })), 'json');
  });

  it('is told from one that is no JSON', () => {
    assert.equal(verdictOn('x'.repeat(300_000)), 'the body is not JSON');
    assert.equal(verdictOn(`"${'\\'.repeat(300_000)}`), 'the body is not JSON');
  });
});
