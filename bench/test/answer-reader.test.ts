import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createAnswerReader } from '../src/answer-reader.ts';

const answers =
  'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"ok":true}' +
  'HTTP/1.1 100 Continue\r\n\r\n' +
  'HTTP/1.1 503 Service Unavailable\r\ntransfer-encoding: chunked\r\n\r\n5\r\nsorry\r\n0\r\n\r\n' +
  'HTTP/1.1 204 No Content\r\n\r\n';

function read(chunks: readonly string[]): number[] {
  const statuses: number[] = [];
  const reader = createAnswerReader(status => statuses.push(status));
  for (const chunk of chunks) reader.read(Buffer.from(chunk));
  return statuses;
}

describe('answers of one connection', () => {
  it('are told apart in one piece, and byte for byte', () => {
    assert.deepEqual(read([answers]), [200, 503, 204]);
    assert.deepEqual(read(answers.split('')), [200, 503, 204]);
  });

  it('count only when their last byte is there', () => {
    assert.deepEqual(read(['HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"ok":tru']), []);
  });

  it('are not made up from bytes that are no HTTP', () => {
    assert.throws(() => read(['SSH-2.0-OpenSSH\r\n\r\n']), /no answer/);
  });
});
