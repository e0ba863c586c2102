import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { paint, plain } from '../../src/output/colours.ts';
import { jsonLine } from '../../src/output/json-line.ts';
import { eventLine } from '../../src/tail/event-line.ts';
import type { StreamedEvent } from '../../src/tail/follow-events.ts';
import { HOSTILE } from './hostile-texts.ts';

const PLAIN = { paint: plain, columns: null };
const PAINTED = { paint, columns: null };
const OBEYED = /[\p{Cc}\p{Cf}]/u;

function event(overrides: Partial<StreamedEvent> = {}): StreamedEvent {
  return {
    seq: '7',
    id: '019ab2c4-7d10-7000-8000-000000000000',
    source: 'telegram',
    tenant: 'default',
    provider: 'telegram',
    type: 'message',
    dedupKey: 'update-1',
    orderingKey: 'chat-1',
    receivedAt: '2026-11-30T12:00:00.000Z',
    storedAt: '2026-11-30T12:00:01.250Z',
    tier: 'inbox',
    routing: 'routed',
    bodyBytes: 10,
    deliveries: [],
    ...overrides,
  };
}

describe('the line of an event', () => {
  it('has when, whose, what and for whom', () => {
    const line = eventLine(event({ routing: 'unmatched' }), PLAIN);
    assert.equal(
      line,
      '12:00:01.250  telegram          message               chat-1  no route takes it  019ab2c4-7d10-7000-8000-000000000000',
    );
  });

  it('goes on below on a narrow terminal, with no field broken', () => {
    const at = (columns: number) => eventLine(event({ routing: 'unmatched' }), { paint: plain, columns });
    assert.equal(
      at(80),
      `12:00:01.250  telegram          message               chat-1  no route takes it
              019ab2c4-7d10-7000-8000-000000000000`,
    );
    assert.equal(
      at(40),
      `12:00:01.250  telegram          message
              chat-1  no route takes it
              019ab2c4-7d10-7000-8000-000000000000`,
    );
    assert.equal(at(200), eventLine(event({ routing: 'unmatched' }), PLAIN));
    const painted = eventLine(event({ routing: 'unmatched' }), { paint, columns: 40 });
    assert.equal(stripVTControlCharacters(painted), at(40));
  });

  it('lets no text of an event move the cursor, colour anything or begin another line', () => {
    for (const text of HOSTILE) {
      const line = eventLine(event({ source: text, type: text, orderingKey: text }), PLAIN);
      assert.doesNotMatch(line, OBEYED, JSON.stringify(text));
      const coloured = eventLine(event({ type: text, orderingKey: text }), PAINTED);
      assert.doesNotMatch(stripVTControlCharacters(coloured), OBEYED, JSON.stringify(text));
    }
  });

  it('cuts a text that would fill the screen', () => {
    assert.ok(eventLine(event({ type: 'x'.repeat(10_000) }), PLAIN).length < 300);
  });
});

describe('a line of JSON', () => {
  it('is read back as the same, and has nothing that a terminal obeys', () => {
    for (const text of HOSTILE) {
      const line = jsonLine(event({ type: text, orderingKey: text }));
      assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\u2028\u2029]/u, JSON.stringify(text));
      assert.deepEqual(JSON.parse(line), event({ type: text, orderingKey: text }));
    }
  });
});
