import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { idKey, keyOfAll } from '../../../src/providers/event/identity-keys.ts';

describe('the key of a body with several events', () => {
  const key = (...ids: unknown[]) => keyOfAll(ids.map(idKey));

  it('is another where an event is another, one more, or elsewhere', () => {
    const all = [
      key('a', 'b'),
      key('b', 'a'),
      key('a', 'b', 'b'),
      key('a', 'c'),
      key('ab', ''),
      key('a\nb', 'c'),
    ];
    const some = all.filter(one => one !== null);
    assert.equal(some.length, all.length - 1);
    assert.equal(new Set(some).size, some.length);
    assert.equal(key('a', 'b'), key('a', 'b'));
    assert.match(key('a', 'b') ?? '', /^events\|[0-9a-f]{32}$/);
  });

  it('is none where an event has none, of one event and of none', () => {
    assert.deepEqual([key('a', null, 'b'), key('a', {}), key('a'), key()], [null, null, null, null]);
  });

  it('is none of more events than a request has time for', () => {
    const ids = Array.from({ length: 5_000 }, (_, index) => String(index));
    assert.notEqual(keyOfAll(ids), null);
    assert.equal(keyOfAll([...ids, 'more']), null);
  });
});
