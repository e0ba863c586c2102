import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { formatError } from '../../src/output/error-line.ts';

test('an error is one line with its code, what happened and what to do', () => {
  const line = formatError(new AppError('ACKLINE_NOT_RUNNING', 'Nothing runs here.'), false);
  assert.equal(
    line,
    'error [ACKLINE_NOT_RUNNING] Nothing runs here – Start it with `npm start` in the same folder, or set DATABASE_URL',
  );
});

test('a command to go on with is named as it is typed here', () => {
  assert.match(
    formatError(new AppError('ACKLINE_NOT_FOUND', 'No x'), false),
    /with `npx ackline events` or `npx ackline park`/,
  );
});

test('a refused connection is PostgreSQL that does not answer, with the reason', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });
  assert.match(formatError(refused, false), /^error \[ACKLINE_POSTGRES_UNAVAILABLE\] .*ECONNREFUSED 127/);
});

test('a connection that failed to all addresses still has a reason', () => {
  const inner = Object.assign(new Error('connect ECONNREFUSED ::1:5432'), { code: 'ECONNREFUSED' });
  const error = Object.assign(new AggregateError([inner]), { code: 'ECONNREFUSED' });
  assert.match(formatError(error, false), /\(connect ECONNREFUSED ::1:5432\)/);
});

test('the stack is shown for debugging only', () => {
  const error = new Error('boom');
  assert.equal(formatError(error, false).split('\n').length, 1);
  assert.match(formatError(error, true), /\n\s+at /);
});

test('what is thrown and is no error does not break the line', () => {
  assert.match(formatError('text', true), /^error \[ACKLINE_INTERNAL\]/);
});

test('several errors have a line each', () => {
  const lines = formatError(
    new AppError('ACKLINE_CONFIG_INVALID', 'a.yaml:1:2  one\na.yaml:3:4  two'),
    false,
  ).split('\n');
  assert.match(lines[0] ?? '', /^error \[ACKLINE_CONFIG_INVALID\] The configuration has errors – /);
  assert.deepEqual(lines.slice(1), ['  a.yaml:1:2  one', '  a.yaml:3:4  two']);
});
