import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileFilter } from '@ackline/shared/routing/filter';
import {
  type Condition,
  conditionsOf,
  OPERATORS,
  type Operator,
  whereOf,
} from '../src/pages/events/where-filter.ts';

const line = (path: string, operator: Operator, value: string): Condition => ({ path, operator, value });

describe('the builder of a filter', () => {
  it('says in JSON what its lines say, numbers as they were typed', () => {
    assert.equal(
      whereOf([line('body.chat.id', '$eq', '-100123456789012345678')]),
      '{"body.chat.id":-100123456789012345678}',
    );
    assert.equal(whereOf([line('body.a', '$eq', '"5"')]), '{"body.a":"5"}');
    assert.equal(whereOf([line('body.a', '$in', 'x, 5')]), '{"body.a":{"$in":["x",5]}}');
    assert.equal(
      whereOf([line('body.a', '$gt', '1'), line('body.a', '$startsWith', '"')]),
      '{"$and":[{"body.a":{"$gt":1}},{"body.a":{"$startsWith":"\\""}}]}',
    );
    assert.equal(whereOf([line('body.', '$eq', ''), line('', '$exists', '')]), null);
  });

  it('makes of each comparison a filter that routes know, and finds its lines in it again', () => {
    for (const operator of Object.keys(OPERATORS) as Operator[]) {
      const value =
        operator === '$exists' ? 'false' : operator === '$in' ? 'a, 7' : operator === '$gt' ? '7.50' : 'a"b';
      const where = whereOf([line('body.x', operator, value), line('headers.h', '$eq', 'true')]);
      assert.ok(where !== null);
      assert.ok('filter' in compileFilter(JSON.parse(where)), where);
      assert.deepEqual(conditionsOf(where), [
        line('body.x', operator, value),
        line('headers.h', '$eq', 'true'),
      ]);
    }
  });

  it('has no lines for what they do not say, and says so', () => {
    for (const where of [
      '{"$or":[{"body.a":1}]}',
      '{"body.a":{"$elemMatch":{}}}',
      '[]',
      '{',
      '{"body.a":{"$in":["x,y"]}}',
    ])
      assert.equal(conditionsOf(where), null, where);
    assert.deepEqual(conditionsOf(undefined), []);
  });
});
