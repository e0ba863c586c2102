import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLineLimit } from '../../src/thread/line-limit.ts';
import type { HandlerLogLine } from '../../src/thread/protocol.ts';

describe('lines of a thread', () => {
  it('pass up to so many a second; the others are counted and told in the next one', () => {
    let nowMs = 10_000;
    const passed: HandlerLogLine[] = [];
    const limit = createLineLimit(line => void passed.push(line), { now: () => nowMs, perSecond: 2 });
    const write = (event: string) => limit.write({ level: 'info', event, fields: {} });
    for (const event of ['a', 'b', 'c', 'd', 'e']) write(event);
    nowMs += 1_000;
    write('f');
    assert.deepEqual(
      passed.map(({ event }) => event),
      ['a', 'b', 'handler.lines-dropped', 'f'],
    );
    assert.deepEqual([passed[2]?.fields, limit.dropped], [{ lines: 3 }, 3]);
  });

  it('that were not passed are told though nothing is written any more', t => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const passed: HandlerLogLine[] = [];
    const limit = createLineLimit(line => void passed.push(line), { now: () => 10_000, perSecond: 1 });
    for (const event of ['a', 'b', 'c']) limit.write({ level: 'info', event, fields: {} });
    t.mock.timers.tick(1_000);
    assert.deepEqual(
      passed.map(({ event, fields }) => [event, fields]),
      [
        ['a', {}],
        ['handler.lines-dropped', { lines: 2 }],
      ],
    );
  });
});
