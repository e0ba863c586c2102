import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../src/app-error.ts';
import { type ErrorCode, errorCodes } from '../src/error-codes.ts';

const codes = Object.keys(errorCodes) as ErrorCode[];

describe('the table of error codes', () => {
  for (const code of codes) {
    const { status, title, fix } = errorCodes[code];
    it(`has a name, a meaning and something to do for ${code}`, () => {
      assert.match(code, /^ACKLINE_[A-Z]+(?:_[A-Z]+)*$/);
      assert.match(title, /^[A-Z].*[^.]$/, 'a title is a sentence without its full stop');
      assert.match(fix, /^[A-Z].*\.$/, 'a fix is one or more whole sentences');
      assert.ok(status === null || (Number.isInteger(status) && status >= 400 && status <= 599));
    });
  }

  it('answers no webhook 410, by which some providers end one for good', () => {
    const gone = codes.filter(code => Number(errorCodes[code].status) === 410);
    assert.deepEqual(gone, []);
  });

  it('has no title twice', () => {
    assert.equal(new Set(codes.map(code => errorCodes[code].title)).size, codes.length);
  });
});

describe('AppError', () => {
  it('takes message and retryability from the table', () => {
    const error = new AppError('ACKLINE_NOT_DURABLE');
    assert.equal(error.message, 'No event log could take the event just now');
    assert.equal(error.retryable, true);
    assert.equal(new AppError('ACKLINE_BAD_SIGNATURE').retryable, false);
  });

  it('keeps its own message and the cause', () => {
    const cause = new Error('inner');
    const error = new AppError('ACKLINE_INTERNAL', 'outer', { cause });
    assert.equal(error.message, 'outer');
    assert.equal(error.cause, cause);
  });
});
