import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';

import { Paddle } from '@paddle/paddle-node-sdk';

import { paddle } from '../../src/providers/paddle.ts';
import { fixture, identityOf, NOW, post, refusal } from './support/requests.ts';
import { headerOf, type SignOptions } from './support/signed-provider.ts';
import { testSignedProvider } from './support/suite.ts';

const SECRET = 'pdl_ntfset_01gkpjp8bkm3tm53kdgkx6sms7_6h3qd3uFSi9YCD3OLYAShQI90XTI5vEI';
const HEADER = 'Paddle-Signature';
const names = ['transaction-completed', 'subscription-canceled'];
const BODY = fixture('paddle/transaction-completed.json');
const { webhooks } = new Paddle('of-no-account');

const webhook = (body: string | Uint8Array, header: string) =>
  post(
    [
      ['Content-Type', 'application/json'],
      [HEADER, header],
    ],
    body,
  );
const seconds = (at: number) => String(Math.floor(at / 1000));
const hexOf = (body: Uint8Array, { secret, at }: SignOptions) =>
  createHmac('sha256', secret)
    .update(`${seconds(at)}:`)
    .update(body)
    .digest('hex');
const H1 = hexOf(BODY, { secret: SECRET, at: NOW });
const TS = `ts=${seconds(NOW)}`;
const of = (payload: unknown) => identityOf(paddle, webhook(JSON.stringify(payload), ''));

testSignedProvider({
  provider: paddle,
  secret: SECRET,
  otherSecret: 'pdl_ntfset_of-another-destination',
  proofHeaders: ['paddle-signature'],
  bodies: new Map(names.map(name => [name, fixture(`paddle/${name}.json`).toString()])),
  sign: (body, options) => webhook(body, `ts=${seconds(options.at)};h1=${hexOf(body, options)}`),
  sdk: {
    name: '@paddle/paddle-node-sdk',
    sign: null,
    verifies: (request, secret) =>
      webhooks.isSignatureValid(
        Buffer.from(request.body).toString(),
        secret,
        headerOf(request, 'paddle-signature'),
      ),
  },
});

describe('paddle verify', () => {
  const right = (...pairs: string[]) => refusal(paddle, webhook(BODY, pairs.join(';')), [SECRET]);
  const wrong = `h1=${'0'.repeat(64)}`;

  it('takes the one of several h1 that holds, wherever it stands, and the pairs in any order', () => {
    for (const pairs of [
      [TS, wrong, `h1=${H1}`],
      [TS, `h1=${H1}`, wrong],
      [`h1=${H1}`, TS],
      [TS, `h2=${H1}`, `h1=${H1}`],
    ])
      assert.equal(right(...pairs), 'verified', pairs.join(';'));
    assert.equal(right(TS, wrong, wrong), 'wrong_signature');
  });

  it('never takes another scheme, or an h1 that is not 64 lower-case hexadecimal digits', () => {
    for (const pair of [
      `h2=${H1}`,
      `h11=${H1}`,
      `h1=${H1.toUpperCase()}`,
      `h1=${H1.slice(1)}`,
      `h1=${H1}0`,
      'h1=',
    ])
      assert.equal(right(TS, pair), 'malformed_signature', pair);
  });

  it('refuses a header without a time, with two, or with one that is no whole second', () => {
    for (const time of [
      [],
      [TS, TS],
      ['ts='],
      ['ts=now'],
      [`ts=-${seconds(NOW)}`],
      [`ts=0${seconds(NOW)}`],
      [`ts=${seconds(NOW)}.0`],
      [`t=${seconds(NOW)}`],
    ])
      assert.equal(right(...time, `h1=${H1}`), 'malformed_signature', time.join(';'));
  });

  it('refuses commas, spaces and empty pairs', () => {
    for (const header of [
      `${TS},h1=${H1}`,
      `${TS}; h1=${H1}`,
      `${TS};;h1=${H1}`,
      `;${TS};h1=${H1}`,
      `${TS};h1=${H1};`,
    ])
      assert.equal(right(header), 'malformed_signature', header);
  });

  it('never takes what was signed with another second, or with a point for the colon', () => {
    const late = hexOf(BODY, { secret: SECRET, at: NOW + 1_000 });
    const point = createHmac('sha256', SECRET)
      .update(`${seconds(NOW)}.`)
      .update(BODY)
      .digest('hex');
    for (const h1 of [late, point]) assert.equal(right(TS, `h1=${h1}`), 'wrong_signature');
  });
});

describe('paddle identify', () => {
  it('names an event by its id, its type, the entity that changed and its time', () => {
    assert.deepEqual(identityOf(paddle, webhook(BODY, '')), {
      type: 'transaction.completed',
      dedupKey: 'evt_01hv8x2acma2gz7he8kg2s0hna',
      orderingKey: 'txn_01hv8wptq8987qeep44cyrewp9',
      occurredAt: Date.UTC(2026, 10, 22, 11, 59, 58, 103),
      priority: 'normal',
    });
  });

  it('gives null for ids and times that are none', () => {
    const none = { type: 'unknown', dedupKey: null, orderingKey: null, occurredAt: null, priority: 'normal' };
    for (const payload of [
      {},
      { event_id: '', event_type: '', occurred_at: 'soon', data: [] },
      { event_id: {}, event_type: 1, occurred_at: 1, data: { id: [] }, notification_id: 'ntf_1' },
    ])
      assert.deepEqual(of(payload), none);
  });
});

describe('paddle secrets', () => {
  it('are those of a notification destination, never an API key', () => {
    for (const good of [SECRET, 'x']) assert.equal(paddle.checkSecret(good), true);
    for (const bad of [
      '',
      ` ${SECRET}`,
      `${SECRET}\n`,
      'pdl_live_apikey_01gtgztp8f4kek3yd4g1wrksa3_q6TGTJyvoIz7LDtXT65bX7_AQO',
      'pdl_sdbx_apikey_01gtgztp8f4kek3yd4g1wrksa3_q6TGTJyvoIz7LDtXT65bX7_AQO',
    ])
      assert.equal(typeof paddle.checkSecret(bad), 'string', bad);
  });
});
