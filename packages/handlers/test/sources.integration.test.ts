import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { twilio as twilioProvider } from '@ackline/shared/providers/twilio';
import { telegram as telegramProvider } from '@ackline/shared/providers/telegram';
import { respondio as respondioProvider } from '@ackline/shared/providers/respondio';
import { startFakeRespondio } from '@ackline/testkit/fake-respondio';
import { startFakeTelegram } from '@ackline/testkit/fake-telegram';
import { startFakeTwilio } from '@ackline/testkit/fake-twilio';
import { any } from '../src/any.ts';
import { defineHandler } from '../src/define-handler.ts';
import { respondio } from '../src/respondio.ts';
import type { Source } from '../src/source.ts';
import { telegram } from '../src/telegram.ts';
import { runHandler, type TestEvent, type TestOptions } from '../src/testing.ts';
import { mediaOf, twilio } from '../src/twilio.ts';

const replying = <Payload>(source: Source<Payload>) =>
  defineHandler({ name: 'bot', source, handle: (_, ctx) => ctx.reply('pong') });

/** What a source makes of a body; the result where it makes nothing. */
async function payloadOf<Payload>(source: Source<Payload>, body: TestEvent['body']) {
  let payload: Payload | undefined;
  const handler = defineHandler({
    name: 'bot',
    source,
    handle(event) {
      payload = event.payload;
    },
  });
  const { result } = await runHandler(handler, { body });
  return payload ?? result;
}

const sampleOf = (provider: { sample(options: object): { body: Uint8Array } }, sequence: number) =>
  provider.sample({ url: 'https://hooks.example/', secret: 'secret', sequence, now: 1_795_372_800_000 }).body;

describe('an event of Telegram', () => {
  it('is an update, as Telegram sends it', async () => {
    const update = await payloadOf(telegram, sampleOf(telegramProvider as never, 0));
    assert.ok('update_id' in update && update.message !== undefined);
    for (const body of ['[]', '{}', '{"update_id":"1"}', 'x', Buffer.from([0xff])]) {
      const result = await payloadOf(telegram, body);
      assert.ok('kind' in result && result.kind === 'undecodable', JSON.stringify(result));
    }
  });

  it('is replied to in its chat: in the topic, for the business account, under a button', async () => {
    await using api = await startFakeTelegram();
    const options: TestOptions = {
      secrets: { telegramToken: api.token },
      settings: { telegram: { apiUrl: api.url } },
    };
    const chat = { id: -5, type: 'supergroup' };
    for (const update of [
      { message: { chat: { id: 7 }, text: 'ping' } },
      { callback_query: { from: { id: 8 }, message: { chat, message_id: 1 } } },
      { message: { chat, message_thread_id: 3, is_topic_message: true } },
      { message: { chat, message_thread_id: 4 } },
      { business_message: { chat: { id: 9 }, business_connection_id: 'b' } },
    ]) {
      const { result } = await runHandler(replying(telegram), { body: { update_id: 1, ...update } }, options);
      assert.deepEqual(result, { kind: 'done' });
    }
    assert.deepEqual(
      api.sent.map(({ params }) => params),
      [
        { chat_id: 7, text: 'pong' },
        { chat_id: -5, text: 'pong' },
        { chat_id: -5, message_thread_id: 3, text: 'pong' },
        { chat_id: -5, text: 'pong' },
        { chat_id: 9, business_connection_id: 'b', text: 'pong' },
      ],
    );
    const poll = { update_id: 1, poll: { id: '1' } };
    assert.equal((await runHandler(replying(telegram), { body: poll }, options)).result.kind, 'given-up');
  });
});

describe('an event of Twilio', () => {
  it('has the fields of its form, and its media in order', async () => {
    const form = await payloadOf(twilio, sampleOf(twilioProvider as never, 3));
    assert.ok('AccountSid' in form && typeof form.AccountSid === 'string');
    assert.deepEqual(
      mediaOf(form).map(({ contentType }) => contentType),
      ['image/jpeg'],
    );
    const many = { NumMedia: '2', MediaUrl0: 'a', MediaContentType0: 'x/y', MediaUrl1: 'b' };
    assert.deepEqual(mediaOf(many), [
      { url: 'a', contentType: 'x/y' },
      { url: 'b', contentType: '' },
    ]);
    for (const NumMedia of ['x', '-1', '']) assert.deepEqual(mediaOf({ NumMedia }), []);
    assert.equal(mediaOf({ NumMedia: '1e9', MediaUrl0: 'a' }).length, 1);
  });

  it('has only what a form has, whatever its fields are called', async () => {
    const form = await payloadOf(twilio, 'AccountSid=AC1&__proto__=x&toString=y&Body=a&Body=b');
    assert.deepEqual({ ...form }, { AccountSid: 'AC1', ['__proto__']: 'x', toString: 'y', Body: 'a' });
    for (const body of ['{"AccountSid":1}', 'AccountSid=%', '']) {
      const result = await payloadOf(twilio, body);
      assert.ok('kind' in result && result.kind === 'undecodable', body);
    }
  });

  it('is replied to from the number that it was sent to', async () => {
    await using api = await startFakeTwilio();
    const options: TestOptions = {
      secrets: { twilioAccountSid: api.accountSid, twilioAuthToken: api.authToken },
      settings: { twilio: { apiUrl: api.url } },
    };
    const body = 'AccountSid=AC1&From=whatsapp%3A%2B1&To=whatsapp%3A%2B2';
    assert.deepEqual((await runHandler(replying(twilio), { body }, options)).result, { kind: 'done' });
    assert.deepEqual(api.sent[0]?.fields, { From: 'whatsapp:+2', To: 'whatsapp:+1', Body: 'pong' });
    const { result } = await runHandler(replying(twilio), { body: 'AccountSid=AC1' }, options);
    assert.equal(result.kind, 'given-up');
  });
});

describe('an event of respond.io', () => {
  it('is its JSON, and is replied to on its channel', async () => {
    await using api = await startFakeRespondio();
    const options: TestOptions = {
      secrets: { respondioToken: api.token },
      settings: { respondio: { apiUrl: api.url } },
    };
    const payload = await payloadOf(respondio, sampleOf(respondioProvider as never, 0));
    assert.ok('contact' in payload && payload.contact?.id === '123');
    const body = { contact: { id: 55 }, channel: { id: 9 }, message: { messageId: 1 } };
    assert.deepEqual((await runHandler(replying(respondio), { body }, options)).result, { kind: 'done' });
    await runHandler(replying(respondio), { body: { contact: { id: '56' } } }, options);
    const message = { type: 'text', text: 'pong' };
    assert.deepEqual(api.sent, [
      { contact: 'id:55', channelId: 9, message },
      { contact: 'id:56', message },
    ]);
    assert.equal((await runHandler(replying(respondio), { body: {} }, options)).result.kind, 'given-up');
  });
});

describe('an event of any provider', () => {
  it('is its JSON, and has no way to reply', async () => {
    assert.deepEqual(await payloadOf(any, '[1,null]'), [1, null]);
    const result = await payloadOf(any, 'secret text');
    assert.deepEqual(result, { kind: 'undecodable', detail: 'the body is not JSON' });
    assert.deepEqual((await runHandler(replying(any), { body: {} })).result, {
      kind: 'given-up',
      detail: 'the source of the handler bot has no way to reply',
    });
  });
});
