import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeaderPairs } from '@ackline/shared/envelope';
import { recordOf, resultOf } from '../../../src/delivery/sending/kafka-delivery-sender.ts';
import {
  type AttemptResult,
  decideOutcome,
  isDestinationFailure,
} from '../../../src/delivery/outcomes/outcome.ts';

const headers: HeaderPairs = [
  ['Content-Type', 'application/json'],
  ['webhook-id', 'theirs'],
  ['X-Twice', 'one'],
  ['Connection', 'close'],
  ['x-twice', 'two'],
];
const webhook = {
  deliveryId: 'delivery',
  url: 'https://hooks.example.com/in',
  headers,
  body: new Uint8Array([0, 1, 255]).subarray(1),
  isTransformed: false,
  replay: false,
  signingSecret: null,
  now: new Date(1_000),
};
const event = { id: 'event', orderingKey: 'chat' };
const detailOf = (result: AttemptResult) => (result.kind === 'error' ? result.detail : null);
const policy = { retry: { scheduleMs: [1], jitter: 'none' }, random: () => 0 } as const;

describe('a record of a delivery', () => {
  it('has the bytes, the headers of the file, Ackline’s, and the original ones in their order as JSON', () => {
    const record = recordOf({ webhook, event }, { key: 'ordering-key', headers: { team: 'sales' } });
    assert.deepEqual([...record.value], [1, 255]);
    assert.deepEqual(record.headers, [
      ['team', 'sales'],
      ['webhook-id', 'delivery'], // no need to make room: the original's are apart
      ['webhook-timestamp', '1'],
      ['ackline-url', 'https://hooks.example.com/in'],
      [
        'ackline-http-headers',
        '[["Content-Type","application/json"],["webhook-id","theirs"],["X-Twice","one"],["x-twice","two"]]',
      ],
    ]);
  });

  it('has the place of its attempt in the trace, whatever the original has under that name', () => {
    const original: HeaderPairs = [['traceparent', 'theirs']];
    const sent = recordOf(
      { webhook: { ...webhook, headers: original, traceparent: 'ours' }, event },
      { key: 'none', headers: {} },
    );
    assert.deepEqual(
      sent.headers.filter(([name]) => name.includes('trace')),
      [['traceparent', 'ours']],
    );
  });

  it('has the key that the file asks for', () => {
    const keyOf = (key: 'ordering-key' | 'event-id' | 'none', orderingKey: string | null = 'chat') =>
      recordOf({ webhook, event: { ...event, orderingKey } }, { key, headers: {} }).key?.toString() ?? null;
    assert.deepEqual([keyOf('ordering-key'), keyOf('event-id'), keyOf('none')], ['chat', 'event', null]);
    assert.equal(keyOf('ordering-key', null), null);
  });

  it('is delivered when it is acknowledged, parked when it is refused, and tried again otherwise, with Kafka’s reason', () => {
    const outcomes = [
      resultOf({ kind: 'acked' }),
      resultOf({ kind: 'refused', code: 'MESSAGE_TOO_LARGE' }),
      resultOf({ kind: 'failed', code: 'UNKNOWN_TOPIC_OR_PARTITION' }),
      resultOf({ kind: 'unled', code: 'LEADER_NOT_AVAILABLE' }),
    ].map(result => [decideOutcome(result, 0, policy), isDestinationFailure(result), detailOf(result)]);
    assert.deepEqual(outcomes, [
      [{ kind: 'delivered' }, false, null],
      [{ kind: 'park', reason: 'unsendable' }, false, 'MESSAGE_TOO_LARGE'],
      [{ kind: 'retry', afterMs: 1 }, true, 'UNKNOWN_TOPIC_OR_PARTITION'],
      [{ kind: 'retry', afterMs: 1 }, false, 'LEADER_NOT_AVAILABLE'],
    ]);
  });
});
