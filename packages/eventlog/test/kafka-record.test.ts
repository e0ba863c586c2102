import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { decodeRecord, encodeRecord, type RecordHeader } from '../src/kafka-record.ts';
import { sampleEvent } from './event-sample.ts';

/** As the consumer gets it: header values are buffers. */
function received(event: EventEnvelope): { value: Buffer; headers: Record<string, RecordHeader> } {
  const { value, headers } = encodeRecord(event);
  return {
    value,
    headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
  };
}

/** As releases before wrote it. */
function withFieldHeaders(event: EventEnvelope): ReturnType<typeof received> {
  const { body, headers, ...fields } = event;
  const pairs = Object.entries(fields).filter(([, value]) => value !== null);
  return {
    value: Buffer.from(body),
    headers: Object.fromEntries(
      [...pairs, ['headers', JSON.stringify(headers)] as const].map(([name, value]) => [
        name,
        Buffer.from(String(value)),
      ]),
    ),
  };
}

const invalid = (field: RegExp) => (error: unknown) =>
  error instanceof AppError && error.code === 'ACKLINE_ENVELOPE_INVALID' && field.test(error.message);

describe('kafka record', () => {
  it('carries every field, header order, header case and duplicates through', () => {
    const event = sampleEvent({
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      priority: 'high',
      notBefore: 1_795_372_860_000,
    });
    assert.deepEqual(decodeRecord(received(event)), event);
  });

  it('reads a field that is null back as null, in the form of releases before too', () => {
    const event = sampleEvent({ orderingKey: null, occurredAt: null, traceparent: null });
    assert.deepEqual(decodeRecord(received(event)), event);
    const record = withFieldHeaders(event);
    for (const field of ['orderingKey', 'occurredAt', 'traceparent', 'notBefore']) {
      assert.ok(!(field in record.headers));
    }
    assert.deepEqual(decodeRecord(record), event);
  });

  it('reads what releases before wrote, with one header for each field', () => {
    const event = sampleEvent({ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, priority: 'high' });
    assert.deepEqual(decodeRecord(withFieldHeaders(event)), event);
  });

  it('keeps bodies byte for byte, also empty and not UTF-8', () => {
    for (const body of [Buffer.alloc(0), Buffer.from([0, 255, 254, 10, 13]), Buffer.alloc(600_000, 7)]) {
      assert.deepEqual(decodeRecord(received(sampleEvent({ body }))).body, body);
    }
  });

  it('keys by source and ordering key, and by the id where there is none', () => {
    assert.equal(encodeRecord(sampleEvent()).key.toString(), 'telegram\u000042');
    const alone = sampleEvent({ orderingKey: null });
    assert.equal(encodeRecord(alone).key.toString(), alone.id);
  });

  it('never states a record smaller than its parts', () => {
    const { key, value, headers, sizeBytes } = encodeRecord(sampleEvent());
    assert.ok(sizeBytes > key.length + value.length + 'meta'.length + headers.meta.length);
  });

  it('refuses to encode what it could not read back', () => {
    assert.throws(() => encodeRecord(sampleEvent({ dedupKey: 'a\u0000b' })), invalid(/dedupKey/));
    assert.throws(() => encodeRecord(sampleEvent({ type: '' })), invalid(/type/));
  });

  it('refuses records of others, naming the field and not its value', () => {
    const broken: readonly [RegExp, (record: ReturnType<typeof received>) => object][] = [
      [/value/, record => ({ ...record, value: null })],
      [/id/, record => ({ value: record.value })],
      [/source/, record => withHeader(record, 'source', undefined)],
      [/source/, record => withHeader(record, 'source', [Buffer.from('a'), Buffer.from('b')])],
      [/receivedAt/, record => withHeader(record, 'receivedAt', Buffer.from('1e3'))],
      [/occurredAt/, record => withHeader(record, 'occurredAt', Buffer.from('-1'))],
      [/headers/, record => withHeader(record, 'headers', Buffer.from('{"secret"'))],
      [/headers/, record => withHeader(record, 'headers', Buffer.from('[["only-name"]]'))],
      [/priority/, record => withHeader(record, 'priority', Buffer.from('urgent'))],
      [/JSON/, record => withHeader(record, 'meta', Buffer.from('{"secret"'))],
      [/meta/, record => withHeader(record, 'meta', [Buffer.from('{}'), Buffer.from('{}')])],
      [/version/, record => withHeader(record, 'meta', Buffer.from('{"v":2}'))],
    ];
    for (const [field, breakIt] of broken) {
      const record = breakIt(withFieldHeaders(sampleEvent())) as Parameters<typeof decodeRecord>[0];
      assert.throws(
        () => decodeRecord(record),
        (error: unknown) => invalid(field)(error) && !/secret|urgent|1e3/.test(String(error)),
        String(field),
      );
    }
  });

  it("reads headers that are the record's own, not of its prototype", () => {
    const { value, headers } = withFieldHeaders(sampleEvent());
    const inherited = { value, headers: Object.create(headers) as Record<string, RecordHeader> };
    assert.throws(() => decodeRecord(inherited), invalid(/id/));
  });
});

function withHeader(record: ReturnType<typeof received>, name: string, value: RecordHeader) {
  return { value: record.value, headers: { ...record.headers, [name]: value } };
}
