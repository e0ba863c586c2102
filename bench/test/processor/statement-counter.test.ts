import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMessageCounter } from '../../src/processor/statement-counter.ts';

const PROTOCOL_3 = 196_608;
const SSL_REQUEST = 80_877_103;

function withoutType(code: number, rest = ''): Buffer {
  const body = Buffer.from(rest, 'latin1');
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length, 0);
  head.writeUInt32BE(code, 4);
  return Buffer.concat([head, body]);
}

function message(type: string, rest: string | Buffer = ''): Buffer {
  const body = typeof rest === 'string' ? Buffer.from(rest, 'latin1') : rest;
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeUInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}

const execution = (name: string, bound: Buffer): Buffer =>
  Buffer.concat([
    message('B', Buffer.concat([Buffer.from(`\0${name}\0`), bound])),
    message('D', 'P\0'),
    message('E', '\0\0\0\0\0'),
    message('S'),
  ]);
/** As a driver sends it, with the letters of counted messages in texts and values. */
const session = Buffer.concat([
  withoutType(PROTOCOL_3, 'user\0QE\0database\0E\0\0'),
  message('p', 'Q\0'),
  message('Q', 'begin\0'),
  message('P', 'claim\0select E, Q from Q\0\0\0'),
  execution('claim', Buffer.alloc(70_000, 'EQ')),
  execution('claim', Buffer.alloc(1)),
  message('P', '\0select\n  1 from E\0\0\0'),
  execution('', Buffer.alloc(0)),
  message('Q', 'commit\0'),
  message('X'),
]);
const EXPECTED = { begin: 1, claim: 2, 'select 1 from E': 1, commit: 1 };

function counting() {
  const counts: Record<string, number> = {};
  return {
    counts,
    count: (statement: string): void => {
      counts[statement] = (counts[statement] ?? 0) + 1;
    },
  };
}

function countOf(stream: Buffer, chunkBytes: number): Readonly<Record<string, number>> {
  const { counts, count } = counting();
  const counter = createMessageCounter(count);
  for (let at = 0; at < stream.length; at += chunkBytes) counter.push(stream.subarray(at, at + chunkBytes));
  return counts;
}

describe('statements counted on the wire', () => {
  it('are the executes and simple queries of a session, wherever its chunks break', () => {
    for (const chunkBytes of [1, 2, 3, 5, 7, 4_096, session.length])
      assert.deepEqual(countOf(session, chunkBytes), EXPECTED, `chunks of ${chunkBytes}`);
  });

  it('are found behind a request for TLS, which another message without a type follows', () => {
    const stream = Buffer.concat([withoutType(SSL_REQUEST), session]);
    for (const chunkBytes of [1, 8, stream.length])
      assert.deepEqual(countOf(stream, chunkBytes), EXPECTED, `chunks of ${chunkBytes}`);
  });

  it('add up over connections, each with a start of its own', () => {
    const { counts, count } = counting();
    const counters = [createMessageCounter(count), createMessageCounter(count)];
    for (let at = 0; at < session.length; at += 11)
      for (const counter of counters) counter.push(session.subarray(at, at + 11));
    assert.deepEqual(counts, { begin: 2, claim: 4, 'select 1 from E': 2, commit: 2 });
  });
});
