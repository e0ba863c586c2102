import assert from 'node:assert/strict';
import { it } from 'node:test';
import { serverSentEvents } from '../../src/remote/server-sent-events.ts';

const TEXT =
  'id: 2026-11-30.1\nevent: stored\ndata: {"é":"\u2028"}\n\nid: 2026-11-30.2\n: heartbeat\n\nevent: live\ndata: {}\n\n';

async function parse(chunks: readonly Uint8Array[]) {
  const events = [];
  for await (const event of serverSentEvents(
    (async function* () {
      yield* chunks;
    })(),
  ))
    events.push(event);
  return events;
}

it('server-sent events are the same wherever the network cuts them', async () => {
  const bytes = Buffer.from(TEXT);
  const whole = await parse([bytes]);
  assert.deepEqual(whole, [
    { id: '2026-11-30.1', event: 'stored', data: '{"é":"\u2028"}' },
    { id: '2026-11-30.2', event: null, data: '' },
    { id: null, event: 'live', data: '{}' },
  ]);
  for (let at = 1; at < bytes.length; at++)
    assert.deepEqual(await parse([bytes.subarray(0, at), bytes.subarray(at)]), whole, `cut at ${at}`);
});

it('half of an event is none', async () => {
  assert.deepEqual(await parse([Buffer.from('id: 1\ndata: x\n')]), []);
});

it('an event without an end is given up', async () => {
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  await assert.rejects(parse([chunk, chunk, chunk, chunk, chunk]), /has no end/);
});
