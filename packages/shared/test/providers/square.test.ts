import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';

import { square } from '../../src/providers/square.ts';
import {
  fixture,
  identityOf,
  NOW,
  post,
  refusal,
  URL_CALLED,
  withBody,
  withHeader,
} from './support/requests.ts';
import { testSignedProvider } from './support/suite.ts';
import { OTHER_SPELLINGS, URL_WITH_ALL } from './support/url-spellings.ts';

const SECRET = 'qfjakbt2uWB8DKAMECF-EA';
const HEADER = 'X-Square-HmacSha256-Signature';
const names = ['payment-created', 'inventory-count-updated', 'oauth-authorization-revoked'];
const PAYMENT = fixture('square/payment-created.json');

function webhook(body: string | Uint8Array, signature: string, url = URL_CALLED) {
  return post(
    [
      ['Content-Type', 'application/json'],
      ['Square-Environment', 'Production'],
      ['X-Square-Signature', 'AAAAAAAAAAAAAAAAAAAAAAAAAAA='],
      [HEADER, signature],
    ],
    body,
    url,
  );
}
const signatureOf = (body: string | Uint8Array, url = URL_CALLED, secret = SECRET) =>
  createHmac('sha256', secret).update(url).update(body).digest('base64');
const of = (payload: unknown) => identityOf(square, webhook(JSON.stringify(payload), ''));

testSignedProvider({
  provider: square,
  secret: SECRET,
  otherSecret: 'another-key_of-22-char',
  proofHeaders: ['x-square-hmacsha256-signature'],
  bodies: new Map(names.map(name => [name, fixture(`square/${name}.json`).toString()])),
  sign: (body, { secret }) => webhook(body, signatureOf(body, URL_CALLED, secret)),
  sdk: null,
});

/** Each was taken by `WebhooksHelper.verifySignature` of the SDK `square` 46.0.0. */
const vectors = [
  ['payment-created', URL_CALLED, 'EYi5kF9BqPt+gmrNEU04ET56mVg5IqF9WpZelrN0oN4='],
  ['inventory-count-updated', URL_CALLED, 'LP8nqygxn5lDbVj+/+blyyB25+xbcdL8aJZsZV+7z3s='],
  ['oauth-authorization-revoked', URL_CALLED, 'K+MpTGECCknzWWLW4RTTonZu2KzoMdwUaiVVb5WOTM0='],
  [
    'payment-created',
    'https://hooks.example.com:8443/square/?shop=1&name=%C3%BC',
    'qJXyCDj/jxUzhYgzsk2kV62CO4ev5/cVvGSAFDu0DSE=',
  ],
] as const;

describe('square verify', () => {
  it('takes what the SDK takes', () => {
    for (const [name, url, signature] of vectors) {
      const request = webhook(fixture(`square/${name}.json`), signature, url);
      assert.equal(refusal(square, request, [SECRET]), 'verified', `${name} ${url}`);
    }
  });

  it('takes the URL with a port, a query and escapes as it is, and refuses it written another way', () => {
    const signature = signatureOf(PAYMENT, URL_WITH_ALL);
    assert.equal(refusal(square, webhook(PAYMENT, signature, URL_WITH_ALL), [SECRET]), 'verified');
    for (const other of OTHER_SPELLINGS)
      assert.equal(refusal(square, webhook(PAYMENT, signature, other), [SECRET]), 'wrong_signature', other);
  });

  it('gives nothing to who moves bytes from the URL to the body, or the other way', () => {
    const whole = URL_CALLED + PAYMENT.toString();
    const signature = signatureOf(PAYMENT);
    for (let at = 1; at < whole.length; at += 1) {
      if (at === URL_CALLED.length) continue;
      const request = webhook(whole.slice(at), signature, whole.slice(0, at));
      const isEvent =
        square.verify(request, [SECRET], NOW).verified && square.identify(request).kind === 'event';
      assert.ok(!isEvent, `moved to ${at}`);
    }
  });

  it('never takes the body signed alone, hexadecimal digits, or the SHA-1 signature', () => {
    const alone = createHmac('sha256', SECRET).update(PAYMENT).digest('base64');
    assert.equal(refusal(square, webhook(PAYMENT, alone), [SECRET]), 'wrong_signature');
    const hex = Buffer.from(signatureOf(PAYMENT), 'base64').toString('hex');
    assert.equal(refusal(square, webhook(PAYMENT, hex), [SECRET]), 'malformed_signature');
    const sha1 = createHmac('sha1', SECRET).update(URL_CALLED).update(PAYMENT).digest('base64');
    const old = withHeader(withHeader(webhook(PAYMENT, ''), HEADER, null), 'X-Square-Signature', sha1);
    assert.equal(refusal(square, old, [SECRET]), 'missing_signature');
    assert.equal(refusal(square, withHeader(old, HEADER, sha1), [SECRET]), 'malformed_signature');
  });

  it('signs samples for the URL that is to be called', () => {
    const url = 'http://127.0.0.1:3000/a?b=c';
    const { headers, body } = square.sample({ url, secret: SECRET, sequence: 0, now: NOW });
    assert.equal(refusal(square, post(headers, body, url), [SECRET]), 'verified');
    assert.equal(refusal(square, post(headers, body), [SECRET]), 'wrong_signature');
    assert.equal(square.signsUrl, true);
  });
});

describe('square identify', () => {
  it('names an event by its id, its type, the entity that changed and its time', () => {
    assert.deepEqual(identityOf(square, webhook(PAYMENT, '')), {
      type: 'payment.created',
      dedupKey: '13b867cf-db3d-4b1c-90b6-2f32a9d78124',
      orderingKey: 'hYy9pRFVxpDsO1FB05SunFWUe9JZY',
      occurredAt: Date.UTC(2026, 10, 22, 11, 59, 58, 123),
      priority: 'normal',
    });
  });

  it('promises no order for what has no id', () => {
    const revoked = withBody(webhook('', ''), fixture('square/oauth-authorization-revoked.json'));
    const { type, orderingKey } = identityOf(square, revoked);
    assert.deepEqual([type, orderingKey], ['oauth.authorization.revoked', null]);
  });

  it('gives null for ids and times that are none', () => {
    const none = { type: 'unknown', dedupKey: null, orderingKey: null, occurredAt: null, priority: 'normal' };
    for (const payload of [
      {},
      { event_id: '', type: '', created_at: 'soon', data: [] },
      { event_id: {}, type: 1, created_at: 1, data: { id: [] }, id: 'x' },
    ])
      assert.deepEqual(of(payload), none);
  });
});

describe('square secrets', () => {
  it('are signature keys, never access tokens', () => {
    for (const good of [SECRET, 'x']) assert.equal(square.checkSecret(good), true);
    for (const bad of ['', ` ${SECRET}`, `${SECRET}\n`, 'EAAAlf9mRjT0rG2aZ4m1'])
      assert.equal(typeof square.checkSecret(bad), 'string', bad);
  });
});
