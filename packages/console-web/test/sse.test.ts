import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSseParser, type SseMessage } from '../src/api/sse.ts';

function read(...pieces: string[]): SseMessage[] {
  const messages: SseMessage[] = [];
  const parse = createSseParser(message => messages.push(message));
  for (const piece of pieces) parse(piece);
  return messages;
}

describe('server-sent events', () => {
  const stored = { id: '2026-11-30.7', event: 'stored', data: '{"id":"x"}' };

  it('are read in whatever pieces they come', () => {
    const text = 'id: 2026-11-30.7\nevent: stored\ndata: {"id":"x"}\n\n';
    for (let cut = 0; cut <= text.length; cut++)
      assert.deepEqual(read(text.slice(0, cut), text.slice(cut)), [stored], `cut at ${cut}`);
    assert.deepEqual(read(text.replaceAll('\n', '\r\n')), [stored]);
  });

  it('a heartbeat has an id alone, and one that is not whole yet is none', () => {
    assert.deepEqual(read('id: 2026-11-30.8\n: heartbeat\n\n', 'id: 2026-11-30.9\n'), [
      { id: '2026-11-30.8', event: 'message', data: '' },
    ]);
  });
});
