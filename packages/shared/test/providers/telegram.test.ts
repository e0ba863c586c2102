import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { telegram } from '../../src/providers/telegram.ts';
import { fixture, identityOf, post, refusal, signedSample, withHeader } from './support/requests.ts';
import { testSignedProvider } from './support/suite.ts';
import { fixtures, updates } from './telegram/updates.ts';

const TOKEN = 'A-secret_Token-1';
const HEADER = 'X-Telegram-Bot-Api-Secret-Token';
const update = (body: string | Uint8Array) =>
  post(
    [
      ['Content-Type', 'application/json'],
      [HEADER, TOKEN],
    ],
    body,
  );
const ofUpdate = (content: object) =>
  identityOf(telegram, update(JSON.stringify({ update_id: 7, ...content })));

testSignedProvider({
  provider: telegram,
  secret: TOKEN,
  otherSecret: 'another-secret_Token',
  proofHeaders: ['x-telegram-bot-api-secret-token'],
  bodies: new Map(
    ['newline-form', 'ids-over-2-53', 'prototype-names'].map(name => [
      name,
      fixture(`telegram/${name}.json`).toString(),
    ]),
  ),
  // The token proves the sender, and nothing is signed.
  altered: 'verified',
  sign: (body, { secret }) => withHeader(update(body), HEADER, secret),
  sdk: null,
});

describe('telegram fixtures', () => {
  for (const [name, told] of fixtures)
    it(`are an update as the types of the Bot API have it: ${name}`, () => {
      assert.deepEqual(JSON.parse(fixture(`telegram/${name}.json`).toString()), told);
    });
});

describe('telegram verify', () => {
  it('never takes for a token what setWebhook refuses, though the source has the same for a secret', () => {
    const good = update(fixture('telegram/newline-form.json'));
    for (const token of ['', 'with space', `${TOKEN}\n`, 'é', 'x'.repeat(257), `${TOKEN}, ${TOKEN}`]) {
      assert.equal(refusal(telegram, withHeader(good, HEADER, token), [TOKEN, token]), 'malformed_signature');
    }
  });
});

describe('telegram identify', () => {
  it('names the update by its id and its bytes, and the chat by its id', () => {
    assert.deepEqual(identityOf(telegram, update(fixture('telegram/newline-form.json'))), {
      type: 'message',
      dedupKey: '123456789|7e9c3ce084764d51e1357eae431c4014',
      orderingKey: '5000000001',
      occurredAt: 1764000000000,
      priority: 'normal',
    });
  });

  it('counts a retry once, and a new update under an id that comes up again as new', () => {
    const first = update('{"update_id":5,\n"message":{"text":"a"}}');
    const later = update('{"update_id":5,\n"message":{"text":"b"}}');
    assert.equal(identityOf(telegram, first).dedupKey, identityOf(telegram, update(first.body)).dedupKey);
    assert.notEqual(identityOf(telegram, first).dedupKey, identityOf(telegram, later).dedupKey);
  });

  it('keeps chat ids over 2^53 apart that a double would make one', () => {
    const first = identityOf(telegram, update(fixture('telegram/ids-over-2-53.json')));
    const second = identityOf(telegram, update(fixture('telegram/ids-over-2-53-neighbour.json')));
    assert.equal(first.orderingKey, '-9007199254740993');
    assert.equal(second.orderingKey, '-9007199254740992');
  });

  for (const [kind, examples] of Object.entries(updates))
    for (const { content, orderingKey, occurredAt } of examples)
      it(`orders ${kind} by ${orderingKey ?? 'nothing'} (${Object.keys(content).join(', ')})`, () => {
        const identity = ofUpdate({ [kind]: content });
        assert.deepEqual(
          [identity.type, identity.orderingKey, identity.occurredAt],
          [kind, orderingKey, occurredAt],
        );
      });

  const chat = { id: -1001 };
  it('orders a kind of next year by its chat too', () => {
    const identity = ofUpdate({ kind_of_next_year: { chat, date: 1_764_000_000 } });
    assert.deepEqual(
      [identity.type, identity.orderingKey, identity.occurredAt],
      ['kind_of_next_year', '-1001', 1_764_000_000_000],
    );
  });

  it('takes an empty name for no kind', () => {
    assert.equal(ofUpdate({ '': {} }).type, 'unknown');
    assert.equal(ofUpdate({ '': {}, message: { chat } }).type, 'message');
  });

  it('keeps an update without a usable id or kind, with no key that it would have to guess', () => {
    assert.deepEqual(identityOf(telegram, update('{}')), {
      type: 'unknown',
      dedupKey: null,
      orderingKey: null,
      occurredAt: null,
      priority: 'normal',
    });
    for (const id of ['"7"', '1.5', 'null', '{}', '1e40', '[7]']) {
      assert.equal(identityOf(telegram, update(`{"update_id":${id},"message":{}}`)).dedupKey, null, id);
    }
    assert.match(
      identityOf(telegram, update('{"update_id":9007199254740993,"message":{}}')).dedupKey ?? '',
      /^9007199254740993\|/,
    );
  });

  it('takes the last of duplicate keys, and the object where several kinds are sent', () => {
    const identity = identityOf(telegram, update(fixture('telegram/duplicate-keys.json')));
    assert.match(identity.dedupKey ?? '', /^2\|/);
    assert.equal(identity.orderingKey, '2');
    assert.equal(ofUpdate({ note: 1, message: { chat } }).type, 'message');
  });

  it('is not misled by names that every object inherits', () => {
    const identity = identityOf(telegram, update(fixture('telegram/prototype-names.json')));
    assert.equal(identity.type, '__proto__');
    assert.equal(identity.orderingKey, '7');
    assert.equal(ofUpdate({ constructor: {} }).orderingKey, null);
  });

  it('makes keys that PostgreSQL can hold out of any name and id', () => {
    assert.match(ofUpdate({ 'a\u0000b': {} }).type, /^sha256:/);
    assert.match(ofUpdate({ ['x'.repeat(1000)]: {} }).type, /^sha256:/);
    assert.match(ofUpdate({ message: { chat: { id: 'a\u0000b' } } }).orderingKey ?? '', /^sha256:/);
  });

  it('calls invalid UTF-8, cut JSON and other JSON values malformed', () => {
    for (const body of [
      fixture('telegram/invalid-utf8.json'),
      fixture('telegram/truncated.json'),
      '',
      '[]',
      '"x"',
    ]) {
      assert.equal(telegram.identify(update(body)).kind, 'malformed');
    }
  });
});

describe('telegram answer and sample', () => {
  it('answers JSON without a method, which Telegram would execute', () => {
    const answer = telegram.answer(update('{}'));
    assert.deepEqual(answer, { status: 200, contentType: 'application/json', body: '{"status":"received"}' });
    assert.ok(!('method' in JSON.parse(answer.body)));
  });

  it('samples updates in the form of the Bot API server, over several chats', () => {
    const chats = new Set<string | null>();
    for (let sequence = 0; sequence < 20; sequence += 1) {
      const request = signedSample(telegram, TOKEN, sequence);
      assert.match(Buffer.from(request.body).toString(), /^\{"update_id":\d+,\n"message":\{/);
      chats.add(identityOf(telegram, request).orderingKey);
    }
    assert.equal(chats.size, 5);
  });

  it('checks the form that setWebhook demands', () => {
    for (const good of ['a', 'A-b_9', 'x'.repeat(256)]) assert.equal(telegram.checkSecret(good), true);
    for (const bad of ['', 'a b', 'a\n', 'é', 'a:b', 'x'.repeat(257)])
      assert.equal(typeof telegram.checkSecret(bad), 'string');
  });
});
