import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failureOf, resultOf } from '../../../src/delivery/sending/handler-sender.ts';
import { describedHeaders } from '@ackline/shared/outbound-headers';

const error = (errorClass: string, more: object = {}) => ({ kind: 'error', errorClass, ...more });

describe('what became of a call of a handler', () => {
  it('is that it was delivered where it returned', () => {
    assert.deepEqual(resultOf({ kind: 'done' }), { kind: 'acked' });
  });

  it('has the words of a HandlerError, and the time that it asks for', () => {
    const detail = 'the menu is being changed';
    assert.deepEqual(
      resultOf({ kind: 'retry-later', afterMs: 7_000, detail }),
      error('handler-later', { retryAfterMs: 7_000, detail }),
    );
    assert.deepEqual(resultOf({ kind: 'given-up', detail }), error('handler-refused', { detail }));
    assert.deepEqual(resultOf({ kind: 'undecodable', detail }), error('handler-undecodable', { detail }));
  });

  it('has of any other error its class, its code and its place', () => {
    const failed = (code: string | null, at: string | null, detail: string | null = null) =>
      resultOf({ kind: 'failed', error: 'TypeError', code, at, detail });
    assert.deepEqual(failed(null, null), error('handler-error', { detail: 'TypeError' }));
    assert.deepEqual(
      failed('HTTP_503', null, 'GET api.internal answered 503'),
      error('handler-error', { detail: 'TypeError HTTP_503: GET api.internal answered 503' }),
    );
    assert.deepEqual(
      failed('ERR_X', 'service-bot.ts:42:7'),
      error('handler-error', { detail: 'TypeError ERR_X at service-bot.ts:42:7' }),
    );
  });

  it('tells an API that declined one call from one that answers so to all', () => {
    const classOf = (code: string) => {
      const result = resultOf({ kind: 'failed', error: 'OutboundError', code, at: null, detail: null });
      return result.kind === 'error' ? result.errorClass : result.kind;
    };
    for (const code of ['HTTP_400', 'HTTP_403', 'HTTP_404', 'HTTP_422', 'HTTP_499'])
      assert.equal(classOf(code), 'handler-declined', code);
    for (const code of [
      'HTTP_401',
      'HTTP_407',
      'HTTP_408',
      'HTTP_429',
      'HTTP_500',
      'HTTP_302',
      'ECONNREFUSED',
    ])
      assert.equal(classOf(code), 'handler-error', code);
  });

  it('tells its own time-out and the end of its thread from what happened to it for others', () => {
    assert.deepEqual(resultOf({ kind: 'timeout' }), error('timeout'));
    assert.deepEqual(resultOf({ kind: 'aborted' }), error('aborted'));
    assert.deepEqual(
      resultOf({ kind: 'thread-ended', reason: 'memory', detail: null }),
      error('handler-ended', { detail: 'memory' }),
    );
    assert.deepEqual(resultOf({ kind: 'interrupted' }), error('handler-interrupted'));
    assert.deepEqual(resultOf({ kind: 'busy' }), error('handler-busy'));
    assert.deepEqual(resultOf({ kind: 'not-ready', failure: null }), error('handler-not-ready'));
  });
});

describe('why a handler is not what it should be', () => {
  const failure = { code: 'ACKLINE_HANDLER_NOT_LOADED', detail: 'there is no file bot.ts' } as const;

  it('is said of one that is not there, and of one whose newer form can not be used', () => {
    const ready = { kind: 'ready', handler: 'bot', provider: null } as const;
    assert.equal(failureOf({ kind: 'starting' }), null);
    assert.equal(failureOf({ ...ready, refused: null }), null);
    assert.equal(failureOf({ ...ready, refused: failure }), failure);
    assert.equal(failureOf({ kind: 'failed', failure }), failure);
  });
});

describe('the headers that a handler sees', () => {
  const headers = [
    ['Content-Type', 'application/x-www-form-urlencoded'],
    ['X-Twice', 'one'],
    ['x-twice', 'two'],
  ] as const;

  it('are those that came, in their order', () => {
    assert.deepEqual(describedHeaders({ headers, isTransformed: false }), headers);
  });

  it('say of a body that a route made that it is JSON', () => {
    assert.deepEqual(describedHeaders({ headers, isTransformed: true }), [
      ['X-Twice', 'one'],
      ['x-twice', 'two'],
      ['content-type', 'application/json'],
    ]);
  });
});
