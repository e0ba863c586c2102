import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { compileFilter } from '../../src/routing/filter.ts';
import { filterDocument } from '../../src/routing/filter-document.ts';
import { routableEvent } from './routing-examples.ts';

function filterOf(where: unknown) {
  const compiled = compileFilter(where);
  assert.ok('filter' in compiled, JSON.stringify(compiled));
  return (body: unknown) =>
    compiled.filter(filterDocument(routableEvent({ body: Buffer.from(JSON.stringify(body)) })));
}

describe('a filter (F1)', () => {
  const name = fc.constantFrom('a', 'b', '0', '__proto__', 'constructor');
  const path = fc.array(name, { maxLength: 3 }).map(steps => ['body', ...steps].join('.'));
  const scalar = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.bigInt(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
  );
  const operator = fc.oneof(
    fc.constantFrom('$eq', '$ne').chain(key => fc.jsonValue().map(value => ({ [key]: value }))),
    fc
      .constantFrom('$in', '$nin', '$all')
      .chain(key => fc.array(scalar, { minLength: 1, maxLength: 3 }).map(list => ({ [key]: list }))),
    fc
      .constantFrom('$gt', '$gte', '$lt', '$lte')
      .chain(key => fc.oneof(fc.integer(), fc.bigInt(), fc.string()).map(value => ({ [key]: value }))),
    fc.constantFrom(
      { $exists: true },
      { $exists: false },
      { $type: 'number' },
      { $size: 1 },
      { $regex: '(a|.)+b$', $options: 'i' },
      { $startsWith: 'a' },
      { $elemMatch: { $gt: 0 } },
      { $elemMatch: { a: null } },
    ),
  );
  const where = fc.dictionary(path, fc.oneof(scalar, operator), {
    minKeys: 1,
    maxKeys: 3,
    noNullPrototype: true,
  });
  const member = fc.letrec(tie => ({
    value: fc.oneof(
      { depthSize: 'small' },
      scalar.filter(one => typeof one !== 'bigint'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(name, tie('value'), { maxKeys: 3 }),
    ),
  })).value;

  it('never throws, and its negation takes exactly what it does not, whatever the JSON', () => {
    fc.assert(
      fc.property(where, member, (given, body) => {
        const takes = filterOf(given)(body);
        assert.equal(filterOf({ $nor: [given] })(body), !takes);
        assert.equal(filterOf({ $and: [given, given] })(body), takes);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is compiled or refused, never thrown over, whatever stands in the file', () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), (given, key) => {
        compileFilter(given);
        compileFilter({ [key]: given, [`body.${key}`]: { $regex: key }, 'body.a': { [key]: given } });
      }),
    );
  });

  it('comes to an end with a text that a backtracking expression would never end with', () => {
    const hostile = 'a'.repeat(60_000);
    for (const $regex of ['(a+)+$', '^(a|a)*b$', '^(a|aa)+!$', '(.*a){12}c'])
      assert.equal(
        filterOf({ 'body.a': { $regex } })({ a: `${hostile}bc!`.slice(0, -1) + '\u0000' }),
        false,
        $regex,
      );
  });

  it('searches no text of over 16 Ki characters', () => {
    const takes = filterOf({ 'body.a': { $regex: 'x' } });
    assert.equal(takes({ a: 'x'.repeat(16_384) }), true);
    assert.equal(takes({ a: 'x'.repeat(16_385) }), false);
  });

  it('searches 64 Ki characters of an event at most, in each event anew', () => {
    const takes = filterOf({ 'body.a': { $regex: 'x' } });
    const filler = Array.from({ length: 4 }, () => 'y'.repeat(16_384));
    for (let round = 0; round < 3; round++) {
      assert.equal(takes({ a: [...filler.slice(1), 'x'] }), true);
      assert.equal(takes({ a: [...filler, 'x'] }), false);
    }
  });

  it('reads the body of an event once, and only if it asks for it', () => {
    let reads = 0;
    const bytes = Buffer.from('{"a":1}');
    const event = {
      ...routableEvent(),
      get body() {
        reads += 1;
        return bytes;
      },
    };
    const document = filterDocument(event);
    const compiled = compileFilter({ type: 'message' });
    assert.ok('filter' in compiled);
    assert.equal(compiled.filter(document), true);
    assert.equal(reads, 0);
    assert.deepEqual([document.body, document.body], [{ a: 1 }, { a: 1 }]);
    assert.equal(reads, 1);
  });
});
