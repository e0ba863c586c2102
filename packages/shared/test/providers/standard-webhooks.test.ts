import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { standardWebhooks } from '../../src/providers/standard-webhooks.ts';
import { fixture, identityOf, NOW, refusal, signedSample, withHeader } from './support/requests.ts';
import {
  createStandardSdk,
  ID,
  OTHER_SECRET,
  OTHER_SIGNING_KEY,
  pairSignatureOf,
  PUBLIC_KEY,
  SECRET,
  secondsOf,
  SIGNING_KEY,
  signatureOf,
  standardPairTable,
  standardPost,
  standardTable,
} from './standard/table.ts';
import { headerOf } from './support/signed-provider.ts';
import { testSignedProvider } from './support/suite.ts';

testSignedProvider(
  standardTable(standardWebhooks, 'webhook', { name: 'standardwebhooks', create: createStandardSdk }),
);

testSignedProvider(standardPairTable(standardWebhooks, 'webhook'));

const BODY = fixture('standard-webhooks/contact-created.json');
const signature = signatureOf(BODY, { secret: SECRET, at: NOW });
const send = (proof: { id?: string; seconds?: string; signature?: string } = {}) =>
  standardPost('webhook', { id: ID, seconds: secondsOf(NOW), signature, ...proof }, BODY);
const of = (payload: unknown) =>
  identityOf(
    standardWebhooks,
    standardPost('webhook', { id: ID, seconds: '1', signature }, JSON.stringify(payload)),
  );

describe('standard-webhooks verify', () => {
  it('accepts the vector of the documentation', () => {
    const at = 1_614_265_330_000;
    const request = standardPost(
      'webhook',
      {
        id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        seconds: '1614265330',
        signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      },
      '{"test": 2432232314}',
    );
    assert.ok(standardWebhooks.verify(request, [SECRET], at).verified);
  });

  it('takes the one of several signatures that holds, wherever it stands, as the SDK does', () => {
    const other = signatureOf(BODY, { secret: OTHER_SECRET, at: NOW });
    const asymmetric = `v1a,${'A'.repeat(86)}==`;
    const at = Date.now();
    const own = signatureOf(BODY, { secret: SECRET, at });
    for (const list of [
      [other, own],
      [own, other],
      [asymmetric, own, 'v2,x'],
      ['', own, ''],
    ]) {
      const request = standardPost(
        'webhook',
        { id: ID, seconds: secondsOf(at), signature: list.join(' ') },
        BODY,
      );
      assert.ok(standardWebhooks.verify(request, [SECRET], at).verified, list.join(' '));
      const headers = Object.fromEntries(request.headers);
      assert.ok(createStandardSdk(SECRET).verify(BODY.toString(), headers));
      assert.equal(headerOf(request, 'webhook-signature'), list.join(' '));
    }
    assert.equal(
      refusal(standardWebhooks, send({ signature: `${other} ${other}` }), [SECRET]),
      'wrong_signature',
    );
  });

  it('refuses a right signature under another version, and lists without a `v1`', () => {
    const bare = signature.slice('v1,'.length);
    for (const text of [
      `v1a,${bare}`,
      `v2,${bare}`,
      `V1,${bare}`,
      bare,
      `v1=${bare}`,
      `v1,${bare},v2`,
      `v1, ${bare}`,
    ])
      assert.equal(
        refusal(standardWebhooks, send({ signature: text }), [SECRET]),
        'malformed_signature',
        text,
      );
    for (const text of [
      `${signature},`,
      `${signature}\t${signature}`,
      `${signature}  x`.replace('  ', '\u00a0'),
    ])
      assert.equal(
        refusal(standardWebhooks, send({ signature: text }), [SECRET]),
        'malformed_signature',
        text,
      );
  });

  it('refuses a time that is not written as seconds, though a lenient reader would make it one', () => {
    const seconds = secondsOf(NOW);
    for (const text of [
      `${seconds}.0`,
      `+${seconds}`,
      `0${seconds}`,
      ` ${seconds}`,
      `${seconds}000`,
      '-1',
      '0',
      '1e9',
      'NaN',
      '0x1',
    ])
      assert.equal(refusal(standardWebhooks, send({ seconds: text }), [SECRET]), 'malformed_signature', text);
  });

  it('refuses an id that is not visible ASCII, or that is over 256 characters', () => {
    for (const id of ['a b', 'é', 'a\u007f', 'x'.repeat(257)])
      assert.equal(refusal(standardWebhooks, send({ id }), [SECRET]), 'malformed_signature', id);
  });

  it('uses a secret with and without its prefix, and never one that is no base64 as an empty key', () => {
    assert.equal(refusal(standardWebhooks, send(), [SECRET.slice('whsec_'.length)]), 'verified');
    const forged = send({ signature: signatureOf(BODY, { secret: '', at: NOW }) });
    for (const secret of ['whsec_', '=', '====', 'whsec_=', ' ', '-', 'whsec_whsec_'])
      assert.equal(refusal(standardWebhooks, forged, [secret]), 'wrong_signature', secret);
  });

  it('calls malformed what moves a part of the body across the dot before it', () => {
    const id = `msg.${secondsOf(NOW)}`;
    const signed = standardPost(
      'webhook',
      { id, seconds: secondsOf(NOW), signature: signatureOf(BODY, { secret: SECRET, at: NOW }, id) },
      BODY,
    );
    assert.equal(refusal(standardWebhooks, signed, [SECRET]), 'verified');
    const moved = {
      ...withHeader(signed, 'webhook-id', 'msg'),
      body: Buffer.from(`${secondsOf(NOW)}.${String(BODY)}`),
    };
    assert.equal(standardWebhooks.identify(moved).kind, 'malformed');
  });
});

describe('standard-webhooks verify, by key pairs', () => {
  const BODY_OF_VECTOR = '{"test": 2432232314}';
  const vector = {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    seconds: '1614265330',
    signature: 'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
  };
  const v1a = pairSignatureOf(BODY, { secret: SIGNING_KEY, at: NOW });
  const others = pairSignatureOf(BODY, { secret: OTHER_SIGNING_KEY, at: NOW });

  it("accepts the signature that is the specification's example, as Svix's server makes it", () => {
    const request = standardPost('webhook', vector, BODY_OF_VECTOR);
    const at = Number(vector.seconds) * 1_000;
    assert.deepEqual(standardWebhooks.verify(request, [SECRET, PUBLIC_KEY], at), {
      verified: true,
      secretIndex: 1,
    });
    const sample = standardWebhooks.sample({ url: '', secret: SIGNING_KEY, sequence: 0, now: NOW });
    assert.match(headerOf(sample, 'webhook-signature'), /^v1a,[A-Za-z0-9+/]{86}==$/);
  });

  it('takes one of several signatures, beside those of a secret too', () => {
    for (const list of [
      [others, v1a],
      [signature, v1a],
      ['v1a,x', v1a, ''],
    ])
      assert.equal(refusal(standardWebhooks, send({ signature: list.join(' ') }), [PUBLIC_KEY]), 'verified');
    assert.equal(
      refusal(standardWebhooks, send({ signature: `${signature} ${v1a}` }), [OTHER_SECRET, PUBLIC_KEY]),
      'verified',
    );
  });

  it('looks at two of them at most, so that a header full of them costs no more', () => {
    assert.equal(
      refusal(standardWebhooks, send({ signature: [others, v1a].join(' ') }), [PUBLIC_KEY]),
      'verified',
    );
    assert.equal(
      refusal(standardWebhooks, send({ signature: [others, others, v1a].join(' ') }), [PUBLIC_KEY]),
      'wrong_signature',
    );
  });

  it('never holds a signature of one version against a secret of the other', () => {
    const bytes = PUBLIC_KEY.slice('whpk_'.length);
    assert.equal(refusal(standardWebhooks, send({ signature }), [PUBLIC_KEY]), 'wrong_signature');
    assert.equal(refusal(standardWebhooks, send({ signature: v1a }), [SECRET]), 'wrong_signature');
    // What everybody knows is no key of an HMAC.
    const forged = signatureOf(BODY, { secret: `whsec_${bytes}`, at: NOW });
    assert.equal(refusal(standardWebhooks, send({ signature: forged }), [PUBLIC_KEY]), 'wrong_signature');
    assert.equal(refusal(standardWebhooks, send({ signature: v1a }), [SIGNING_KEY]), 'wrong_signature');
  });

  it('refuses other spellings of a signature that holds', () => {
    const base64 = v1a.slice('v1a,'.length);
    const last = base64.at(-3) ?? '';
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    for (const other of alphabet.replace(last, '')) {
      const text = `v1a,${base64.slice(0, -3)}${other}==`;
      assert.equal(
        refusal(standardWebhooks, send({ signature: text }), [PUBLIC_KEY]),
        'wrong_signature',
        text,
      );
    }
    for (const text of [v1a.slice(0, -2), `v1,${base64}`, v1a.replace(/\+|\//g, '-')])
      assert.equal(
        refusal(standardWebhooks, send({ signature: text }), [PUBLIC_KEY]),
        'malformed_signature',
        text,
      );
  });
});

describe('standard-webhooks identify', () => {
  it('names the event by its signed id, its type and its time', () => {
    assert.deepEqual(identityOf(standardWebhooks, send()), {
      type: 'contact.created',
      dedupKey: ID,
      orderingKey: null,
      occurredAt: Date.UTC(2022, 10, 3, 20, 26, 10, 344),
      priority: 'normal',
    });
  });

  it('takes a time in milliseconds, as some senders have it, and none for a time without an offset', () => {
    assert.equal(of({ timestamp: 1_654_012_591_835 }).occurredAt, 1_654_012_591_835);
    assert.equal(of({ timestamp: '2026-11-29T10:00:00+02:00' }).occurredAt, Date.UTC(2026, 10, 29, 8));
    for (const timestamp of [
      '2026-11-29T10:00:00',
      '2026-11-29',
      'yesterday',
      '2026-13-01T00:00:00Z',
      '',
      null,
      {},
      -1,
      0,
    ])
      assert.equal(of({ timestamp }).occurredAt, null, JSON.stringify(timestamp));
  });

  it('calls an event without a type unknown', () => {
    for (const type of ['', null, 5, {}, ['a']]) assert.equal(of({ type }).type, 'unknown');
  });
});

describe('standard-webhooks secrets', () => {
  it('has to be 16 to 128 bytes in base64', () => {
    const bytes = (count: number) => Buffer.alloc(count, 7).toString('base64');
    for (const good of [SECRET, OTHER_SECRET, bytes(16), `whsec_${bytes(128)}`])
      assert.equal(standardWebhooks.checkSecret(good), true);
    for (const bad of [
      '',
      'whsec_',
      bytes(15),
      bytes(129),
      `${SECRET}\n`,
      ` ${SECRET}`,
      `whsec_${bytes(25).slice(0, -1)}`,
      'whpk_AAAA',
      'sk_live_abc',
    ])
      assert.equal(typeof standardWebhooks.checkSecret(bad), 'string', bad);
  });

  it('or the public key of a pair, and never the key that signs', () => {
    assert.equal(standardWebhooks.checkSecret(PUBLIC_KEY), true);
    const bytes = (count: number) => `whpk_${Buffer.alloc(count, 7).toString('base64')}`;
    for (const bad of [SIGNING_KEY, bytes(31), bytes(33), bytes(64), `${PUBLIC_KEY}=`, ` ${PUBLIC_KEY}`])
      assert.equal(typeof standardWebhooks.checkSecret(bad), 'string', bad);
    assert.match(String(standardWebhooks.checkSecret(SIGNING_KEY)), /public key/);
  });

  it('of a made pair sign samples, and a public key signs none', () => {
    const keys = standardWebhooks.makeKeys?.();
    assert.ok(keys);
    const sample = signedSample(standardWebhooks, keys.signingKey);
    assert.equal(refusal(standardWebhooks, sample, [keys.secret]), 'verified');
    const seedAlone = `whsk_${Buffer.from(keys.signingKey.slice(5), 'base64').subarray(0, 32).toString('base64')}`;
    assert.equal(
      headerOf(signedSample(standardWebhooks, seedAlone), 'webhook-signature'),
      headerOf(sample, 'webhook-signature'),
    );
    for (const secret of [keys.secret, 'whsk_AAAA', 'x'])
      assert.equal(headerOf(signedSample(standardWebhooks, secret), 'webhook-signature'), '');
  });
});
