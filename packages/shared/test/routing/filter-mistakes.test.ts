import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileFilter } from '../../src/routing/filter.ts';

function problemsOf(where: unknown): string[] {
  const compiled = compileFilter(where);
  if ('filter' in compiled) return [];
  return compiled.problems.map(({ path, at, message }) => `${path.join(' ')} (${at}) ${message}`);
}

describe('a filter is refused (F2), at its place,', () => {
  for (const [name, where, problem] of [
    ['that is no map', 'x', ' (value) must be a map of conditions'],
    ['that is a list', [], ' (value) must be a map of conditions'],
    ['that is null', null, ' (value) must be a map of conditions'],
    ['without a condition', {}, ' (value) must hold one condition at least'],
    [
      'with a path that begins nowhere',
      { 'message.text': 'x' },
      'message.text (key) must begin with body or headers, or be type, tenant, source or provider; did you mean "body.message.text"?',
    ],
    [
      'with a mistyped beginning',
      { 'boddy.a': 'x' },
      'boddy.a (key) must begin with body or headers, or be type, tenant, source or provider; did you mean "body.a"?',
    ],
    [
      'with an inherited name',
      { constructor: 'x' },
      'constructor (key) must begin with body or headers, or be type, tenant, source or provider; did you mean "body.constructor"?',
    ],
    ['with a member of a text', { 'type.a': 'x' }, 'type.a (key) type is a text and has no members'],
    [
      'with headers but no name',
      { headers: 'x' },
      'headers (key) must name a header, such as headers.content-type',
    ],
    [
      'with an empty step',
      { 'body..a': 'x' },
      'body..a (key) has an empty step: two dots in a row, or one at an end',
    ],
    [
      'with an operator in a path',
      { 'body.$eq': 'x' },
      'body.$eq (key) has a step with "$": operators stand in a map below a path',
    ],
    [
      'with too long a path',
      { [`body${'.a'.repeat(21)}`]: 'x' },
      `body${'.a'.repeat(21)} (key) has over 20 steps`,
    ],
    [
      'with code',
      { $where: 'return true' },
      '$where (key) does not stand here: operators stand below a path; here $and, $or and $nor are known',
    ],
    ['with a mistyped $or', { $orr: [{ type: 'x' }] }, '$orr (key) is not known; did you mean "$or"?'],
    [
      'with an operator that has no path',
      { $gt: 5 },
      '$gt (key) does not stand here: operators stand below a path; here $and, $or and $nor are known',
    ],
    [
      'with a mistyped operator',
      { 'body.a': { $regx: 'x' } },
      'body.a $regx (key) is no operator here; did you mean "$regex"?',
    ],
    ['with $or of no list', { $or: { type: 'x' } }, '$or (value) must be a list of maps of conditions'],
    ['with $and of nothing', { $and: [] }, '$and (value) must be a list of maps of conditions'],
    [
      'with an empty map in $or',
      { $or: [{ type: 'x' }, {}] },
      '$or 1 (value) must hold one condition at least',
    ],
    [
      'with a map that would be compared as a whole',
      { 'body.a': { b: 1 } },
      'body.a (value) must be a value or operators: for a member write its whole path, such as "body.a.b"',
    ],
    [
      'with paths beside operators',
      { 'body.a': { $gt: 1, b: 1 } },
      'body.a b (key) stands beside operators: a map has either operators or paths',
    ],
    [
      'with a list in the place of $in',
      { 'body.a': [1, 2] },
      'body.a (value) must be a value or operators: for one of several values write $in',
    ],
    [
      'with an empty map of operators',
      { 'body.a': {} },
      'body.a (value) must be a text, a number, true, false, null or a map of operators',
    ],
    [
      'with a number that JSON has not',
      { 'body.a': Number.NaN },
      'body.a (value) must be a text, a number, true, false, null or a map of operators',
    ],
    [
      'with $eq of what JSON has not',
      { 'body.a': { $eq: [Infinity] } },
      'body.a $eq (value) must be a value that JSON has, not nested too deeply',
    ],
    ['with an order of true', { 'body.a': { $gt: true } }, 'body.a $gt (value) must be a number or a text'],
    ['with an order of null', { 'body.a': { $lte: null } }, 'body.a $lte (value) must be a number or a text'],
    [
      'with $in of one value',
      { 'body.a': { $in: 'x' } },
      'body.a $in (value) must be a list of 1 to 1000 texts, numbers, true, false or null',
    ],
    [
      'with $in of nothing',
      { 'body.a': { $in: [] } },
      'body.a $in (value) must be a list of 1 to 1000 texts, numbers, true, false or null',
    ],
    [
      'with $nin of maps',
      { 'body.a': { $nin: [{}] } },
      'body.a $nin (value) must be a list of 1 to 1000 texts, numbers, true, false or null',
    ],
    [
      'with $in of too many',
      { 'body.a': { $in: Array.from({ length: 1_001 }, (_, n) => n) } },
      'body.a $in (value) must be a list of 1 to 1000 texts, numbers, true, false or null',
    ],
    [
      'with $exists of a text',
      { 'body.a': { $exists: 'yes' } },
      'body.a $exists (value) must be true or false',
    ],
    [
      'with an unknown kind',
      { 'body.a': { $type: 'int' } },
      'body.a $type (value) must be string, number, bool, object, array, null, or a list of these',
    ],
    [
      'with $size of a half',
      { 'body.a': { $size: 0.5 } },
      'body.a $size (value) must be a whole number from 0 on',
    ],
    [
      'with an empty $startsWith',
      { 'body.a': { $startsWith: '' } },
      'body.a $startsWith (value) must be a text that is not empty',
    ],
    [
      'with $endsWith of a number',
      { 'body.a': { $endsWith: 5 } },
      'body.a $endsWith (value) must be a text that is not empty',
    ],
    [
      'with $not of a value',
      { 'body.a': { $not: 'x' } },
      'body.a $not (value) must be a map of operators; for another value write $ne',
    ],
    [
      'with $not of paths',
      { 'body.a': { $not: { b: 1 } } },
      'body.a $not b (key) stands beside operators: a map has either operators or paths',
    ],
    [
      'with $elemMatch of a value',
      { 'body.a': { $elemMatch: 5 } },
      'body.a $elemMatch (value) must be a map of operators or paths',
    ],
    [
      'with operators beside paths in $elemMatch',
      { 'body.a': { $elemMatch: { k: 1, $gt: 5 } } },
      'body.a $elemMatch $gt (key) does not stand here: operators stand below a path; here $and, $or and $nor are known',
    ],
    [
      'with paths beside operators in $elemMatch',
      { 'body.a': { $elemMatch: { $gt: 5, k: 1 } } },
      'body.a $elemMatch k (key) stands beside operators: a map has either operators or paths',
    ],
    [
      'with a regular expression that is none',
      { 'body.a': { $regex: '(a' } },
      'body.a $regex (value) is no regular expression of RE2: missing closing ): `(a`',
    ],
    [
      'with one that looks around',
      { 'body.a': { $regex: '(?=a)b' } },
      'body.a $regex (value) is no regular expression of RE2: invalid or unsupported Perl syntax: `(?=`',
    ],
    [
      'with one that refers back',
      { 'body.a': { $regex: '(a)\\1' } },
      'body.a $regex (value) is no regular expression of RE2: invalid escape sequence: `\\1`',
    ],
    [
      'with one that is too large',
      { 'body.a': { $regex: 'a{500}' } },
      'body.a $regex (value) is too large a regular expression: repeat less, or use $startsWith, $endsWith or $in',
    ],
    [
      'with one that is too long',
      { 'body.a': { $regex: 'a'.repeat(1_001) } },
      'body.a $regex (value) must have 1000 characters at most',
    ],
    [
      'with an empty one',
      { 'body.a': { $regex: '' } },
      'body.a $regex (value) must be a text that is not empty',
    ],
    [
      'with other options than i',
      { 'body.a': { $regex: 'a', $options: 'g' } },
      'body.a $options (value) must be i (upper and lower case alike)',
    ],
    [
      'with options of nothing',
      { 'body.a': { $options: 'i' } },
      'body.a $options (key) belongs to a $regex beside it',
    ],
  ] as const) {
    it(name, () => assert.deepEqual(problemsOf(where), [problem]));
  }

  it('with all of its mistakes at once', () => {
    const where = { a: 1, $or: [{ 'body.a': { $regx: 'x' } }, { 'body.b': {} }], type: { $size: -1 } };
    assert.deepEqual(
      problemsOf(where).map(problem => problem.split(') ')[0]),
      ['a (key', '$or 0 body.a $regx (key', '$or 1 body.b (value', 'type $size (value'],
    );
  });

  it('beyond 200 conditions or 10 levels, also where it holds itself', () => {
    const many = (count: number) => ({ $or: Array.from({ length: count }, () => ({ type: 'x' })) });
    assert.deepEqual(problemsOf(many(99)), []);
    assert.match(
      problemsOf(many(500)).join('\n'),
      /^\S+ \S+( \S+)* \(value\) is the 201st condition: a filter has 200 at most$/,
    );
    const nested = (levels: number): unknown =>
      levels === 1 ? { type: 'x' } : { $and: [nested(levels - 1)] };
    assert.deepEqual(problemsOf(nested(10)), []);
    assert.deepEqual(problemsOf(nested(11)), [
      `${'$and 0 '.repeat(10).trim()} (value) is nested too deeply: 10 levels at most`,
    ]);
    const knot: Record<string, unknown> = { type: 'x' };
    knot['$and'] = Array.from({ length: 100 }, () => knot);
    assert.ok(problemsOf(knot).length > 0);
    const list: unknown[] = [];
    list.push(list);
    assert.deepEqual(problemsOf({ 'body.a': { $eq: list } }), [
      'body.a $eq (value) must be a value that JSON has, not nested too deeply',
    ]);
  });
});
