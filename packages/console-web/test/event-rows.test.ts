import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isOpen, mergeRows, refreshRows } from '../src/pages/events/merge-rows.ts';
import { eventsPath, readEventSearch, whyNotLive } from '../src/pages/events/event-search.ts';

type Row = Parameters<typeof mergeRows>[0][number];

const row = (seq: string, changes: Partial<Row> = {}): Row =>
  ({ id: `event-${seq}`, seq, routing: 'routed', deliveries: [], ...changes }) as Row;
const seqs = (rows: readonly Row[]) => rows.map(({ seq }) => seq);

describe('the rows of the events page', () => {
  it('are the newest first by number, not by text, each once', () => {
    const rows = mergeRows([row('99'), row('9')], [row('100'), row('9')]);
    assert.deepEqual(seqs(rows), ['100', '99', '9']);
  });

  it('a row that comes again takes the place of what was known of it', () => {
    const [only, ...rest] = mergeRows([row('1')], [row('1', { routing: 'unmatched' })]);
    assert.deepEqual([only?.routing, rest], ['unmatched', []]);
  });

  it('a look at what they have become adds none', () => {
    const rows = refreshRows([row('2'), row('1')], [row('3'), row('2', { routing: 'unmatched' })]);
    assert.deepEqual(
      rows.map(({ seq, routing }) => [seq, routing]),
      [
        ['2', 'unmatched'],
        ['1', 'routed'],
      ],
    );
  });

  it('more will become of what waits, is sent or has no route yet, and of nothing else', () => {
    const of = (state: string) => row('1', { deliveries: [{ state }] as never });
    assert.deepEqual(
      ['due', 'waiting', 'leased'].map(state => isOpen(of(state))),
      [true, true, true],
    );
    assert.deepEqual(
      ['delivered', 'parked', 'discarded'].map(state => isOpen(of(state))),
      [false, false, false],
    );
    assert.equal(isOpen(row('1', { routing: 'unrouted' })), true);
  });
});

describe('the filters of the events page', () => {
  it('are taken from the address, and what is none of them is not', () => {
    const search = readEventSearch({ source: 'shop', type: '', cursor: 'x', where: '{"body.a":1}', id: 5 });
    assert.deepEqual(search, { source: 'shop', where: '{"body.a":1}' });
  });

  it('say why a list can not go on by itself', () => {
    assert.equal(whyNotLive({ source: 'shop', storedSince: '2026-11-30T00:00:00Z' }), null);
    assert.equal(whyNotLive({ state: 'parked' }), 'a state');
    assert.equal(whyNotLive({ storedUntil: '2026-11-30T00:00:00Z' }), 'an end in time');
  });

  it('ask the stream for what it knows alone', () => {
    const search = { source: 'a&b', storedSince: '2026-11-30T00:00:00Z' };
    assert.equal(
      eventsPath(search, 'list'),
      '/api/v1/events?source=a%26b&storedSince=2026-11-30T00%3A00%3A00Z',
    );
    assert.equal(eventsPath(search, 'stream'), '/api/v1/events/stream?source=a%26b');
  });
});
