import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type FakeTelegram, startFakeTelegram } from '@ackline/testkit/fake-telegram';
import { createTelegramClient, type TelegramClient } from '../../src/clients/telegram-client.ts';
import type { HandlerError } from '../../src/handler-error.ts';
import type { OutboundError } from '../../src/http/outbound-error.ts';
import { type ClientBench, clientBench } from './client-bench.ts';

describe('the client of Telegram', () => {
  let telegram: FakeTelegram;
  let bench: ClientBench;
  let client: TelegramClient;
  const withToken = (telegramToken: string) =>
    createTelegramClient(
      bench.deps({ secrets: { telegramToken }, settings: { telegram: { apiUrl: telegram.url } } }),
    );
  before(async () => {
    telegram = await startFakeTelegram();
    bench = clientBench();
    client = withToken(telegram.token);
  });
  after(async () => {
    await bench[Symbol.asyncDispose]();
    await telegram.close();
  });

  it('sends a message within the limits of the chat and of the bot, by keys that hold no token', async () => {
    const message = await client.sendMessage({ chat_id: 42, text: 'hello' });
    assert.equal(message.message_id, 1);
    assert.deepEqual(
      telegram.sent.map(({ chatId, text }) => [chatId, text]),
      [[42, 'hello']],
    );
    assert.deepEqual(
      bench.taken.map(({ points, perMs }) => [points, perMs]),
      [
        [1, 1_000],
        [30, 1_000],
      ],
    );
    assert.match(bench.taken[0]?.key ?? '', /^telegram:[0-9a-f]{16}:42$/);
    assert.match(bench.taken[1]?.key ?? '', /^telegram:[0-9a-f]{16}$/);
  });

  it('takes the limit of the bot alone for what no chat sees', async () => {
    const before = bench.taken.length;
    assert.equal(await client.answerCallbackQuery({ callback_query_id: '1' }), true);
    assert.deepEqual(
      bench.taken.slice(before).map(({ points }) => points),
      [30],
    );
  });

  it('waits as long as Telegram asks in its body, and sends once', async () => {
    telegram.limit(1, 0);
    const before = telegram.sent.length;
    await client.sendMessage({ chat_id: 1, text: 'after 429' });
    assert.equal(telegram.sent.length, before + 1);
    assert.deepEqual(
      telegram.calls.slice(-2).map(({ status }) => status),
      [429, 200],
    );
  });

  it('leaves a longer wait to the schedule of the destination', async () => {
    telegram.limit(1, 35);
    await assert.rejects(client.sendMessage({ chat_id: 1, text: 'x' }), (error: HandlerError) => {
      assert.deepEqual([error.kind, error.afterMs], ['retry-later', 35_000]);
      return true;
    });
  });

  it('says in Telegram’s own words what is wrong, but not what these quote', async () => {
    const answer = {
      ok: false,
      error_code: 400,
      description: 'Bad Request: can\'t parse entities: unsupported start tag "secret-text" at byte offset 3',
    };
    telegram.script({ status: 400, body: JSON.stringify(answer) });
    await assert.rejects(client.sendMessage({ chat_id: 1, text: 'x' }), (error: OutboundError) => {
      assert.match(error.message, /^POST 127\.0\.0\.1:\d+ answered 400: Bad Request: can't parse entities/);
      assert.doesNotMatch(error.message, /secret-text|fake-token/);
      assert.deepEqual([error.kind, error.status, error.maybeDone], ['failed', 400, false]);
      return true;
    });
  });

  it('does not send again what may have been sent, and says so', async () => {
    for (const answer of [{ reset: true } as const, { status: 502, body: '<html>' }]) {
      telegram.script(answer);
      const before = telegram.calls.length;
      await assert.rejects(client.sendMessage({ chat_id: 1, text: 'x' }), { maybeDone: true });
      assert.equal(telegram.calls.length, before + 1);
    }
  });

  it('asks again what has no effect', async () => {
    telegram.script({ reset: true }, { status: 502, body: '<html>' });
    assert.equal((await client.getWebhookInfo()).url, '');
  });

  it('sets and reads the webhook', async () => {
    await client.setWebhook({ url: 'https://hooks.example/webhook', secret_token: 's', max_connections: 10 });
    const { url, max_connections: connections } = await client.getWebhookInfo();
    assert.deepEqual([url, connections], ['https://hooks.example/webhook', 10]);
  });

  it('downloads a file up to a bound', async () => {
    telegram.addFile('photo', Buffer.alloc(1_000, 7));
    const file = await client.getFile('photo');
    assert.deepEqual(await client.download(file), Buffer.alloc(1_000, 7));
    await assert.rejects(client.download(file, { maxBytes: 999 }), { code: 'TOO_LARGE' });
    await assert.rejects(client.download({ file_path: '../bot1/getMe' }), { kind: 'given-up' });
  });

  it('needs a token, and says where; a wrong one is refused by Telegram', async () => {
    assert.throws(() => createTelegramClient(bench.deps({ secrets: {}, settings: {} })), {
      code: 'SECRET_MISSING',
      message: /needs telegramToken among the destination's secrets/,
    });
    await assert.rejects(withToken('1:wrong').getWebhookInfo(), { status: 401, code: 'HTTP_401' });
  });
});
