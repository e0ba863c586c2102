import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';

import Stripe from 'stripe';

import { stripe } from '../../src/providers/stripe.ts';
import { fixture, identityOf, keysOf, NOW, post, refusal, withHeader } from './support/requests.ts';
import { headerOf, type SignOptions } from './support/signed-provider.ts';
import { testSignedProvider } from './support/suite.ts';

const SECRET = 'whsec_wRNftLajMZNeslQOP6vEPm4iVx5NlZ6z';
const HEADER = 'Stripe-Signature';
const names = ['payment-intent-succeeded', 'balance-available', 'thin'];
const BODY = fixture('stripe/payment-intent-succeeded.json');
const { webhooks } = new Stripe('sk_test_of-no-account');

const webhook = (body: string | Uint8Array, header: string) =>
  post(
    [
      ['Content-Type', 'application/json; charset=utf-8'],
      [HEADER, header],
    ],
    body,
  );
const seconds = (at: number) => String(Math.floor(at / 1000));
const hexOf = (body: Uint8Array, { secret, at }: SignOptions) =>
  createHmac('sha256', secret)
    .update(`${seconds(at)}.`)
    .update(body)
    .digest('hex');
const V1 = hexOf(BODY, { secret: SECRET, at: NOW });
const T = `t=${seconds(NOW)}`;
const of = (payload: unknown) => identityOf(stripe, webhook(JSON.stringify(payload), ''));

testSignedProvider({
  provider: stripe,
  secret: SECRET,
  otherSecret: 'whsec_another-secret-of-another-endpoint',
  proofHeaders: ['stripe-signature'],
  bodies: new Map(names.map(name => [name, fixture(`stripe/${name}.json`).toString()])),
  sign: (body, options) => webhook(body, `t=${seconds(options.at)},v1=${hexOf(body, options)}`),
  sdk: {
    name: 'stripe',
    sign: (payload, { secret, at }) =>
      webhook(
        payload,
        webhooks.generateTestHeaderString({ payload, secret, timestamp: Number(seconds(at)) }),
      ),
    verifies(request, secret) {
      try {
        webhooks.constructEvent(Buffer.from(request.body), headerOf(request, 'stripe-signature'), secret);
        return true;
      } catch {
        return false;
      }
    },
  },
});

describe('stripe verify', () => {
  const right = (...pairs: string[]) => refusal(stripe, webhook(BODY, pairs.join(',')), [SECRET]);
  const wrong = `v1=${'0'.repeat(64)}`;

  it('takes the one of several v1 that holds, as the SDK does, beside schemes that prove nothing', () => {
    for (const pairs of [
      [T, wrong, `v1=${V1}`],
      [T, `v1=${V1}`, wrong],
      [`v1=${V1}`, T],
      [T, `v0=${V1}`, `v1=${V1}`, 'v2=x'],
    ]) {
      assert.equal(right(...pairs), 'verified', pairs.join(','));
      assert.ok(webhooks.signature?.verifyHeader(BODY, pairs.join(','), SECRET, 300, undefined, NOW));
    }
    assert.equal(right(T, wrong, wrong), 'wrong_signature');
  });

  it('never takes a v0, or a v1 that is not 64 lower-case hexadecimal digits', () => {
    for (const pair of [
      `v0=${V1}`,
      `v1=${V1.toUpperCase()}`,
      `v1=${V1.slice(1)}`,
      `v1=${V1}0`,
      `V1=${V1}`,
      `v1${V1}`,
      'v1=',
    ])
      assert.equal(right(T, pair), 'malformed_signature', pair);
    const base64 = Buffer.from(V1, 'hex').toString('base64');
    assert.equal(right(T, `v1=${base64}`), 'malformed_signature');
  });

  it('refuses two times, none, and one that is not written as seconds', () => {
    for (const time of [
      `${T},${T}`,
      `${T},t=1`,
      't=',
      `t=+${seconds(NOW)}`,
      `t=0${seconds(NOW)}`,
      `t=${seconds(NOW)}.0`,
      `t=${NOW}`,
      ` ${T}`,
      'x=1',
    ])
      assert.equal(right(time, `v1=${V1}`), 'malformed_signature', time);
    assert.equal(right(`v1=${V1}`), 'malformed_signature');
    assert.equal(right(`${T}, v1=${V1}`), 'malformed_signature');
  });

  it('uses the secret as text, never decoded', () => {
    const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
    const decoded = createHmac('sha256', key)
      .update(`${seconds(NOW)}.`)
      .update(BODY)
      .digest('hex');
    assert.equal(right(T, `v1=${decoded}`), 'wrong_signature');
    assert.equal(
      refusal(stripe, webhook(BODY, `${T},v1=${V1}`), [SECRET.slice('whsec_'.length)]),
      'wrong_signature',
    );
  });

  it('refuses a time of the future, which the SDK takes', () => {
    const at = NOW + 3_600_000;
    const header = `t=${seconds(at)},v1=${hexOf(BODY, { secret: SECRET, at })}`;
    assert.ok(webhooks.signature?.verifyHeader(BODY, header, SECRET, 300, undefined, NOW));
    assert.equal(right(header), 'timestamp_out_of_tolerance');
  });
});

describe('stripe identify', () => {
  it('names an event by its id, its type, the object that changed and its second', () => {
    assert.deepEqual(identityOf(stripe, webhook(BODY, '')), {
      type: 'payment_intent.succeeded',
      dedupKey: 'evt_1Qx2YzLkdIwHu7ixraBm864M',
      orderingKey: 'pi_3Qx2YzLkdIwHu7ix0jNq9J1d',
      occurredAt: 1_732_870_800_000,
      priority: 'normal',
    });
  });

  it('promises no order for what has no id', () => {
    const balance = identityOf(stripe, webhook(fixture('stripe/balance-available.json'), ''));
    assert.deepEqual([balance.type, balance.orderingKey], ['balance.available', null]);
  });

  it('reads a thin event, which names its object and writes its time out', () => {
    assert.deepEqual(identityOf(stripe, webhook(fixture('stripe/thin.json'), '')), {
      type: 'v1.billing.meter.error_report_triggered',
      dedupKey: 'evt_test_65RM8sQH2oXnebF5Rpc16RJyfa2xSQLHJJh1sxm7H0KI92',
      orderingKey: 'mtr_test_61RM8ltWcTW4mbsxf16RJyfa2xSQLHJJh1sxm7H0KVT6',
      occurredAt: Date.UTC(2026, 10, 29, 10, 15, 30, 123),
      priority: 'normal',
    });
  });

  it('gives null for ids and times that are none', () => {
    const none = { type: 'unknown', dedupKey: null, orderingKey: null, occurredAt: null, priority: 'normal' };
    for (const payload of [
      {},
      { id: '', type: '', created: 'soon', data: [] },
      { id: {}, type: 1, created: -1, data: { object: { id: [] } } },
    ])
      assert.deepEqual(of(payload), none);
  });
});

describe('stripe secrets', () => {
  it('are those of an endpoint, never an API key', () => {
    for (const good of [SECRET, ...keysOf(stripe).map(keys => keys.secret)])
      assert.equal(stripe.checkSecret(good), true);
    for (const bad of [
      '',
      'whsec_',
      'sk_live_0123456789abcdef0123',
      'rk_test_0123456789abcdef0123',
      `${SECRET}\n`,
      ` ${SECRET}`,
    ])
      assert.equal(typeof stripe.checkSecret(bad), 'string', bad);
  });

  it('are told apart from header values that only look alike', () => {
    assert.equal(
      refusal(stripe, withHeader(webhook(BODY, ''), HEADER, SECRET), [SECRET]),
      'malformed_signature',
    );
  });
});
