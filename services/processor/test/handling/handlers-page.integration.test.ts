import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { waitFor } from '@ackline/testkit/wait-for';
import { appendToInbox, sampleEvent } from '../events.ts';
import { openHandlerStage } from './handler-stage.ts';

const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8');
const page = await read('../../../../docs/handlers.md');
const blocksOf = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text);

describe('docs/handlers.md', () => {
  it('shows sources that are checked as all others are', async () => {
    assert.deepEqual(blocksOf('ts'), [
      await read('./page/service-bot.ts'),
      await read('./page/service-bot.test.ts'),
    ]);
  });

  it('has a bot that runs as it is shown: it answers each message once, and asks the API once for all of them', async () => {
    await using stage = await openHandlerStage();
    await using telegram = await startFakeReceiver();
    await using api = await startFakeReceiver();
    telegram.always(({ url }) => ({
      status: 200,
      body: JSON.stringify({ ok: true, result: url.endsWith('/sendMessage') ? { message_id: 1 } : true }),
    }));
    api.always({ status: 200, body: '[{"name":"Coins"},{"name":"Notes"}]' });
    const [yaml = ''] = blocksOf('yaml');
    const settings = /settings: \{ apiUrl: .* \}/;
    assert.match(yaml, settings);
    const local = `settings: { apiUrl: "${api.url}", telegram: { apiUrl: "${telegram.url}" } }`;
    await writeFile(join(stage.folder, 'ackline.yaml'), yaml.replace(settings, local));
    await mkdir(join(stage.folder, 'handlers'));
    await writeFile(join(stage.folder, 'handlers', 'service-bot.ts'), blocksOf('ts')[0] ?? '');

    const update = (chat: number, text: string) =>
      sampleEvent({
        orderingKey: String(chat),
        body: Buffer.from(
          JSON.stringify({
            update_id: chat,
            message: { message_id: 1, date: 1, chat: { id: chat, type: 'private' }, text },
          }),
        ),
      });
    await appendToInbox(stage.pool, [update(7, '/buy'), update(8, '/start'), update(9, '/sell')]);
    await using service = await stage.start({
      WEBHOOK_SECRET_TOKEN: 'x',
      TELEGRAM_BOT_TOKEN: '123456:token',
    });
    await stage.untilAll('delivered', 3);
    const sent = telegram.requests.map(({ url, body }) => [url, JSON.parse(body.toString()) as unknown]);
    const answer = (chat: number) => [
      '/bot123456:token/sendMessage',
      { chat_id: chat, text: 'Coins\nNotes' },
    ];
    assert.deepEqual(
      sent.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))),
      [7, 8, 9].map(answer),
    );
    assert.deepEqual(api.requests.map(({ url }) => url).toSorted(), [
      '/categories?side=buy',
      '/categories?side=sell',
    ]);
    await waitFor(() => service.output().split('"menu sent"').length > 3);
    assert.deepEqual(await service.stop(), { code: 0, signal: null }, service.output());
  });
});
