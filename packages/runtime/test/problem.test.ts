import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createProblem } from '@ackline/runtime/problem';

describe('createProblem', () => {
  it('says what happened, what to do, the code and the request id', () => {
    const problem = createProblem('ACKLINE_EMPTY_BODY', { requestId: 'r1' });
    assert.equal(problem.status, 400);
    assert.equal(problem.contentType, 'application/problem+json');
    assert.deepEqual(JSON.parse(problem.body), {
      type: 'urn:ackline:error:ACKLINE_EMPTY_BODY',
      title: 'The request has no body',
      status: 400,
      detail: 'Send the event as the body of the POST. Check that no redirect turned the POST into a GET.',
      code: 'ACKLINE_EMPTY_BODY',
      requestId: 'r1',
    });
  });

  it('answers 500 for a code that has no status, unless told one', () => {
    assert.equal(createProblem('ACKLINE_NOT_FOUND').status, 500);
    assert.equal(createProblem('ACKLINE_NOT_FOUND', { status: 404 }).status, 404);
  });
});
