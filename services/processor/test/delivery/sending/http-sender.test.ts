import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errors } from 'undici';
import { classify } from '../../../src/delivery/sending/http-sender.ts';

describe('an error of an attempt', () => {
  const withCode = (code: string) => Object.assign(new Error('to http://user:secret@host'), { code });
  const cases: readonly (readonly [unknown, string])[] = [
    [new DOMException('late', 'TimeoutError'), 'timeout'],
    [new DOMException('stop', 'AbortError'), 'aborted'],
    [new errors.RequestAbortedError(), 'aborted'],
    [new errors.ConnectTimeoutError(), 'connect'],
    [withCode('ECONNREFUSED'), 'connect'],
    [withCode('ENETUNREACH'), 'connect'],
    [withCode('ECONNRESET'), 'reset'],
    [new errors.SocketError('other side closed'), 'reset'],
    [withCode('UND_ERR_INVALID_ARG'), 'unsendable'],
    [withCode('ENOTFOUND'), 'dns'],
    [withCode('EAI_AGAIN'), 'dns'],
    [withCode('CERT_HAS_EXPIRED'), 'tls'],
    [withCode('DEPTH_ZERO_SELF_SIGNED_CERT'), 'tls'],
    [withCode('ERR_TLS_CERT_ALTNAME_INVALID'), 'tls'],
    [withCode('ERR_SSL_WRONG_VERSION_NUMBER'), 'tls'],
    [withCode('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'tls'],
    [new Error('no code'), 'other'],
    ['no error', 'other'],
    [undefined, 'other'],
  ];
  for (const [error, expected] of cases) {
    const label =
      error instanceof Error ? `${error.name} ${'code' in error ? String(error.code) : ''}` : String(error);
    it(`${label.trim()} is "${expected}", and nothing of its text is kept`, () => {
      assert.equal(classify(error), expected);
    });
  }
});
