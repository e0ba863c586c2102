import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createWireRequest } from '../src/wire-request.ts';

describe('the request that all programs are sent', () => {
  it('is an update of exactly the bytes that its head says, with an id of its own', () => {
    const request = createWireRequest({ host: 'localhost', bodyBytes: 700 });
    const ids = [0, 1, 123_456].map(number => {
      const [head = '', body = ''] = request.of(number).toString('latin1').split('\r\n\r\n');
      assert.equal(body.length, 700);
      assert.match(head, /^Content-Length: 700$/m);
      const update = JSON.parse(body) as { update_id: number; message: { chat: { id: number } } };
      return [update.update_id, update.message.chat.id];
    });
    assert.deepEqual(ids, [
      [1_000_000_000, 5_000_000],
      [1_000_000_001, 5_000_001],
      [1_000_123_456, 5_003_456],
    ]);
  });

  it('is refused where the bytes are fewer than an update has', () => {
    assert.throws(() => createWireRequest({ host: 'localhost', bodyBytes: 20 }), /bytes at least/);
  });
});
