import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';

import { validateSignature } from '@line/bot-sdk';

import { keyOfAll } from '../../src/providers/event/identity-keys.ts';
import { line } from '../../src/providers/line.ts';
import {
  fixture,
  identityOf,
  partsOf as partsOfBody,
  post,
  refusal,
  signedSample,
  withHeader,
} from './support/requests.ts';
import { headerOf } from './support/signed-provider.ts';
import { testSignedProvider } from './support/suite.ts';

const SECRET = '8c570fa6dd201bb328f1c1eac23a96d8';
const HEADER = 'x-line-signature';
const BOT = 'U6a1c4e8b7d2f40539c0be1a7f3d52846';
const USER = 'U2d9f0b6c8e174a53b0c1d7e4f6a95832';
const GROUP = 'Ca56f94637c4c4a1b8d3f5e7c90a1b2c3';
const names = ['message-text', 'two-chats', 'verify'];
const MESSAGE = fixture('line/message-text.json');
const TWO_CHATS = fixture('line/two-chats.json');

const webhook = (body: string | Uint8Array, signature: string) =>
  post(
    [
      ['Content-Type', 'application/json; charset=utf-8'],
      [HEADER, signature],
    ],
    body,
  );
const signatureOf = (body: string | Uint8Array, secret = SECRET) =>
  createHmac('sha256', secret).update(body).digest('base64');
const wholeOf = (payload: unknown) => identityOf(line, webhook(JSON.stringify(payload), ''));
const partsOf = (body: string | Uint8Array) => partsOfBody(line, body);
/** Of an event that is one of two. */
const identityOfEvent = (event: unknown, destination: unknown = BOT) =>
  partsOf(JSON.stringify({ destination, events: [event, {}] }))[0]?.identity;

testSignedProvider({
  provider: line,
  secret: SECRET,
  otherSecret: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
  proofHeaders: [HEADER],
  bodies: new Map(names.map(name => [name, fixture(`line/${name}.json`).toString()])),
  sign: (body, { secret }) => webhook(body, signatureOf(body, secret)),
  sdk: {
    name: '@line/bot-sdk',
    sign: null,
    verifies: (request, secret) =>
      validateSignature(Buffer.from(request.body), secret, headerOf(request, HEADER)),
  },
});

describe('line verify', () => {
  it('never takes hexadecimal digits, a prefix, or base64 that is written another way', () => {
    const base64 = signatureOf(MESSAGE);
    const hex = Buffer.from(base64, 'base64').toString('hex');
    for (const text of [hex, `sha256=${base64}`, ` ${base64}`, base64.slice(0, -1)])
      assert.equal(refusal(line, webhook(MESSAGE, text), [SECRET]), 'malformed_signature', text);
    const url = Buffer.from(base64, 'base64').toString('base64url');
    assert.notEqual(refusal(line, webhook(MESSAGE, `${url}=`), ['x']), 'verified');
  });
});

describe('line identify', () => {
  it('names a body with one event by that event, and its order by the bot', () => {
    assert.deepEqual(identityOf(line, webhook(MESSAGE, '')), {
      type: 'message',
      dedupKey: '01FZ74A0TDDPYRVKNK77XKC3ZR',
      orderingKey: BOT,
      occurredAt: 1_795_348_799_123,
      priority: 'normal',
    });
  });

  it('names a body with several by all of them, and keeps the bot’s order', () => {
    assert.deepEqual(identityOf(line, webhook(TWO_CHATS, '')), {
      type: 'batch',
      dedupKey: keyOfAll(['01FZ74ASS536FW97EX38NKCZQK', '01FZ74B5Y0F4TNKA5SCAVKPEDM']),
      orderingKey: BOT,
      occurredAt: null,
      priority: 'normal',
    });
  });

  it('takes the Verify of the console as an event without order, and answers it 200', () => {
    const request = webhook(fixture('line/verify.json'), '');
    const { type, dedupKey, orderingKey } = identityOf(line, request);
    assert.deepEqual([type, dedupKey, orderingKey], ['verify', null, null]);
    assert.equal(line.answer(request).status, 200);
    assert.deepEqual(partsOf(fixture('line/verify.json')), []);
  });

  it('calls an object without a list of events unknown, and promises no order without a bot', () => {
    for (const payload of [{}, { events: {} }, { events: null, destination: BOT }, { id: 'a' }]) {
      const { type, dedupKey, orderingKey } = wholeOf(payload);
      assert.deepEqual([type, dedupKey, orderingKey], ['unknown', null, null], JSON.stringify(payload));
      assert.deepEqual(partsOf(JSON.stringify(payload)), []);
    }
    for (const destination of [null, '', {}, 1.5]) {
      assert.equal(wholeOf({ destination, events: [{}, {}] }).orderingKey, null);
      assert.equal(identityOfEvent({ source: { userId: USER } }, destination)?.orderingKey, null);
    }
  });
});

describe('line split', () => {
  it('names each event by its id, its type, its chat and its time', () => {
    assert.deepEqual(
      partsOf(TWO_CHATS).map(({ identity }) => identity),
      [
        {
          type: 'message',
          dedupKey: '01FZ74ASS536FW97EX38NKCZQK',
          orderingKey: `${BOT}|${GROUP}`,
          occurredAt: 1_795_348_799_200,
          priority: 'normal',
        },
        {
          type: 'follow',
          dedupKey: '01FZ74B5Y0F4TNKA5SCAVKPEDM',
          orderingKey: `${BOT}|${USER}`,
          occurredAt: 1_795_348_799_300,
          priority: 'normal',
        },
      ],
    );
  });

  it('orders by group, else room, else user', () => {
    const chatOf = (source: unknown) => identityOfEvent({ source })?.orderingKey;
    assert.equal(chatOf({ type: 'room', roomId: 'R1', userId: USER }), `${BOT}|R1`);
    assert.equal(chatOf({ type: 'group', groupId: GROUP }), `${BOT}|${GROUP}`);
    for (const source of [undefined, null, {}, { userId: '' }, { groupId: {} }, 'user', [USER]])
      assert.equal(chatOf(source), null, JSON.stringify(source));
  });

  it('gives each part as a body of its own with the bot, its event byte for byte', () => {
    const [image, follow, ...others] = partsOf(TWO_CHATS).map(({ body }) => Buffer.from(body).toString());
    assert.deepEqual(others, []);
    assert.ok(image && follow);
    for (const part of [image, follow]) {
      const [, event = ''] = /^\{"destination":"U[0-9a-f]{32}","events":\[(.+)\]\}$/s.exec(part) ?? [];
      assert.ok(event !== '' && TWO_CHATS.includes(event), part);
    }
    assert.ok(follow.includes('"vendor":9007199254740993.10'));
    const whole = JSON.parse(TWO_CHATS.toString()) as { events: unknown[] };
    for (const [index, part] of [image, follow].entries())
      assert.deepEqual(JSON.parse(part), { ...whole, events: [whole.events[index]] });
  });

  it('names a part as it is named alone: an event that comes again in another body is the same one', () => {
    for (const { identity, body } of partsOf(TWO_CHATS)) {
      const [again, ...others] = partsOf(body);
      assert.deepEqual([again?.identity, others], [identity, []]);
    }
  });

  it('leaves a body with one event as it is signed, so that the receiver’s SDK takes it', () => {
    const [part] = partsOf(MESSAGE);
    assert.deepEqual(part?.body, MESSAGE);
    assert.equal(part.identity.orderingKey, `${BOT}|${USER}`);
    const spaced = Buffer.from('{ "events": [{}], "more": 1 }');
    assert.deepEqual(partsOf(spaced)[0]?.body, spaced);
    const sample = signedSample(line, SECRET, 3);
    const [whole] = partsOf(sample.body);
    assert.ok(whole !== undefined && whole.identity.dedupKey !== null);
    assert.ok(validateSignature(Buffer.from(whole.body), SECRET, headerOf(sample, HEADER)));
  });

  it('makes no new event of a redelivery', () => {
    const event = { type: 'follow', webhookEventId: '01FZ74B5Y0F4TNKA5SCAVKPEDM', source: { userId: USER } };
    const keyOf = (isRedelivery: boolean, ...more: object[]) => {
      const deliveryContext = { isRedelivery };
      return wholeOf({ destination: BOT, events: [{ ...event, deliveryContext }, ...more] }).dedupKey;
    };
    assert.equal(keyOf(true), '01FZ74B5Y0F4TNKA5SCAVKPEDM');
    assert.equal(keyOf(true), keyOf(false));
    const other = { ...event, webhookEventId: '01FZ74ASS536FW97EX38NKCZQK' };
    assert.notEqual(keyOf(true, other), null);
    assert.equal(keyOf(true, other), keyOf(false, other));
    assert.equal(keyOf(true, { ...other, webhookEventId: null }), null);
  });

  it('gives an event that is none of LINE’s no id, and loses none of them', () => {
    const body =
      '{"destination":"U1","events":[1,null,"a,b",[],{"type":"","webhookEventId":{},"timestamp":-1}]}';
    const parts = partsOf(body);
    assert.equal(parts.length, 5);
    for (const { identity } of parts)
      assert.deepEqual(identity, {
        type: 'unknown',
        dedupKey: null,
        orderingKey: null,
        occurredAt: null,
        priority: 'normal',
      });
    assert.equal(Buffer.from(parts[2]?.body ?? []).toString(), '{"destination":"U1","events":["a,b"]}');
  });

  it('takes the last of duplicate names for the value and for the bytes', () => {
    const parts = partsOf(
      '{"events":[{"type":"a"},{}],"destination":"U1","events":[{"type":"b"},{"type":"c"}]}',
    );
    assert.deepEqual(
      parts.map(({ identity, body }) => [identity.type, Buffer.from(body).toString()]),
      [
        ['b', '{"destination":"U1","events":[{"type":"b"}]}'],
        ['c', '{"destination":"U1","events":[{"type":"c"}]}'],
      ],
    );
  });
});

describe('line secrets', () => {
  it('are channel secrets, never access tokens', () => {
    for (const good of [SECRET, 'x']) assert.equal(line.checkSecret(good), true);
    for (const bad of ['', ` ${SECRET}`, `${SECRET}\n`, 'A'.repeat(172)])
      assert.equal(typeof line.checkSecret(bad), 'string', bad);
  });

  it('are of another channel without its header', () => {
    const request = signedSample(line, SECRET);
    assert.equal(refusal(line, withHeader(request, HEADER, null), [SECRET]), 'missing_signature');
  });
});
