// Each move of MIGRATING.md, typed as it is printed: the real command and services, an embedded PostgreSQL, an app that was there before.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { freePort } from '@ackline/testkit/free-port';
import { openOldSystem, type Ran } from './old-system.ts';

const read = (path: string) => readFile(new URL(`../../../../${path}`, import.meta.url), 'utf8');
const page = await read('MIGRATING.md');
const [before = '', ...sections] = page.split(/^## /m);
assert.ok(before !== '');

/** The commands of a section in the order of the page, behind those that all have in common; the last ones end Ackline. */
function commandsOf(heading: string): string {
  const blocks = (title: string) => {
    const section = sections.find(text => text.startsWith(`${title}\n`)) ?? '';
    return [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
  };
  const [common = ''] = blocks('The way, for all five');
  const own = blocks(heading);
  assert.equal(own.length, 2, `${heading}: the move, and the way back`);
  return [common, ...own, 'wait'].join('\n');
}

function assertDone({ code, output }: Ran): void {
  assert.equal(code, 0, output);
}

type OldSystem = Awaited<ReturnType<typeof openOldSystem>>;
const deliveredTo = ({ app }: OldSystem) => app.requests.filter(({ method }) => method === 'POST');
const webhooksOf = ({ telegram }: OldSystem) =>
  telegram.calls.filter(({ method }) => method === 'setWebhook').map(({ params }) => params);

describe('the move of MIGRATING.md', () => {
  it('from FastAPI takes the webhook over, delivers to the app that was there, and goes back', async () => {
    await using old = await openOldSystem();
    assertDone(await old.run(commandsOf('A Telegram webhook (FastAPI)')));
    const [delivery, ...others] = deliveredTo(old);
    assert.deepEqual([delivery?.url, others], ['/webhook', []]);
    const token = delivery?.rawHeaders.find(([name]) => /^x-telegram-bot-api-secret-token$/i.test(name))?.[1];
    const [set, back] = webhooksOf(old);
    assert.deepEqual(set?.['url'], 'https://hooks.example.com/webhook/telegram');
    assert.ok(
      token !== undefined && token === set?.['secret_token'],
      'the app can check the token as before',
    );
    assert.deepEqual(back, { url: 'https://bot.example.com/webhook', secret_token: token });
  });

  it('from a bot with config.py keeps its URL, its limits and its connections', async () => {
    await using old = await openOldSystem();
    const config = [
      'WEBHOOK_MAX_CONNECTIONS = 40  # Max simultaneous connections from Telegram',
      'WEBHOOK_SECRET_TOKEN = ""  # Optional secret token for webhook validation',
      'WEBHOOK_MAX_REQUESTS_PER_MINUTE = 100  # Rate limiting per user',
      'WEBHOOK_METRICS_ENABLED = False  # Enable metrics endpoint at /metrics',
      'LOG_LEVEL = "INFO"  # DEBUG, INFO, WARNING, ERROR',
    ];
    await writeFile(join(old.root, 'bot/config.py'), `${config.join('\n')}\n`);
    const ran = await old.run(commandsOf('A Telegram bot (Python and JavaScript)'));
    assertDone(ran);
    assert.match(ran.output, /WEBHOOK_MAX_REQUESTS_PER_MINUTE=100$/m);
    for (const field of [
      'request_count',
      'error_count',
      'avg_response_time',
      'error_rate',
      'rate_limit_hits',
      'last_reset',
    ])
      assert.match(ran.output, new RegExp(`"${field}":\\d`));
    assert.match(ran.output, /"webhook_url":"https:\/\/your\.domain\.com\/webhook"/);
    assert.deepEqual(
      webhooksOf(old).map(({ url, max_connections: connections }) => [url, connections]),
      [['https://your.domain.com/webhook', 40]],
    );
    assert.deepEqual(
      deliveredTo(old).map(({ url }) => url),
      ['/webhook'],
    );
    assert.equal(await old.readSite(), `proxy_pass http://127.0.0.1:${old.app.port};\n`);
  });

  it('from respond.io in Flask keeps every path, and restarts the app once its queue is empty', async () => {
    await using old = await openOldSystem();
    const env = 'WEBHOOK_WORKERS=4\nMONGO_URI=mongodb://old\nVIP_MONGO_URI=mongodb://vip\nTEST_MODE=false\n';
    await writeFile(join(old.root, 'app/.env'), env);
    assertDone(await old.run(commandsOf('respond.io webhooks (Flask, MongoDB)')));
    const urls = deliveredTo(old).map(({ url }) => url);
    assert.deepEqual(urls.toSorted(), ['/webhook/faster/incoming', '/webhook/vip/outgoing']);
    assert.equal(await old.readSite(), `proxy_pass http://127.0.0.1:${old.app.port};\n`);
  });

  it('from a Twilio handler leaves the signature as Twilio made it', async () => {
    await using old = await openOldSystem();
    await writeFile(join(old.root, 'app/.env'), `TWILIO_AUTH_TOKEN=${'a1'.repeat(16)}\n`);
    assertDone(await old.run(commandsOf('A Twilio WhatsApp handler')));
    const [delivery, ...others] = deliveredTo(old);
    assert.deepEqual([delivery?.url, others], ['/webhook/whatsapp', []]);
    assert.ok(delivery?.rawHeaders.some(([name]) => /^x-twilio-signature$/i.test(name)));
  });

  it('from a bot that asked Telegram runs its handler, once the old one has ended', async () => {
    await using old = await openOldSystem();
    await using api = await startFakeReceiver();
    api.always({ status: 200, body: '[{"name":"Coins"}]' });
    await mkdir(join(old.work, 'handlers'));
    const [bot = ''] = [...(await read('docs/handlers.md')).matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
      ([, text = '']) => text,
    );
    await writeFile(join(old.work, 'handlers/service-bot.ts'), bot);
    const asking = spawn('sleep', ['1000']);
    await writeFile(join(old.root, 'bot/bot.pid'), String(asking.pid));
    const settings = 'settings: { apiUrl: "https://api.example.com" }';
    const commands = commandsOf('The performance of a Telegram bot');
    assert.ok(commands.includes(settings));
    const local = `settings: { apiUrl: "${api.url}", telegram: { apiUrl: "${old.telegram.url}" } }`;
    assertDone(await old.run(commands.replace(settings, local)));
    assert.equal(asking.signalCode, 'SIGTERM');
    assert.deepEqual(
      old.telegram.sent.map(({ text }) => text),
      ['Coins'],
    );
    assert.deepEqual(
      webhooksOf(old).map(({ url }) => url),
      ['https://hooks.example.com/webhook/telegram', ''],
    );
  });
});

describe('the commands of the respond.io webhooks, as they were printed', () => {
  it('show the fields of /health, name the header that is missing, and the command that gets 200', async () => {
    await using old = await openOldSystem();
    const sample = String(await freePort());
    const yaml = (await read('ackline.yaml')).replace('127.0.0.1:8090', `127.0.0.1:${sample}`);
    await writeFile(join(old.work, 'ackline.yaml'), yaml);
    const [, console = ''] = /^```console\n([\s\S]*?)^```$/m.exec(page) ?? [];
    const steps = [...console.matchAll(/^\$ ((?:.*(?:\\\n|'\{\n(?: .*\n)+ *\}'))*.*)\n((?!\$ ).*)$/gm)];
    assert.equal(steps.length, 3, console);
    // The port of here in place of 8000, for Ackline this time.
    const port = old.ports['8080'] ?? '';
    const typed = steps.map(([, command = '']) => `${command.replaceAll('8000', port)}; echo; echo ---`);
    const ran = await old.run(
      [
        `PORT=${port} npm start > ackline.log 2>&1 &`,
        'until curl -sfo /dev/null http://127.0.0.1:9464/readyz; do sleep 1; done',
        'set +x; echo ---',
        ...typed,
        String.raw`kill "$(grep -om1 '[0-9]\+' .ackline/up.json)"; wait`,
      ].join('\n'),
    );
    assertDone(ran);
    const [, ...answers] = ran.output.split('---\n');
    for (const [index, [, , expected = '']] of steps.entries()) {
      const parts = expected.replaceAll('8000', port).split(/ ?… ?|in \d+ ms.*: (?=200)| · .*/);
      let from = 0;
      for (const part of parts) {
        const at = (answers[index] ?? '').indexOf(part, from);
        assert.ok(at >= 0, `${part}\nis not in\n${answers[index]}`);
        from = at + part.length;
      }
    }
  });
});
