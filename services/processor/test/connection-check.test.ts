import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scarcity } from '../src/connection-check.ts';

describe('the connections that PostgreSQL has room for', () => {
  it('are enough as long as all pools fit beside the others', () => {
    assert.equal(scarcity({ usable: 97, others: 47, processors: 0 }, 50), null);
    assert.equal(scarcity({ usable: 160, others: 10, processors: 2 }, 50), null);
  });

  it('are too few by one: it is said how many are wanted, by whom, and what to change', () => {
    const text = scarcity({ usable: 97, others: 48, processors: 0 }, 50) ?? '';
    assert.match(
      text,
      /takes 97 connections, and 98 may be wanted: 50 by processors \(1, up to 50 each\) and 48/,
    );
    assert.match(text, /max_connections of the server to 108/);
    assert.match(scarcity({ usable: 97, others: 5, processors: 1 }, 50) ?? '', /105 may be wanted/);
  });
});
