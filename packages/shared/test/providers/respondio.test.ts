import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';

import { respondio } from '../../src/providers/respondio.ts';
import { fixture, identityOf, NOW, post, refusal, signedSample, withHeader } from './support/requests.ts';
import { testSignedProvider } from './support/suite.ts';

// Looks like base64, and is used as text.
const KEY = 'c2lnbmluZyBrZXkgdGhhdCBsb29rcyBsaWtlIGJhc2U2NA==';
const HEADER = 'X-Webhook-Signature';
/** Made by another program (Python's hmac), over the bytes of the fixtures. */
const VECTORS = [
  { name: 'bare', signature: 'WYvUS9d1Ls2lNJ3peSDRomItOezekk7+1FpYFWwmjNM=' },
  { name: 'message-received', signature: 'hs1Hfp2FIvICyI4gBlTJGWl8rZnWyJRHw+DznS2vg1U=' },
];
/** The same over `bare`, with the key base64-decoded first. */
const SIGNED_WITH_DECODED_KEY = 'FVERJwZrK/xTeR8JWXO/34WiBwNHjZesE2Y/ejzLFzg=';

const webhook = (body: string | Uint8Array, signature?: string) =>
  post(
    [
      ['Content-Type', 'application/json'],
      [HEADER, signature ?? createHmac('sha256', KEY).update(body).digest('base64')],
    ],
    body,
  );
const of = (payload: object) => identityOf(respondio, webhook(JSON.stringify(payload)));

testSignedProvider({
  provider: respondio,
  secret: KEY,
  otherSecret: 'another key',
  proofHeaders: ['x-webhook-signature'],
  bodies: new Map(
    ['bare', 'message-received', 'ids-over-2-53'].map(name => [
      name,
      fixture(`respondio/${name}.json`).toString(),
    ]),
  ),
  sign: (body, { secret }) => webhook(body, createHmac('sha256', secret).update(body).digest('base64')),
  sdk: null,
});

describe('respondio verify', () => {
  const [bare] = VECTORS;
  assert.ok(bare);
  const good = webhook(fixture('respondio/bare.json'), bare.signature);

  for (const { name, signature } of VECTORS) {
    it(`accepts the precomputed signature of ${name}, and names the secret`, () => {
      const request = webhook(fixture(`respondio/${name}.json`), signature);
      assert.deepEqual(respondio.verify(request, ['other', '', KEY], NOW), {
        verified: true,
        secretIndex: 2,
      });
    });
  }

  it('uses the key as text, to the letter, and never decoded', () => {
    assert.equal(refusal(respondio, good, [`${KEY} `, KEY.toLowerCase()]), 'wrong_signature');
    assert.equal(
      refusal(respondio, withHeader(good, HEADER, SIGNED_WITH_DECODED_KEY), [KEY]),
      'wrong_signature',
    );
  });

  it('refuses every other encoding of the right signature', () => {
    const bytes = Buffer.from(bare.signature, 'base64');
    const spellings = [
      bytes.toString('hex'),
      bytes.toString('base64url'),
      `sha256=${bare.signature}`,
      `${bare.signature} `,
      ` ${bare.signature}`,
    ];
    for (const spelling of spellings) {
      assert.equal(
        refusal(respondio, withHeader(good, HEADER, spelling), [KEY]),
        'malformed_signature',
        spelling,
      );
    }
    // Same 32 bytes when decoded leniently: the two spare bits of the last digit differ.
    assert.equal(
      refusal(respondio, withHeader(good, HEADER, bare.signature.replace('M=', 'N=')), [KEY]),
      'wrong_signature',
    );
  });
});

describe('respondio identify', () => {
  it('reads the event form', () => {
    assert.deepEqual(identityOf(respondio, webhook(fixture('respondio/message-received.json'))), {
      type: 'message.received',
      dedupKey: 'event|message.received|9d1a3a3e-5f2b-4c19-9a67-1c7c6d1f0d10',
      orderingKey: '1234567',
      occurredAt: 1764000000123,
      priority: 'normal',
    });
  });

  it('reads the bare payload, which does not tell its direction', () => {
    assert.deepEqual(identityOf(respondio, webhook(fixture('respondio/bare.json'))), {
      type: 'message',
      dedupKey: 'message|message|ch_123|msg_123',
      orderingKey: '123',
      occurredAt: 1234567890000,
      priority: 'normal',
    });
  });

  it('keeps numeric ids over 2^53 exact, and takes a time that is text', () => {
    assert.deepEqual(identityOf(respondio, webhook(fixture('respondio/ids-over-2-53.json'))), {
      type: 'message.received',
      dedupKey: 'message|message.received|9007199254740995|18446744073709551615',
      orderingKey: '9007199254740993',
      occurredAt: 1764000000123,
      priority: 'normal',
    });
  });

  it('takes the direction of a bare message from its traffic', () => {
    assert.equal(of({ message: { traffic: 'outgoing' } }).type, 'message.sent');
    assert.equal(of({ message: { traffic: 'incoming' } }).type, 'message.received');
    assert.equal(of({ message: { traffic: 'sideways' } }).type, 'message');
    assert.equal(of({ contact: { id: 1 } }).type, 'unknown');
  });

  it('tells the same message in another channel, and the same event id of another type, apart', () => {
    const message = { messageId: 'm' };
    const keys = [
      of({ message, channel: { id: 1 } }),
      of({ message, channel: { id: 2 } }),
      of({ message }),
      of({ event_type: 'a', event_id: 'm' }),
      of({ event_type: 'b', event_id: 'm' }),
      of({ event_type: 'message.sent', message, channel: { id: 1 } }),
    ].map(identity => identity.dedupKey);
    assert.equal(new Set(keys).size, keys.length);
    assert.ok(!keys.includes(null));
  });

  it('falls back to the ids inside of the message', () => {
    assert.equal(
      of({ message: { channelMessageId: 'wamid.1', channelId: 5 } }).dedupKey,
      'message|message|5|wamid.1',
    );
  });

  it('gives no dedup key to another kind of event that only carries a message along', () => {
    const identity = of({
      event_type: 'conversation.closed',
      contact: { id: 1 },
      message: { messageId: 'old' },
    });
    assert.equal(identity.dedupKey, null);
    assert.equal(identity.orderingKey, '1');
  });

  it('gives null for ids and times that are none', () => {
    const identity = of({
      event_type: '',
      event_id: {},
      contact: { id: '' },
      message: { messageId: [], timestamp: 'soon' },
    });
    assert.deepEqual(identity, {
      type: 'message',
      dedupKey: null,
      orderingKey: null,
      occurredAt: null,
      priority: 'normal',
    });
  });

  it('makes keys that PostgreSQL can hold out of any id', () => {
    const identity = of({ event_type: 'a\u0000', event_id: 'x'.repeat(5000), contact: { id: '\ud800' } });
    for (const key of [identity.type, identity.dedupKey, identity.orderingKey])
      assert.match(key ?? '', /^sha256:[0-9a-f]{64}$/);
  });

  it('calls invalid UTF-8 and everything but an object malformed', () => {
    for (const body of [fixture('respondio/invalid-utf8.json'), '', 'null', '[]', '{']) {
      assert.equal(respondio.identify(webhook(body)).kind, 'malformed');
    }
  });
});

describe('respondio sample', () => {
  it('is the bare payload', () => {
    const payload = JSON.parse(Buffer.from(signedSample(respondio, KEY).body).toString());
    assert.deepEqual(Object.keys(payload), ['contact', 'message', 'channel']);
  });

  it('refuses a key with white space at an end, which a copy often brings along', () => {
    assert.equal(respondio.checkSecret(KEY), true);
    for (const bad of ['', `${KEY}\n`, ` ${KEY}`, ' '])
      assert.equal(typeof respondio.checkSecret(bad), 'string');
  });
});
