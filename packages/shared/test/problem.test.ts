import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ErrorCode, errorCodes } from '../src/error-codes.ts';
import { createProblem } from '../src/problem.ts';

describe('createProblem', () => {
  it('names the code, what it means, what to do, and the request', () => {
    assert.deepEqual(createProblem('ACKLINE_BODY_TOO_LARGE', 'request-1'), {
      type: 'urn:ackline:error:ACKLINE_BODY_TOO_LARGE',
      title: 'The body is over the limit of this source',
      status: 413,
      detail: "Raise the source's maxBody (up to 25MiB) if the provider does send bodies of this size.",
      code: 'ACKLINE_BODY_TOO_LARGE',
      requestId: 'request-1',
    });
  });

  it('says what to do in this case, where that is known, and else in the words of the code', () => {
    const detail = 'The header X-Signature is missing.';
    assert.equal(createProblem('ACKLINE_BAD_SIGNATURE', 'r', detail).detail, detail);
    assert.equal(
      createProblem('ACKLINE_BAD_SIGNATURE', 'r', null).detail,
      errorCodes.ACKLINE_BAD_SIGNATURE.fix,
    );
  });

  it('has an error status for every code, and shows no code of the inside', () => {
    for (const code of Object.keys(errorCodes) as ErrorCode[]) {
      const problem = createProblem(code, 'r');
      assert.ok(problem.status >= 400 && problem.status <= 599, code);
      assert.equal(problem.code, errorCodes[code].status === null ? 'ACKLINE_INTERNAL' : code);
    }
  });

  it('bounds the request id', () => {
    assert.equal(createProblem('ACKLINE_INTERNAL', 'x'.repeat(1_000)).requestId.length, 128);
  });
});
