import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryServices, runHandler } from '@ackline/handlers/testing';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { type FakeTelegram, startFakeTelegram } from '@ackline/testkit/fake-telegram';
import { serviceBot } from '../telegram-service-bot/handlers/service-bot.ts';

const CHAT = 7;
const text = (words: string) => ({
  update_id: 1,
  message: { message_id: 1, date: 1, chat: { id: CHAT, type: 'private' }, text: words },
});
const press = (data: string) => ({
  update_id: 2,
  callback_query: { id: 'p1', from: { id: CHAT }, data, message: { message_id: 1, chat: { id: CHAT } } },
});

interface Bench extends AsyncDisposable {
  readonly telegram: FakeTelegram;
  readonly api: FakeReceiver;
  handle(
    body: object,
    event?: { readonly id?: string; readonly attempt?: number },
  ): ReturnType<typeof runHandler>;
  /** What the chat got, with its buttons. */
  said(): readonly (readonly [text: string, buttons: readonly string[]])[];
}

async function openBench(): Promise<Bench> {
  const telegram = await startFakeTelegram();
  const api = await startFakeReceiver();
  api.always(({ url }) => ({
    status: 200,
    body: url === '/requests' ? '{"number":41}' : '[{"id":1,"name":"Heating"},{"id":2,"name":"Water"}]',
  }));
  const services = createMemoryServices();
  const settings = { apiUrl: api.url, telegram: { apiUrl: telegram.url } };
  const secrets = { telegramToken: telegram.token };
  return {
    telegram,
    api,
    handle: (body, event = {}) => runHandler(serviceBot, { body, ...event }, { services, settings, secrets }),
    said: () =>
      telegram.sent.map(({ text: words, params }) => {
        const { inline_keyboard: rows } = params['reply_markup'] as {
          inline_keyboard: { callback_data: string }[][];
        };
        return [words, rows.flat().map(({ callback_data: data }) => data)];
      }),
    async [Symbol.asyncDispose]() {
      await telegram.close();
      await api.close();
    },
  };
}

describe('the Telegram service bot', () => {
  it('leads a chat from /start to a request', async () => {
    await using bench = await openBench();
    for (const body of [text('/start'), press('repair'), press('repair:home'), press('repair:home:2')]) {
      assert.equal((await bench.handle(body)).result.kind, 'done');
    }
    assert.deepEqual(bench.said(), [
      ['What do you need?', ['repair', 'install']],
      ['Where?', ['repair:home', 'repair:office']],
      ['What is it about?', ['repair:home:1', 'repair:home:2']],
      ['Request 41: Repair, At home, Water. We will call you.', []],
    ]);
    const { url, body } = bench.api.requests.at(-1) ?? {};
    assert.equal(url, '/requests');
    assert.deepEqual(JSON.parse(String(body)), { type: 'repair', side: 'home', category: 2 });
    const stopped = bench.telegram.calls.filter(({ method }) => method === 'answerCallbackQuery');
    assert.equal(stopped.length, 3);
  });

  it('asks the API once for the categories of a type and a side', async () => {
    await using bench = await openBench();
    for (const data of ['repair:home', 'repair:home', 'repair:home:1', 'repair:office']) {
      await bench.handle(press(data));
    }
    assert.deepEqual(
      bench.api.requests.map(({ url }) => url),
      ['/categories?type=repair&side=home', '/requests', '/categories?type=repair&side=office'],
    );
  });

  it('asks again for what no button of it says', async () => {
    await using bench = await openBench();
    for (const data of ['constructor', 'repair:toString', 'repair:home:99']) await bench.handle(press(data));
    assert.deepEqual(
      bench.said().map(([words]) => words),
      ['What do you need?', 'Where?', 'What is it about?'],
    );
  });

  it('is asked to come again while the API is away, and says sorry once when it stays so', async () => {
    await using bench = await openBench();
    bench.api.always({ status: 404 });
    const tries = [];
    for (const attempt of [1, 2, 3, 4]) {
      tries.push((await bench.handle(press('repair:home'), { id: 'e1', attempt })).result);
    }
    assert.deepEqual(
      tries.map(({ kind }) => kind),
      ['retry-later', 'retry-later', 'given-up', 'given-up'],
    );
    assert.deepEqual(
      bench.said().map(([words]) => words),
      ['Sorry, this does not work just now. Please try again in a few minutes: /start'],
    );
  });

  it('sends nothing a second time when an update is handled again', async () => {
    await using bench = await openBench();
    for (const attempt of [1, 2]) await bench.handle(text('/start'), { id: 'e1', attempt });
    assert.equal(bench.telegram.sent.length, 1);
  });

  it('answers though the button can not be answered any more', async () => {
    await using bench = await openBench();
    bench.telegram.script({
      status: 400,
      body: '{"ok":false,"description":"Bad Request: query is too old"}',
    });
    assert.equal((await bench.handle(press('repair'))).result.kind, 'done');
    assert.equal(bench.telegram.sent.length, 1);
  });

  it('takes a chat that has blocked it for answered', async () => {
    await using bench = await openBench();
    bench.telegram.script({ status: 403, body: '{"ok":false,"description":"Forbidden: bot was blocked"}' });
    const { result, lines } = await bench.handle(text('/start'));
    assert.equal(result.kind, 'done');
    assert.ok(lines.some(({ event }) => event.includes('blocked')));
  });

  it('leaves updates alone that nobody can be answered for', async () => {
    await using bench = await openBench();
    const { result } = await bench.handle({ update_id: 3, poll: { id: '1' } });
    assert.deepEqual([result.kind, bench.telegram.calls.length], ['done', 0]);
  });
});
