import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCallRoom } from '../../src/http/call-room.ts';

const never = new AbortController().signal;

describe('the room for calls', () => {
  it('lets others pass who want to another origin, in the order in which they came', async () => {
    const room = createCallRoom({ total: 2, perOrigin: 1 });
    const order: string[] = [];
    const enter = (origin: string, name: string) =>
      room.enter(origin, never).then(() => void order.push(name));
    await enter('a', 'a1');
    const second = enter('a', 'a2');
    await enter('b', 'b1');
    const third = enter('b', 'b2');
    assert.deepEqual(order, ['a1', 'b1']);
    room.leave('b');
    await third;
    room.leave('a');
    await second;
    assert.deepEqual(order, ['a1', 'b1', 'b2', 'a2']);
    assert.deepEqual(
      [...room.active],
      [
        ['b', 1],
        ['a', 1],
      ],
    );
  });

  it('forgets who has gone while he waited', async () => {
    const room = createCallRoom({ total: 1, perOrigin: 1 });
    await room.enter('a', never);
    const abort = new AbortController();
    const gone = room.enter('a', abort.signal);
    const next = room.enter('a', never);
    abort.abort();
    assert.equal(await gone, false);
    room.leave('a');
    assert.equal(await next, true);
    assert.equal(await room.enter('a', AbortSignal.abort()), false);
    room.leave('a');
    assert.equal(room.active.size, 0);
  });
});
