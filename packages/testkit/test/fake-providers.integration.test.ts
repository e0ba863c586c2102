import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startFakeReceiver } from '../src/fake-receiver.ts';
import { startFakeTelegram } from '../src/fake-telegram.ts';

async function call(url: string, params: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(params) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('the fake Telegram', () => {
  it('keeps the limits of a chat and of a bot, where it is told to, and says how long to wait', async () => {
    await using telegram = await startFakeTelegram({ keepsLimits: true });
    const send = (chat: number) =>
      call(`${telegram.url}/bot${telegram.token}/sendMessage`, { chat_id: chat, text: 'x' });
    assert.equal((await send(1)).status, 200);
    const refused = await send(1);
    assert.deepEqual([refused.status, refused.body['parameters']], [429, { retry_after: 1 }]);
    const others = await Promise.all(Array.from({ length: 40 }, (_, n) => send(n + 2)));
    const accepted = others.filter(({ status }) => status === 200).length;
    assert.ok(accepted >= 29 && accepted < 40, String(accepted));
    assert.equal(telegram.sent.length, accepted + 1);
  });

  it('refuses the calls that it is told to, and remembers when each came and what wait it was told', async () => {
    await using telegram = await startFakeTelegram({
      refuses: ({ method, params }) => (method === 'sendMessage' && params['chat_id'] === 1 ? 7 : null),
    });
    const from = Date.now();
    const send = (chat: number) =>
      call(`${telegram.url}/bot${telegram.token}/sendMessage`, { chat_id: chat, text: 'x' });
    assert.deepEqual((await send(1)).body['parameters'], { retry_after: 7 });
    assert.equal((await send(2)).status, 200);
    assert.deepEqual(
      telegram.calls.map(({ status, retryAfter }) => [status, retryAfter]),
      [
        [429, 7],
        [200, null],
      ],
    );
    assert.ok(telegram.calls.every(({ at }) => at >= from && at <= Date.now()));
  });

  it('sends updates to the webhook that was set, with its token, and remembers what was answered', async () => {
    await using telegram = await startFakeTelegram();
    await using receiver = await startFakeReceiver();
    const api = `${telegram.url}/bot${telegram.token}`;
    await assert.rejects(telegram.push({ update_id: 1 }));
    await call(`${api}/setWebhook`, { url: `${receiver.url}/hook`, secret_token: 't' });
    assert.equal(await telegram.push({ update_id: 1 }), 200);
    const [request] = receiver.requests;
    assert.deepEqual([request?.url, request?.body.toString()], ['/hook', '{"update_id":1}']);
    assert.ok(request?.rawHeaders.some(([name, value]) => /secret-token$/i.test(name) && value === 't'));
    receiver.script({ status: 500 });
    assert.equal(await telegram.push({ update_id: 2 }), 500);
    const { body } = await call(`${api}/getWebhookInfo`, {});
    assert.match(JSON.stringify(body), /Wrong response from the webhook: 500/);
  });

  it('refuses wrong tokens, unknown methods and what is no JSON', async () => {
    await using telegram = await startFakeTelegram();
    assert.equal((await call(`${telegram.url}/bot1:x/getMe`, {})).status, 401);
    assert.equal((await call(`${telegram.url}/bot${telegram.token}/gone`, {})).status, 404);
    const response = await fetch(`${telegram.url}/bot${telegram.token}/getMe`, { method: 'POST', body: '{' });
    assert.equal(response.status, 400);
  });
});
