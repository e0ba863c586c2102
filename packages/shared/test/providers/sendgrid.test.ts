import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, sign as cryptoSign } from 'node:crypto';
import { describe, it } from 'node:test';

import { EventWebhook } from '@sendgrid/eventwebhook';

import { keyOfAll } from '../../src/providers/event/identity-keys.ts';
import { sendgrid } from '../../src/providers/sendgrid.ts';
import { oddLists } from './support/odd-bodies.ts';
import {
  fixture,
  identityOf,
  NOW,
  partsOf,
  post,
  refusal,
  signedSample,
  withBody,
  withHeader,
} from './support/requests.ts';
import { headerOf, type SignOptions } from './support/signed-provider.ts';
import { testSignedProvider } from './support/suite.ts';

const SECRET =
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjonmoIlp65tToiKUnrQNq2+TaCXJaqddeaXpaTjXRJih/lUf4rwDjLLgU41uyK54usthrEVEAtmTv3y9S4lO7Q==';
const SIGNING_KEY =
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgrgv8g6Sb4Ws+JJPzx7PoVT3FQIBR94fvuzkZN19+GY6hRANCAASOieagiWnrm1OiIpSetA2rb5NoJclqp115pelpONdEmKH+VR/ivAOMsuBTjW7Irni6y2GsRUQC2ZO/fL1LiU7t';
const OTHER_SECRET =
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsmrO+dnXbARaan1QWU/s1zAK7cvLF0TYc4YiImRmms8+t9SOFBa80RM5PuiCklG4DXc2MRgzs9Uw3uaTTEBOUg==';
const OTHER_SIGNING_KEY =
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg++iOgicnfio6ua5Qsgh9uHZX0/G+gy2oA9xw+pKPJA2hRANCAASyas752ddsBFpqfVBZT+zXMArty8sXRNhzhiIiZGaazz631I4UFrzREzk+6IKSUbgNdzYxGDOz1TDe5pNMQE5S';
const HEADER = 'X-Twilio-Email-Event-Webhook-Signature';
const TIME_HEADER = 'X-Twilio-Email-Event-Webhook-Timestamp';
const MESSAGE = '14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0';
const MIXED = fixture('sendgrid/mixed.json');

const webhook = (body: string | Uint8Array, signature: string, seconds: string) =>
  post(
    [
      ['Content-Type', 'application/json;charset=utf-8'],
      [HEADER, signature],
      [TIME_HEADER, seconds],
    ],
    body,
  );
function sign(body: Uint8Array, { secret, at }: SignOptions) {
  const seconds = String(Math.floor(at / 1_000));
  const key = createPrivateKey({ key: Buffer.from(secret, 'base64'), format: 'der', type: 'pkcs8' });
  const signature = cryptoSign('sha256', Buffer.concat([Buffer.from(seconds), body]), key);
  return webhook(body, signature.toString('base64'), seconds);
}
const signed = (body: string | Uint8Array) => sign(Buffer.from(body), { secret: SIGNING_KEY, at: NOW });
const sdk = new EventWebhook();

testSignedProvider({
  provider: sendgrid,
  secret: SECRET,
  otherSecret: OTHER_SECRET,
  signingKeys: new Map([
    [SECRET, SIGNING_KEY],
    [OTHER_SECRET, OTHER_SIGNING_KEY],
  ]),
  proofHeaders: [HEADER.toLowerCase(), TIME_HEADER.toLowerCase()] as [string, string],
  bodies: new Map(['mixed', 'delivered'].map(name => [name, fixture(`sendgrid/${name}.json`).toString()])),
  oddBodies: oddLists,
  sign,
  sdk: {
    name: '@sendgrid/eventwebhook',
    sign: null,
    runs: 30,
    verifies: (request, secret) =>
      sdk.verifySignature(
        sdk.convertPublicKeyToECDSA(secret),
        Buffer.from(request.body),
        headerOf(request, HEADER.toLowerCase()),
        headerOf(request, TIME_HEADER.toLowerCase()),
      ),
  },
});

describe('sendgrid verify', () => {
  it('accepts the vector of the SDK, and not with another key, body or time', () => {
    const key =
      'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA==';
    const signature =
      'MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDWYNH2j/0=';
    const body = '{"category":"example_payload","event":"test_event","message_id":"message_id"}';
    const at = 1_588_788_367_000;
    const verdict = (seconds: string, text: string, secret: string) =>
      sendgrid.verify(webhook(text, signature, seconds), [secret], at).verified;
    assert.ok(verdict('1588788367', body, key));
    assert.ok(!verdict('1588788367', body, SECRET));
    assert.ok(!verdict('1588788367', 'payload', key));
    assert.ok(!verdict('1588788368', body, key));
  });

  it('keeps the line ends of the body: one that lost its CRLF is another', () => {
    assert.ok(MIXED.includes(',\r\n'));
    const request = signed(MIXED);
    for (const text of [MIXED.toString().trimEnd(), MIXED.toString().replaceAll('\r\n', '\n')])
      assert.equal(refusal(sendgrid, withBody(request, Buffer.from(text)), [SECRET]), 'wrong_signature');
  });

  it('calls malformed what moves digits between the time and the body', () => {
    const request = signed(MIXED);
    const seconds = headerOf(request, TIME_HEADER.toLowerCase());
    const moved = withBody(
      withHeader(request, TIME_HEADER, seconds.slice(0, -1)),
      Buffer.concat([Buffer.from(seconds.slice(-1)), MIXED]),
    );
    const verdict = sendgrid.verify(moved, [SECRET], Number(seconds.slice(0, -1)) * 1_000);
    assert.ok(verdict.verified);
    assert.equal(sendgrid.identify(moved).kind, 'malformed');
  });

  it('refuses other spellings of a signature that holds', () => {
    const request = signed(MIXED);
    const base64 = headerOf(request, HEADER.toLowerCase());
    const bytes = Buffer.from(base64, 'base64');
    const spellings = [
      bytes.toString('hex'),
      bytes.toString('base64url'),
      base64.replace(/=*$/, ''),
      Buffer.concat([bytes, Buffer.from([0])]).toString('base64'),
      ` ${base64}`,
    ].filter(text => text !== base64);
    for (const text of spellings)
      assert.match(refusal(sendgrid, withHeader(request, HEADER, text), [SECRET]), /^(malformed|wrong)_sig/);
    const last = base64.replace(/=*$/, '').slice(-1);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    for (const other of alphabet.replace(last, '')) {
      const text = base64.replace(/.(=*)$/, `${other}$1`);
      assert.notEqual(refusal(sendgrid, withHeader(request, HEADER, text), [SECRET]), 'verified', text);
    }
  });
});

describe('sendgrid identify', () => {
  it('names each event of a body by its own id, in order, in a list of its own with the bytes that it has there', () => {
    const parts = partsOf(sendgrid, MIXED);
    assert.deepEqual(
      parts.map(({ identity }) => [identity.type, identity.dedupKey, identity.occurredAt]),
      [
        ['processed', 'ZGVsaXZlcmVkLTAtMTIzNDU2Nzg', 1_513_299_569_000],
        ['open', 'b3Blbi0wLTEyMzQ1Njc4OTAxMjM', 1_513_299_570_000],
        ['bounce', 'Ym91bmNlLTAtMTIzNDU2Nzg5MDE', 1_513_299_571_000],
      ],
    );
    assert.equal(parts[0]?.identity.orderingKey, MESSAGE);
    const texts = parts.map(({ body }) => Buffer.from(body).toString());
    assert.ok(texts.every(text => text.startsWith('[{') && text.endsWith('}]')));
    assert.equal(`[${texts.map(text => text.slice(1, -1)).join(',\r\n')}]\r\n`, MIXED.toString());
    assert.match(texts[2] ?? '', /"asm_group_id":9007199254740993\}\]$/);
  });

  it('orders a body by the account and its events by their message, and names a body of several by all of them', () => {
    const batch = { type: 'batch', orderingKey: 'account', occurredAt: null, priority: 'normal' };
    for (const body of [MIXED, fixture('sendgrid/delivered.json')]) {
      const dedupKey = keyOfAll(partsOf(sendgrid, body).map(({ identity }) => identity.dedupKey));
      assert.notEqual(dedupKey, null);
      assert.deepEqual(identityOf(sendgrid, signed(body)), { ...batch, dedupKey });
    }
    for (const body of ['[]', '[{"sg_event_id":"a"},{}]'])
      assert.deepEqual(identityOf(sendgrid, signed(body)), { ...batch, dedupKey: null });
    assert.deepEqual(partsOf(sendgrid, '[]'), []);
  });

  it('names a body with one event by that event, and leaves it as it is signed, so that the receiver’s SDK takes it', () => {
    const [first] = partsOf(sendgrid, MIXED);
    assert.ok(first);
    const alone = Buffer.concat([first.body, Buffer.from('\r\n')]);
    assert.deepEqual(identityOf(sendgrid, signed(alone)), { ...first.identity, orderingKey: 'account' });
    assert.deepEqual(partsOf(sendgrid, alone), [{ ...first, body: alone }]);
  });

  it('keeps what is no event as a part of its own, with no key that it would have to guess', () => {
    const parts = partsOf(sendgrid, '[ 1 , {"event":5,"sg_event_id":{}} ]');
    assert.deepEqual(
      parts.map(({ identity, body }) => [identity.type, identity.dedupKey, Buffer.from(body).toString()]),
      [
        ['unknown', null, '[1]'],
        ['unknown', null, '[{"event":5,"sg_event_id":{}}]'],
      ],
    );
  });

  it('splits nothing that is no list', () => {
    for (const body of ['{}', '', '[1', '"x"']) assert.deepEqual(partsOf(sendgrid, body), []);
  });
});

describe('sendgrid keys', () => {
  it('are public ones of P-256, in base64 alone', () => {
    for (const good of [SECRET, OTHER_SECRET]) assert.equal(sendgrid.checkSecret(good), true);
    const other = generateKeyPairSync('ec', {
      namedCurve: 'P-384',
      publicKeyEncoding: { type: 'spki', format: 'der' },
      privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    });
    const offCurve = SECRET.replace('jonmoIlp', 'jonmoIlq');
    for (const bad of [
      '',
      SIGNING_KEY,
      ` ${SECRET}`,
      `-----BEGIN PUBLIC KEY-----\n${SECRET}\n-----END PUBLIC KEY-----`,
      other.publicKey.toString('base64'),
      offCurve,
      'SG.api-key',
    ])
      assert.equal(typeof sendgrid.checkSecret(bad), 'string', bad);
    assert.equal(refusal(sendgrid, signed(MIXED), [offCurve]), 'wrong_signature');
  });

  it('of a made pair sign samples that the SDK takes, and a public key signs none', () => {
    const keys = sendgrid.makeKeys?.();
    assert.ok(keys);
    const sample = signedSample(sendgrid, keys.signingKey);
    assert.equal(refusal(sendgrid, sample, [keys.secret]), 'verified');
    assert.match(Buffer.from(sample.body).toString(), /\},\r\n\{.*\}\]\r\n$/);
    assert.equal(headerOf(signedSample(sendgrid, keys.secret), HEADER.toLowerCase()), '');
    assert.notEqual(sendgrid.makeKeys?.().secret, keys.secret);
  });
});
