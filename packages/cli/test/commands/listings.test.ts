import type { HandlerDestinationConfig } from '@ackline/shared/config/types';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListedEvent } from '@ackline/store/event-list';
import type { ParkedDelivery } from '@ackline/store/parked';
import type { DestinationState } from '@ackline/store/destination-states';
import { formatDestinations } from '../../src/commands/destinations.ts';
import { describeDestinations } from '@ackline/store/destination-rows';
import { handlerRows } from '@ackline/store/handler-rows';
import { eventJson, formatEvents } from '../../src/commands/events.ts';
import { formatParked, parkedJson } from '../../src/commands/park.ts';
import { describeReplay } from '../../src/commands/replay.ts';
import { describeMissing } from '../../src/delivery-id.ts';
import { destination, exampleConfig } from '../example-config.ts';

const DELIVERY = '019ab2c4-0000-7000-8000-00000000000d';

function event(overrides: Partial<ListedEvent> = {}): ListedEvent {
  return {
    storedDay: '2026-11-19',
    seq: '7',
    id: '019ab2c4-0000-7000-8000-00000000000e',
    source: 'telegram',
    tenant: 'default',
    provider: 'telegram',
    type: 'message',
    dedupKey: 'k',
    orderingKey: null,
    receivedAt: new Date(0),
    storedAt: new Date(1_500),
    tier: 'inbox',
    routing: 'routed',
    bodyBytes: 12,
    deliveries: [
      {
        id: DELIVERY,
        route: 'everything',
        destination: 'bot',
        state: 'due',
        tries: 2,
        dueAt: '1970-01-01T01:00:10+01:00',
        finishedAt: null,
        lastStatus: 503,
        lastError: null,
      },
    ],
    ...overrides,
  };
}

test('an event is listed with each delivery, its last status and the next try', () => {
  const [heading, first, second] = formatEvents([event()]).split('\n');
  assert.match(heading ?? '', /^STORED .*EVENT \/ └ DELIVERY$/);
  assert.match(first ?? '', /^1970-01-01 00:00:01\.500 {2}telegram {2}message {2}– /);
  assert.equal(second, `  └ bot: due (503), 2 tries, again 1970-01-01 00:00:10.000  ${DELIVERY}`);
});

test('an event without deliveries says why', () => {
  assert.match(formatEvents([event({ routing: 'unmatched', deliveries: [] })]), /no route takes it/);
  assert.match(formatEvents([event({ routing: 'unrouted', deliveries: [] })]), /not known to the processor/);
  assert.match(formatEvents([]), /No events yet/);
});

test('as JSON an event is one line, its times in one form', () => {
  const json = eventJson(event());
  assert.doesNotMatch(json, /\n/);
  const parsed = JSON.parse(json) as { receivedAt: string; deliveries: { dueAt: string }[] };
  assert.equal(parsed.receivedAt, '1970-01-01T00:00:00.000Z');
  assert.equal(parsed.deliveries[0]?.dueAt, '1970-01-01T00:00:10.000Z');
});

test('a parked delivery shows its reason, its tries and the last answer', () => {
  const parked: ParkedDelivery = {
    id: DELIVERY,
    eventId: 'e',
    source: 's',
    tenant: 't',
    route: 'r',
    destination: 'bot',
    orderingKey: null,
    reason: 'exhausted',
    cause: 'bot timeout',
    tries: 7,
    parkedAt: new Date(0),
    blocks: true,
    lastAttempt: { at: '', ms: 1, outcome: 'park', status: null, error: 'timeout', excerpt: 'never shown' },
  };
  assert.match(formatParked([parked]), /exhausted \(blocks its key\) +7 +timeout +019ab2c4/);
  const { cause, lastError } = JSON.parse(parkedJson(parked)) as Record<string, unknown>;
  assert.deepEqual([cause, lastError], ['bot timeout', 'timeout']);
  assert.doesNotMatch(parkedJson(parked), /never shown/);
});

test('a delivery whose expression failed shows where, and one that Kafka did not take why', () => {
  const excerpt = 'T2001 at line 1, column 5, near "+"';
  const parked: ParkedDelivery = {
    id: DELIVERY,
    eventId: 'e',
    source: 's',
    tenant: 't',
    route: 'r',
    destination: 'bot',
    orderingKey: null,
    reason: 'untransformable',
    cause: 'bot transform-error',
    tries: 1,
    parkedAt: new Date(0),
    blocks: false,
    lastAttempt: { at: '', ms: 1, outcome: 'park', status: null, error: 'transform-error', excerpt },
  };
  assert.match(formatParked([parked]), / transform-error: T2001 at line 1, column 5, near "\+" +019ab2c4/);
  assert.equal((JSON.parse(parkedJson(parked)) as Record<string, unknown>)['lastDetail'], excerpt);
  const noTopic = { error: 'connect', excerpt: 'UNKNOWN_TOPIC_OR_PARTITION' };
  const unsent = {
    ...parked,
    lastAttempt: { at: '', ms: 1, outcome: 'retry' as const, status: null, ...noTopic },
  };
  assert.match(formatParked([unsent]), / connect: UNKNOWN_TOPIC_OR_PARTITION +019ab2c4/);
});

test('a replay says where it goes, and that what is open needs none', () => {
  assert.match(
    describeReplay(DELIVERY, { kind: 'replayed', destination: 'bot', before: 'parked' }),
    /sent to bot again/,
  );
  assert.match(describeReplay(DELIVERY, { kind: 'still-open', state: 'due' }), /not finished yet/);
});

test('the id of an event is answered with those of its deliveries', () => {
  const { id } = event();
  assert.equal(
    describeMissing('delivery', id, [event({ id: 'another' }), event()]),
    `${id} is the id of an event; its deliveries: ${DELIVERY} (bot, due)`,
  );
  const none = event({ deliveries: [] });
  assert.match(describeMissing('delivery', id, [none]), /is the id of an event; its deliveries: none$/);
  assert.equal(describeMissing('parked delivery', id, []), `There is no parked delivery with the id ${id}`);
});

test('a destination that the configuration lost is still listed while it is paused or has work', () => {
  const config = exampleConfig({ destinations: [destination({ name: 'bot' })] });
  const rows = describeDestinations(config, {
    paused: [{ name: 'gone', reason: '410', pausedAt: new Date(0) }],
    states: [],
    withWork: ['bot', 'left'],
    handlers: new Map(),
  });
  assert.deepEqual(
    rows.map(row => [row.name, row.paused]),
    [
      ['bot', false],
      ['gone', true],
      ['left', false],
    ],
  );
  assert.match(
    formatDestinations(rows),
    /gone +\(not in the configuration\) +paused 1970-01-01 00:00:00\.000: 410\nleft +\(not in the configuration\) +held/,
  );
});

test('a topic is listed as where it is, with its breaker', () => {
  const { url: _, ...common } = destination({ name: 'orders' });
  const topic = {
    ...common,
    type: 'kafka',
    topic: 'shop.orders',
    key: 'none',
    headers: {},
    brokers: null,
    tls: null,
    sasl: null,
  } as const;
  const state = { name: 'orders', failures: 9, version: 1, epoch: 1, probeEndsInMs: null, closedForMs: null };
  const rows = describeDestinations(exampleConfig({ destinations: [topic] }), {
    paused: [],
    states: [{ ...state, status: 'OPEN', reopensInMs: 7_000 }],
    withWork: [],
    handlers: new Map(),
  });
  assert.match(formatDestinations(rows), /orders +kafka:shop\.orders +open, probe in 7 s$/);
});

test('a handler is listed with its module, and with what keeps it from taking events', () => {
  const { url: _, ...common } = destination();
  const handler = (name: string): HandlerDestinationConfig => ({
    ...common,
    name,
    type: 'handler',
    module: './bot.ts',
    handler: null,
    threads: 1,
    memoryBytes: 134_217_728,
    connections: 0,
    secrets: {},
    settings: {},
  });
  const ready = { state: 'ready', problem: null };
  const failed = (detail: string) => ({
    state: 'failed',
    problem: { code: 'ACKLINE_HANDLER_NOT_LOADED', detail },
  });
  const processor = (handlers: Record<string, unknown>, ageMs = 100) => ({
    id: 'p',
    ageMs,
    state: { handlers },
  });
  const handlers = handlerRows([
    processor({
      a: ready,
      b: failed(
        `/a/folder/with/a/long/name/bot.ts can not be loaded: SyntaxError at bot.ts:3: it is none\u001b[2J`,
      ),
      c: { state: 'starting', problem: null },
    }),
    processor({ a: ready, b: ready, d: { ...failed('exports no handler'), state: 'ready' } }),
    processor({ a: failed('of one that is gone') }, 7_000),
    { id: 'older', ageMs: 100, state: {} },
    processor({ e: 'of another form' }),
  ]);
  const config = exampleConfig({ destinations: ['a', 'b', 'c', 'd', 'f'].map(handler) });
  const rows = describeDestinations(config, { paused: [], states: [], withWork: [], handlers });
  assert.deepEqual(formatDestinations(rows).split('\n').slice(1), [
    'a     handler:./bot.ts  active',
    'b     handler:./bot.ts  held in 1 of 2 processors: /a/folder/with/a/long/name/bot.ts can not be loaded: SyntaxError at bot.ts:3: it is none·[2J',
    'c     handler:./bot.ts  held: its threads are starting',
    'd     handler:./bot.ts  active as before: exports no handler',
    'f     handler:./bot.ts  active',
  ]);
  assert.deepEqual(rows[1]?.handler, {
    ready: 1,
    processors: 2,
    problem: '/a/folder/with/a/long/name/bot.ts can not be loaded: SyntaxError at bot.ts:3: it is none·[2J',
  });
});

test('destinations are listed with the state of their breaker over all processors', () => {
  const closed = { status: 'CLOSED', failures: 0, version: 9, epoch: 3 } as const;
  const times = { reopensInMs: null, probeEndsInMs: null, closedForMs: null };
  const states: readonly DestinationState[] = [
    { name: 'a', ...closed, ...times, failures: 3 },
    { name: 'b', ...closed, ...times, status: 'OPEN', reopensInMs: 41_200 },
    { name: 'c', ...closed, ...times, status: 'OPEN', reopensInMs: -7 },
    { name: 'd', ...closed, ...times, status: 'HALF_OPEN', probeEndsInMs: 1_000 },
    { name: 'e', ...closed, ...times, closedForMs: 29_000 },
    { name: 'f', ...closed, ...times, closedForMs: 31_000 },
  ];
  const config = exampleConfig({ destinations: states.map(({ name }) => destination({ name })) });
  const rows = describeDestinations(config, { paused: [], states, withWork: [], handlers: new Map() });
  const shown = formatDestinations(rows).split('\n').slice(1);
  assert.deepEqual(
    shown.map(line => line.replace(/^\w +\S+ +/, '')),
    [
      'active',
      'open, probe in 42 s',
      'half open, the next delivery probes',
      'half open',
      'recovering',
      'active',
    ],
  );
  assert.deepEqual(
    rows.slice(1, 3).map(row => [row.breaker, row.probeInMs]),
    [
      ['open', 41_200],
      ['half open', 0],
    ],
  );
});

test('the path and query of a URL, which may be a secret, are in no list', () => {
  const urls = [
    'https://hooks.example.com/services/T0/s3cr3t',
    'https://crm.internal/?token=s3cr3t',
    'https://crm.internal',
  ];
  const config = exampleConfig({ destinations: urls.map((url, n) => destination({ name: `d${n}`, url })) });
  const rows = describeDestinations(config, { paused: [], states: [], withWork: [], handlers: new Map() });
  assert.deepEqual(
    rows.map(({ url }) => url),
    ['https://hooks.example.com/…', 'https://crm.internal/…', 'https://crm.internal'],
  );
});
