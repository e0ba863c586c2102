import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { any } from '../src/any.ts';
import { defineHandler, isHandler } from '../src/define-handler.ts';

describe('defineHandler', () => {
  it('makes what is found among the exports of a module', () => {
    const handler = defineHandler({ name: 'service-bot', source: any, handle: () => undefined });
    assert.equal(isHandler(handler), true);
    for (const other of [null, undefined, 'x', {}, () => undefined]) assert.equal(isHandler(other), false);
  });

  for (const [what, definition, words] of [
    ['a name that is no name', { name: 'Service Bot', source: any, handle() {} }, /lower-case letters/],
    ['no source', { name: 'bot', handle() {} }, /the handler bot has no source/],
    ['no function', { name: 'bot', source: any }, /the handler bot has no function "handle"/],
  ] as const) {
    it(`refuses ${what}, and says so`, () => {
      assert.throws(() => defineHandler(definition as never), { name: 'TypeError', message: words });
    });
  }
});
