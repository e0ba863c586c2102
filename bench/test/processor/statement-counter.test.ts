import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMessageCounter, type StatementCounts } from '../../src/processor/statement-counter.ts';

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

/** What a driver sends for a prepared statement, with the letters of counted messages in its texts. */
const extended = Buffer.concat([
  message('P', 'E\0select E, Q from Q\0\0\0'),
  message('B', Buffer.alloc(70_000, 'EQ')),
  message('D', 'P\0'),
  message('E', '\0\0\0\0\0'),
  message('S'),
]);
const session = Buffer.concat([
  withoutType(PROTOCOL_3, 'user\0QE\0database\0E\0\0'),
  message('p', 'Q\0'),
  message('Q', 'begin\0'),
  extended,
  extended,
  message('Q', 'commit\0'),
  message('X'),
]);

function count(stream: Buffer, chunkBytes: number): StatementCounts {
  const counts = { execute: 0, query: 0 };
  const counter = createMessageCounter(counts);
  for (let at = 0; at < stream.length; at += chunkBytes) counter.push(stream.subarray(at, at + chunkBytes));
  return counts;
}

describe('statements counted on the wire', () => {
  it('are the executes and simple queries of a session, wherever its chunks break', () => {
    for (const chunkBytes of [1, 2, 3, 5, 7, 4_096, session.length])
      assert.deepEqual(count(session, chunkBytes), { execute: 2, query: 2 }, `chunks of ${chunkBytes}`);
  });

  it('are found behind a request for TLS, which another message without a type follows', () => {
    const stream = Buffer.concat([withoutType(SSL_REQUEST), session]);
    for (const chunkBytes of [1, 8, stream.length])
      assert.deepEqual(count(stream, chunkBytes), { execute: 2, query: 2 }, `chunks of ${chunkBytes}`);
  });

  it('add up over connections, each with a start of its own', () => {
    const counts = { execute: 0, query: 0 };
    const counters = [createMessageCounter(counts), createMessageCounter(counts)];
    for (let at = 0; at < session.length; at += 11)
      for (const counter of counters) counter.push(session.subarray(at, at + 11));
    assert.deepEqual(counts, { execute: 4, query: 4 });
  });
});
