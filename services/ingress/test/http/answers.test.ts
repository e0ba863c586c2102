import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorCodes } from '@ackline/shared/error-codes';
import { pairsFromRaw } from '@ackline/shared/headers';
import {
  providerAnswer,
  headerList,
  type HttpAnswer,
  jsonAnswer,
  problemAnswer,
} from '../../src/http/answers.ts';

const FACTS = { requestId: 'r1', elapsedMs: 3.4, serverTiming: 'read;dur=1', closes: false };

function headersOf(answer: HttpAnswer, facts = FACTS): Record<string, string> {
  return Object.fromEntries(pairsFromRaw(headerList(answer, facts)));
}

describe('answers', () => {
  it("gives the provider's own answer to an accepted event, and no content type where it has none", () => {
    const twiml = providerAnswer({ status: 200, contentType: 'text/xml', body: '<Response/>' });
    assert.deepEqual([twiml.status, twiml.body], [200, '<Response/>']);
    assert.equal(headersOf(twiml)['content-type'], 'text/xml');
    const none = providerAnswer({ status: 204, contentType: null, body: '' });
    assert.equal('content-type' in headersOf(none), false);
  });

  it('put X-Process-Time in seconds, Cache-Control and the request id on everything', () => {
    assert.deepEqual(headersOf(jsonAnswer(200, { a: 'ü' })), {
      'content-type': 'application/json',
      'content-length': '10',
      'cache-control': 'no-cache',
      'x-process-time': '0.003',
      'server-timing': 'read;dur=1',
      'x-request-id': 'r1',
    });
  });

  it('say that the connection ends when it does', () => {
    assert.equal(headersOf(jsonAnswer(200, {}), { ...FACTS, closes: true })['connection'], 'close');
  });

  it('have no length where a status allows no body', () => {
    const answer = providerAnswer({ status: 204, contentType: null, body: '' });
    assert.equal('content-length' in headersOf(answer), false);
  });

  it('name the allowed method with 405 and the time to wait with 503, and neither else', () => {
    for (const [code, { status }] of Object.entries(errorCodes)) {
      if (status === null) continue;
      const headers = headersOf(problemAnswer(code as keyof typeof errorCodes, 'r1'));
      assert.equal(headers['allow'], status === 405 ? 'POST' : undefined, code);
      assert.equal(headers['retry-after'], status === 503 ? '5' : undefined, code);
      assert.equal(headers['content-type'], 'application/problem+json');
    }
  });
});
