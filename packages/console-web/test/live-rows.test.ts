import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Followed } from '../src/api/event-stream.ts';
import { EventRows, MAX_LIVE_ROWS } from '../src/pages/events/event-rows.ts';

type Page = Awaited<ReturnType<ConstructorParameters<typeof EventRows>[1]['fetchPage']>>;
type Row = Page['items'][number];

const row = (seq: number): Row =>
  ({
    id: `event-${seq}`,
    seq: String(seq),
    storedAt: `2026-11-30T00:00:00.${String(seq).padStart(4, '0')}Z`,
    routing: 'routed',
    deliveries: [],
  }) as unknown as Row;

/** What of a document the rows look at. */
const tab = Object.assign(new EventTarget(), { hidden: false });

describe('the rows of the events page, live', () => {
  let asked: Record<string, unknown>[];
  let streams: Followed[];
  let rows: EventRows;
  const stop: (() => void)[] = [];
  before(() => {
    Object.assign(globalThis, { document: tab });
  });
  after(() => {
    for (const end of stop) end();
    Reflect.deleteProperty(globalThis, 'document');
  });
  beforeEach(() => {
    asked = [];
    streams = [];
    const list = (query: object): Promise<Page> => {
      asked.push({ ...query });
      return Promise.resolve({ items: [row(2), row(1)], next: null, scannedTo: null });
    };
    rows = new EventRows(
      {},
      { fetchPage: list, follow: stream => (streams.push(stream), new Promise(() => undefined)) },
    );
    stop.push(rows.run());
  });

  const stream = () => streams.at(-1) ?? assert.fail('there is no stream');
  const beat = (id: string) => stream().onMessage({ id, event: 'message', data: '' });
  const store = (seq: number) =>
    stream().onMessage({ id: `day.${seq}`, event: 'stored', data: JSON.stringify(row(seq)) });
  const shown = () => rows.state().rows.map(({ seq }) => seq);
  /** Until what was answered is there. */
  const turn = () => new Promise(resolve => setImmediate(resolve));

  it('reads the list once the stream has its place, so that nothing falls between them', async () => {
    await turn();
    assert.deepEqual(asked, []);
    beat('day.2');
    store(3);
    await turn();
    assert.equal(asked.length, 1);
    assert.deepEqual(shown(), ['3', '2', '1']);
  });

  it('keeps back what comes while somebody reads', async () => {
    beat('day.2');
    await turn();
    rows.hold(true);
    store(3);
    assert.deepEqual(shown(), ['2', '1']);
    assert.deepEqual([rows.state().held.length, rows.state().arrived], [1, 1]);
    rows.hold(false);
    assert.deepEqual(shown(), ['3', '2', '1']);
    assert.equal(rows.state().held.length, 0);
  });

  it('holds so many rows and no more, and finds the others again by the time of its last', async () => {
    beat('day.2');
    await turn();
    for (let seq = 3; seq <= MAX_LIVE_ROWS + 10; seq++) store(seq);
    assert.equal(shown().length, MAX_LIVE_ROWS);
    assert.equal(shown().at(-1), '11');
    await rows.older();
    assert.deepEqual(asked.at(-1), { storedUntil: row(11).storedAt });
  });

  it('what is kept back is bounded too, and there is no gap behind it', async () => {
    beat('day.2');
    await turn();
    rows.hold(true);
    for (let seq = 3; seq <= MAX_LIVE_ROWS + 50; seq++) store(seq);
    assert.equal(rows.state().held.length, MAX_LIVE_ROWS);
    rows.hold(false);
    assert.deepEqual([shown().length, shown().at(-1)], [MAX_LIVE_ROWS, '51']);
    assert.deepEqual(rows.state().older, { storedUntil: row(51).storedAt });
  });

  it('gives its stream back while nobody sees the tab, and goes on where it was', async () => {
    beat('day.2');
    await turn();
    store(3);
    const first = stream();
    tab.hidden = true;
    tab.dispatchEvent(new Event('visibilitychange'));
    assert.equal(first.signal.aborted, true);
    tab.hidden = false;
    tab.dispatchEvent(new Event('visibilitychange'));
    assert.equal(stream().lastId, 'day.3');
    assert.equal(stream().signal.aborted, false);
  });

  it('says that it is cut off, and why it was refused', async () => {
    beat('day.2');
    await turn();
    stream().onState('connected');
    assert.equal(rows.state().stream, 'live');
    stream().onState('cut');
    assert.equal(rows.state().stream, 'away');
    const refused = new EventRows(
      {},
      {
        fetchPage: () => Promise.resolve({ items: [], next: null, scannedTo: null }),
        follow: () => Promise.reject(new Error('five streams are open')),
      },
    );
    stop.push(refused.run());
    await turn();
    assert.deepEqual([refused.state().stream, refused.state().list], ['off', 'ready']);
  });
});
