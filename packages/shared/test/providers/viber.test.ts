import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';

import { viber } from '../../src/providers/viber.ts';
import {
  fixture,
  identityOf,
  post,
  refusal,
  signedSample,
  URL_CALLED,
  withHeader,
} from './support/requests.ts';
import { testSignedProvider } from './support/suite.ts';

const SECRET = '445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9';
const HEADER = 'X-Viber-Content-Signature';
const names = ['message-text', 'conversation-started', 'delivered', 'webhook'];
const MESSAGE = fixture('viber/message-text.json');
const ADA = '01234567890A=';

const webhook = (body: string | Uint8Array, signature: string, url = URL_CALLED) =>
  post(
    [
      ['Content-Type', 'application/json'],
      [HEADER, signature],
    ],
    body,
    url,
  );
const signatureOf = (body: string | Uint8Array, secret = SECRET) =>
  createHmac('sha256', secret).update(body).digest('hex');
const of = (payload: unknown) => identityOf(viber, webhook(JSON.stringify(payload), ''));
const named = (name: string) => identityOf(viber, webhook(fixture(`viber/${name}.json`), ''));

testSignedProvider({
  provider: viber,
  secret: SECRET,
  otherSecret: '4a1b2c3d4e5f6071-8293a4b5c6d7e8f9-0a1b2c3d4e5f6071',
  proofHeaders: [HEADER.toLowerCase()],
  bodies: new Map(names.map(name => [name, fixture(`viber/${name}.json`).toString()])),
  sign: (body, { secret }) => webhook(body, signatureOf(body, secret)),
  sdk: null,
});

/** Each was taken by `MessageValidator.validateMessage` of the SDK `viber-bot` 1.0.18. */
const vectors = [
  ['message-text', '63e0f5dcf14fb5824ce8d2fd01013b0a4cd655f6ee40f303da0228b8a9848b62'],
  ['conversation-started', '3ab8fcc469eea2f148082699fe8a13c15c8c7288501f63aba87fda43e5b35264'],
  ['delivered', '704a5e268edd8fca8d73642470dc16dec581cbcbf56a346624558d2e50b89b11'],
  ['webhook', 'dcb48be6c691e14a1cf81bbe66fc5f613a756ae6859b0459d5dc85569ee25c56'],
] as const;

describe('viber verify', () => {
  it('takes what the SDK takes', () => {
    for (const [name, signature] of vectors)
      assert.equal(refusal(viber, webhook(fixture(`viber/${name}.json`), signature), [SECRET]), 'verified');
  });

  it('never looks at the signature in the URL, be it right or wrong', () => {
    const signature = signatureOf(MESSAGE);
    const inUrl = webhook(MESSAGE, '', `${URL_CALLED}?sig=${signature}`);
    assert.equal(refusal(viber, withHeader(inUrl, HEADER, null), [SECRET]), 'missing_signature');
    assert.equal(refusal(viber, inUrl, [SECRET]), 'malformed_signature');
    for (const query of ['?sig=', `?sig=${signatureOf('{}')}`])
      assert.equal(refusal(viber, webhook(MESSAGE, signature, URL_CALLED + query), [SECRET]), 'verified');
  });

  it('never takes base64, a prefix or upper case', () => {
    const hex = signatureOf(MESSAGE);
    const base64 = Buffer.from(hex, 'hex').toString('base64');
    for (const text of [base64, `sha256=${hex}`, ` ${hex}`, hex.toUpperCase()])
      assert.equal(refusal(viber, webhook(MESSAGE, text), [SECRET]), 'malformed_signature', text);
  });
});

describe('viber identify', () => {
  it('names a message by its token over 2^53, exactly, and its order by who wrote it', () => {
    assert.deepEqual(named('message-text'), {
      type: 'message',
      dedupKey: `message|5741311803571721087|${ADA}`,
      orderingKey: ADA,
      occurredAt: 1_795_348_798_123,
      priority: 'normal',
    });
    const keyOf = (token: string) =>
      identityOf(viber, webhook(`{"event":"message","message_token":${token}}`, '')).dedupKey;
    assert.equal(keyOf('9007199254740993'), 'message|9007199254740993');
    assert.notEqual(keyOf('9007199254740993'), keyOf('9007199254740992'));
    assert.equal(keyOf('"9007199254740993"'), keyOf('9007199254740993'));
  });

  it('orders what a person begins, and receipts, with the messages of the person', () => {
    assert.deepEqual(
      ['conversation-started', 'delivered'].map(name => [named(name).type, named(name).orderingKey]),
      [
        ['conversation_started', ADA],
        ['delivered', ADA],
      ],
    );
  });

  it('tells a message, that it was delivered, that it was seen, and who of a broadcast saw it apart', () => {
    const keys = ['message', 'delivered', 'seen'].flatMap(event =>
      ['ada', 'bob'].map(user_id => of({ event, message_token: 5, user_id }).dedupKey),
    );
    assert.equal(new Set(keys).size, 6);
    assert.ok(!keys.includes(null));
  });

  it('takes the callback of set_webhook as an event of nobody', () => {
    const { type, dedupKey, orderingKey } = named('webhook');
    assert.deepEqual([type, dedupKey, orderingKey], ['webhook', 'webhook|4912661846655238147', null]);
  });

  it('gives null for ids and times that are none', () => {
    const none = { type: 'unknown', dedupKey: null, orderingKey: null, occurredAt: null, priority: 'normal' };
    for (const payload of [
      {},
      { event: '', message_token: '', timestamp: 'soon', sender: [], user_id: '' },
      { event: 1, message_token: 1.5, timestamp: -1, sender: { id: {} }, user: null, user_id: null },
    ])
      assert.deepEqual(of(payload), none);
  });
});

describe('viber answer', () => {
  it('has no body: Viber would send it to who opened the conversation', () => {
    const started = webhook(fixture('viber/conversation-started.json'), '');
    assert.deepEqual(viber.answer(started), { status: 200, contentType: null, body: '' });
  });
});

describe('viber sample', () => {
  it('has tokens over 2^53 and under 2^63', () => {
    for (const now of [Date.UTC(2026, 0), Date.UTC(2100, 0)]) {
      const [, token = ''] =
        identityOf(viber, signedSample(viber, SECRET, 7, now)).dedupKey?.split('|') ?? [];
      assert.ok(BigInt(token) > 2n ** 53n && BigInt(token) < 2n ** 63n, token);
    }
  });
});

describe('viber secrets', () => {
  it('are any text but one that a copy left white space on', () => {
    for (const good of [SECRET, 'x']) assert.equal(viber.checkSecret(good), true);
    for (const bad of ['', ` ${SECRET}`, `${SECRET}\n`])
      assert.equal(typeof viber.checkSecret(bad), 'string');
  });
});
