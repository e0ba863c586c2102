import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { holdConnections } from '../../../src/delivery/sending/held-connections.ts';

function opened() {
  let retired = 0;
  const sender = holdConnections({
    send: () => Promise.resolve({ kind: 'acked' }),
    retire: () => void (retired += 1),
    close: () => Promise.resolve(),
  });
  return { sender, retired: () => retired };
}

describe('connections that are retired', () => {
  it('close at once where nobody holds them', () => {
    const { sender, retired } = opened();
    sender.hold()();
    assert.equal(retired(), 0);
    sender.retire();
    assert.equal(retired(), 1);
  });

  it('stay open until the last who holds them lets go, each once', () => {
    const { sender, retired } = opened();
    const [first, second] = [sender.hold(), sender.hold()];
    sender.retire();
    first();
    first();
    assert.equal(retired(), 0);
    second();
    assert.equal(retired(), 1);
  });
});
