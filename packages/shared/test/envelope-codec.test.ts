import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { EnvelopeMeta } from '../src/envelope.ts';
import { decodeMeta, encodeMeta, MAX_META_BYTES } from '../src/envelope-codec.ts';

const META: EnvelopeMeta = {
  id: '019aa9c0-7b00-7abc-8def-0123456789ab',
  source: 'telegram',
  tenant: 'default',
  provider: 'telegram',
  type: 'message',
  dedupKey: '900719925474099312345',
  orderingKey: '42',
  occurredAt: 1_795_372_799_000,
  receivedAt: 1_795_372_800_000,
  method: 'POST',
  url: 'https://hooks.example.com/webhook/telegram?a=1',
  headers: [
    ['Content-Type', 'application/json'],
    ['X-Twice', 'one'],
    ['x-twice', ''],
  ],
  priority: 'normal',
  traceparent: null,
  notBefore: null,
};

/** Every code unit that HTTP lets through in a value: tab, space to tilde, and latin1's upper half. */
const latin1Value = fc
  .array(fc.oneof(fc.constant(9), fc.integer({ min: 32, max: 126 }), fc.integer({ min: 128, max: 255 })), {
    maxLength: 300,
  })
  .map(units => String.fromCharCode(...units));

const key = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .filter(text => !text.includes('\u0000'));
const time = fc.integer({ min: 0, max: 8.64e15 });

const meta: fc.Arbitrary<EnvelopeMeta> = fc.record(
  {
    id: fc.uuid({ version: 7 }),
    source: fc.stringMatching(/^[a-z][a-z0-9-]{0,30}$/),
    tenant: fc.stringMatching(/^[a-z]{1,20}$/),
    provider: fc.constantFrom('telegram', 'twilio', 'respondio'),
    type: key,
    dedupKey: key,
    orderingKey: fc.option(key),
    occurredAt: fc.option(time),
    receivedAt: time,
    method: fc.constant('POST'),
    url: fc.webUrl({ withQueryParameters: true }),
    headers: fc.array(fc.tuple(fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,30}$/), latin1Value), {
      maxLength: 40,
    }),
    priority: fc.constantFrom('normal', 'high'),
    traceparent: fc.option(fc.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)),
    notBefore: fc.option(time),
  },
  { noNullPrototype: true },
);

const encoded = (change: Record<string, unknown>) =>
  Buffer.from(JSON.stringify({ v: 1, ...META, ...change }));

const refused = (what: string) => ({ code: 'ACKLINE_ENVELOPE_INVALID', message: `the envelope ${what}` });

describe('encodeMeta and decodeMeta', () => {
  it('keeps as many headers as fit into what Node reads of a request', () => {
    const headers = Array.from({ length: 4_096 }, () => ['a', ''] as const);
    assert.equal(decodeMeta(encodeMeta({ ...META, headers })).headers.length, 4_096);
  });

  it('give back any envelope: odd header values, duplicates and empty values in their order', () => {
    fc.assert(
      fc.property(meta, value => {
        assert.deepEqual(decodeMeta(encodeMeta(value)), value);
      }),
      { numRuns: 300 },
    );
  });

  it('keep a long header value whole', () => {
    const value: EnvelopeMeta = { ...META, headers: [['X-Long', 'é"'.repeat(16_384)]] };
    assert.deepEqual(decodeMeta(encodeMeta(value)), value);
  });

  it('read from a view into a larger buffer', () => {
    const bytes = encodeMeta(META);
    const larger = Buffer.concat([Buffer.from('junk'), bytes, Buffer.from('junk')]);
    assert.deepEqual(decodeMeta(larger.subarray(4, 4 + bytes.length)), META);
  });

  it('write the version, and no body', () => {
    const written = JSON.parse(
      encodeMeta({ ...META, body: Buffer.from('secret') } as EnvelopeMeta).toString('utf8'),
    ) as Record<string, unknown>;
    assert.equal(written['v'], 1);
    assert.equal('body' in written, false);
  });

  it('ignore a field that a newer release added', () => {
    assert.deepEqual(decodeMeta(encoded({ addedLater: { deep: true } })), META);
  });
});

describe('decodeMeta', () => {
  for (const [name, bytes, what] of [
    ['an empty record', Buffer.alloc(0), 'is no JSON'],
    ['text that is no JSON', Buffer.from('hello'), 'is no JSON'],
    ['a truncated record', encodeMeta(META).subarray(0, -1), 'is no JSON'],
    ['null', Buffer.from('null'), 'is no JSON object'],
    ['a list', Buffer.from('[]'), 'is no JSON object'],
    ['a record without a version', Buffer.from('{}'), 'has a version other than 1'],
    ['a record of version 2', encoded({ v: 2 }), 'has a version other than 1'],
    ['a version in text', encoded({ v: '1' }), 'has a version other than 1'],
  ] as const) {
    it(`refuses ${name}`, () => assert.throws(() => decodeMeta(bytes), refused(what)));
  }

  it('refuses a record over the limit without parsing it', () => {
    assert.throws(
      () => decodeMeta(Buffer.alloc(MAX_META_BYTES + 1)),
      refused('has 262145 bytes, over 262144'),
    );
  });

  it('never throws anything but its own error, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map(text => Buffer.from(text)),
        ),
        bytes => {
          assert.throws(() => decodeMeta(bytes), { code: 'ACKLINE_ENVELOPE_INVALID' });
        },
      ),
    );
  });
});

describe('an envelope that can not be stored', () => {
  for (const [name, change, what] of [
    ['an id that is no UUID', { id: '42' }, 'id is no lower-case UUID'],
    ['an id in capitals', { id: META.id.toUpperCase() }, 'id is no lower-case UUID'],
    ['no source', { source: undefined }, 'source is no text'],
    ['an empty tenant', { tenant: '' }, 'tenant is empty'],
    ['a dedup key of null', { dedupKey: null }, 'dedupKey is no text'],
    ['a dedup key that is too long in bytes', { dedupKey: 'é'.repeat(513) }, 'dedupKey is over 1024 bytes'],
    ['a NUL in the ordering key', { orderingKey: 'a\u0000b' }, 'orderingKey holds a NUL character'],
    ['half a surrogate pair in the type', { type: 'a\ud800' }, 'type holds half a surrogate pair'],
    ['an ordering key that is a number', { orderingKey: 42 }, 'orderingKey is no text'],
    [
      'a fraction of a millisecond',
      { receivedAt: 1.5 },
      'receivedAt is no time in whole milliseconds since 1970',
    ],
    ['a time before 1970', { occurredAt: -1 }, 'occurredAt is no time in whole milliseconds since 1970'],
    [
      'a time after the year 275760',
      { occurredAt: 8.64e15 + 1 },
      'occurredAt is no time in whole milliseconds since 1970',
    ],
    ['an unknown priority', { priority: 'urgent' }, 'priority is neither normal nor high'],
    ['headers as an object', { headers: { a: 'b' } }, 'headers is no list'],
    [
      'a header without a value',
      { headers: [['a']] },
      'headers holds something else than a pair of name and value',
    ],
    [
      'a header without a name',
      { headers: [['', 'b']] },
      'headers holds something else than a pair of name and value',
    ],
    [
      'a header value that is a number',
      { headers: [['a', 1]] },
      'headers holds something else than a pair of name and value',
    ],
    ['too many headers', { headers: Array(4_097).fill(['a', 'b']) }, 'headers has more than 4096 pairs'],
    [
      'a time to wait for that is text',
      { notBefore: '1795372800000' },
      'notBefore is no time in whole milliseconds since 1970',
    ],
    ['a traceparent that is too long', { traceparent: '0'.repeat(129) }, 'traceparent is over 128 bytes'],
  ] as const) {
    it(`is refused before the append and after it: ${name}`, () => {
      assert.throws(() => encodeMeta({ ...META, ...change } as unknown as EnvelopeMeta), refused(what));
      assert.throws(() => decodeMeta(encoded(change)), refused(what));
    });
  }

  it('of a release that knew no notBefore is read as one that waits for nothing', () => {
    assert.equal(decodeMeta(encoded({ notBefore: undefined })).notBefore, null);
  });

  it('is refused when all of it is over the limit', () => {
    const headers = Array.from({ length: 20 }, () => ['a', 'x'.repeat(16_384)] as const);
    assert.throws(() => encodeMeta({ ...META, headers }), {
      code: 'ACKLINE_ENVELOPE_INVALID',
      message: /over 262144$/,
    });
  });

  it('is named by its field, never by its value', () => {
    assert.throws(
      () => encodeMeta({ ...META, dedupKey: 'private-value\u0000' }),
      (error: Error) => !error.message.includes('private-value'),
    );
  });
});
