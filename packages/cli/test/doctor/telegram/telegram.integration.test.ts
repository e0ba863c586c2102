import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { freePort } from '@ackline/testkit/free-port';
import { telegramRows } from '../../../src/doctor/rows/telegram.ts';
import type { RanCli } from '../../ran-cli.ts';
import { type DoctorFolder, openDoctorFolder, parseReport } from '../run-doctor.ts';
import { BOT_TOKEN, type FakeBotApi, type FakeWebhook, startFakeBotApi } from './fake-bot-api.ts';

const CONFIG = `publicUrl: https://hooks.acme.io
sources:
  - { name: tg, provider: telegram, path: /tg, aliases: [/old], secrets: [{ env: TG }], limit: { max: 30 } }
routes:
  - { name: all, destination: bot }
destinations:
  - { name: bot, type: kafka, topic: updates }
`;
const URL_OF_SOURCE = 'https://hooks.acme.io/tg';
const TG = 'q7Hd0sLw2Zk9Xv4TnB6yRe1c';
const ENVIRONMENT = {
  ACKLINE_ENV: 'production',
  TG,
  TELEGRAM_BOT_TOKEN: BOT_TOKEN,
  SPOOL_DIR: '/var/lib/ackline',
};
const GOOD: FakeWebhook = {
  url: URL_OF_SOURCE,
  pending_update_count: 3,
  has_custom_certificate: false,
  max_connections: 40,
};
const minutesAgo = (minutes: number) => Math.floor(Date.now() / 1_000) - minutes * 60;

describe('ackline doctor telegram', () => {
  let folder: DoctorFolder;
  let yes: DoctorFolder;
  let no: DoctorFolder;
  let api: FakeBotApi;
  before(async () => {
    folder = await openDoctorFolder();
    yes = await openDoctorFolder(true);
    no = await openDoctorFolder(false);
    api = await startFakeBotApi();
  });
  after(async () => {
    for (const each of [folder, yes, no, api]) await each[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    for (const each of [folder, yes, no]) await each.write('ackline.yaml', CONFIG);
    api.webhook = { ...GOOD };
    api.instead = null;
    api.set.length = 0;
    api.asked.length = 0;
  });

  const telegram = (environment: Record<string, string>, ...args: string[]): Promise<RanCli> =>
    folder.run({ ...ENVIRONMENT, ...environment }, 'telegram', '--api-url', api.url, ...args);
  const ids = (ran: RanCli) => parseReport(ran).findings.map(({ id }) => id);

  it('finds nothing where Telegram calls the source, and says what it knows', async () => {
    const { exitCode, out } = await telegram({});
    assert.equal(exitCode, 0);
    assert.equal(
      out,
      `source tg, called at ${URL_OF_SOURCE} over 40 connections, 3 updates waiting: nothing found.`,
    );
    const json = JSON.parse((await telegram({}, '--json')).out);
    assert.deepEqual([json.ok, json.source], [true, 'tg']);
    assert.deepEqual(json.webhook, {
      url: URL_OF_SOURCE,
      pendingUpdates: 3,
      maxConnections: 40,
      lastErrorAt: null,
      allowedUpdates: [],
    });
  });

  it('takes an alias of the source, and its URL written otherwise', async () => {
    for (const url of ['https://hooks.acme.io/old', 'https://HOOKS.acme.io:443/tg']) {
      api.webhook = { ...GOOD, url };
      assert.deepEqual(ids(await telegram({}, '--json')), [], url);
    }
  });

  const found: Record<
    string,
    { webhook?: Partial<FakeWebhook>; env?: Record<string, string>; config?: string }
  > = {
    'telegram-webhook-missing': { webhook: { url: '' } },
    'telegram-webhook-elsewhere': { webhook: { url: 'https://hooks.acme.io/other' } },
    'telegram-failing': {
      webhook: {
        last_error_date: minutesAgo(2),
        last_error_message: 'Wrong response from the webhook: 401 Unauthorized',
      },
    },
    'telegram-failed': {
      webhook: { last_error_date: minutesAgo(600), last_error_message: 'Connection timed out' },
    },
    'telegram-waiting': { webhook: { pending_update_count: 1_204 } },
    'telegram-connections': { env: { WEBHOOK_MAX_CONNECTIONS: '30' } },
    'telegram-updates-left-out': {
      config: CONFIG.replace('name: all,', 'name: all, match: { type: message_reaction },'),
    },
    'telegram-refuses': { env: { TELEGRAM_BOT_TOKEN: '700000001:wrong' } },
  };
  for (const [id, { webhook, env, config }] of Object.entries(found)) {
    it(`finds ${id}`, async () => {
      if (config !== undefined) await folder.write('ackline.yaml', config);
      api.webhook = { ...GOOD, ...webhook };
      assert.deepEqual(ids(await telegram(env ?? {}, '--json')), [id]);
    });
  }

  it('finds telegram-unreachable where nothing, or something else, answers', async () => {
    api.instead = { status: 502, body: '<html>bad gateway</html>' };
    assert.deepEqual(ids(await telegram({}, '--json')), ['telegram-unreachable']);
    api.instead = { status: 200, body: 'x'.repeat(3_000_000) };
    assert.deepEqual(ids(await telegram({}, '--json')), ['telegram-unreachable']);
    const away = await folder.run(
      ENVIRONMENT,
      'telegram',
      '--api-url',
      `http://127.0.0.1:${await freePort()}`,
      '--json',
    );
    assert.match(parseReport(away).findings[0]?.what ?? '', /^ECONNREFUSED$/);
  });

  it('has a case for each kind', () => {
    assert.deepEqual(
      [...Object.keys(found), 'telegram-unreachable'].sort(),
      Object.keys(telegramRows).sort(),
    );
  });

  it('takes an error of days ago, an allowed kind and another limit for no trouble', async () => {
    api.webhook = { ...GOOD, last_error_date: minutesAgo(3_000), allowed_updates: ['message', 'poll'] };
    await folder.write('ackline.yaml', CONFIG.replace('name: all,', 'name: all, match: { type: poll },'));
    assert.deepEqual(
      ids(await telegram({ WEBHOOK_MAX_CONNECTIONS: '20', INGRESS_PROCESSES: '2' }, '--json')),
      [],
    );
    await folder.write(
      'ackline.yaml',
      CONFIG.replace('name: all,', 'name: all, match: { type: callback_query },'),
    );
    assert.deepEqual(ids(await telegram({}, '--json')), ['telegram-updates-left-out']);
  });

  it('shows neither the token nor the path of a foreign webhook, whatever is answered', async () => {
    api.webhook = { ...GOOD, url: `https://old.acme.io/bot${BOT_TOKEN}` };
    const elsewhere = await telegram({});
    assert.match(
      elsewhere.out,
      /Telegram calls https:\/\/old\.acme\.io\/…, and not https:\/\/hooks\.acme\.io\/tg/,
    );
    api.instead = {
      status: 400,
      body: JSON.stringify({ ok: false, error_code: 400, description: `bad ${BOT_TOKEN}\u001b[2J` }),
    };
    const refused = await telegram({});
    assert.match(refused.out, /it answers 400 to the token of TELEGRAM_BOT_TOKEN: bad …·\[2J/);
    const wrong = await telegram({ TELEGRAM_BOT_TOKEN: 'my-secret/../token' });
    assert.match(wrong.out, /it has not the form of a token/);
    for (const { out, err } of [elsewhere, refused, wrong]) {
      assert.doesNotMatch(out + err, /fake_token|my-secret/);
      assert.doesNotMatch(out + err, new RegExp(TG));
    }
  });

  it('is part of the whole examination where the token is there', async () => {
    api.webhook = { ...GOOD, url: '' };
    const whole = await folder.run(ENVIRONMENT, '--json', '--api-url', api.url);
    assert.deepEqual([whole.exitCode, ids(whole)], [2, ['telegram-webhook-missing']]);
    const other = await folder.run(
      { ...ENVIRONMENT, TELEGRAM_BOT_TOKEN: '', BOT: BOT_TOKEN },
      '--json',
      '--api-url',
      api.url,
      '--bot-token-env',
      'BOT',
    );
    assert.deepEqual(ids(other), ['telegram-webhook-missing']);
    const two = CONFIG.replace(
      'sources:\n',
      'sources:\n  - { name: tg2, provider: telegram, path: /tg2, secrets: [{ env: TG }], limit: { max: 3 } }\n',
    );
    await folder.write('ackline.yaml', two);
    const several = parseReport(await folder.run(ENVIRONMENT, '--json', '--api-url', api.url));
    assert.match(
      several.notLookedAt.find(({ part }) => part === 'Telegram')?.reason ?? '',
      /there are several bots/,
    );
  });

  it('sets the webhook with the token and as many connections as there is room for, once it was said', async () => {
    api.webhook = { ...GOOD, url: 'https://old.acme.io/x/y', pending_update_count: 12 };
    const args = ['telegram', '--api-url', api.url, '--set-webhook'];
    const refused = await no.run(ENVIRONMENT, ...args);
    assert.deepEqual([refused.exitCode, refused.out, api.set], [0, 'Nothing is set.', []]);
    const nobody = await folder.run(ENVIRONMENT, ...args);
    assert.deepEqual([nobody.exitCode, api.set], [1, []]);
    assert.match(nobody.err, /Nothing is set: there is no terminal to ask on, so it takes --yes/);
    const agreed = await yes.run({ ...ENVIRONMENT, WEBHOOK_MAX_CONNECTIONS: '120' }, ...args);
    assert.equal(
      agreed.err,
      `Telegram will call ${URL_OF_SOURCE} with the secret token of env TG, over 100 connections at most. ` +
        'Now it calls https://old.acme.io/…, and 12 updates wait.',
    );
    assert.deepEqual(
      [agreed.exitCode, api.set],
      [0, [{ url: URL_OF_SOURCE, secret_token: TG, max_connections: 100 }]],
    );
    assert.match(
      agreed.out,
      new RegExp(`^source tg, called at ${URL_OF_SOURCE} over 100 connections, 12 updates waiting: nothing`),
    );
  });

  it('sets what is asked for, and the kinds of updates that all routes name', async () => {
    await folder.write(
      'ackline.yaml',
      CONFIG.replace(
        'destination: bot }',
        'match: { type: message }, destination: bot }\n  - { name: b, match: { type: callback_query }, destination: bot }',
      ),
    );
    const { exitCode } = await telegram({}, '--set-webhook', '--yes', '--max-connections', '7', '--json');
    assert.equal(exitCode, 0);
    assert.deepEqual(api.set, [
      {
        url: URL_OF_SOURCE,
        secret_token: TG,
        max_connections: 7,
        allowed_updates: ['callback_query', 'message'],
      },
    ]);
    assert.match(
      (await telegram({}, '--max-connections', '101')).err,
      /It must be a whole number from 1 to 100/,
    );
  });

  it('says in a line why it can not', async () => {
    const cases: readonly [Record<string, string>, string, RegExp][] = [
      [
        {},
        CONFIG.replace('https://hooks', 'http://hooks'),
        /ACKLINE_TELEGRAM_REFUSED\] The Bot API answers 400: Bad Request: bad webhook: An HTTPS URL/,
      ],
      [
        {},
        CONFIG.replace('publicUrl: https://hooks.acme.io\n', ''),
        /ACKLINE_USAGE\] The source tg has no publicUrl/,
      ],
      [{ TG: '' }, CONFIG, /ACKLINE_SECRET_MISSING\] environment variable TG is empty/],
      [
        { TELEGRAM_BOT_TOKEN: '' },
        CONFIG,
        /ACKLINE_USAGE\] TELEGRAM_BOT_TOKEN is not set: it has to hold the token/,
      ],
      [
        { TELEGRAM_BOT_TOKEN: '1:x' },
        CONFIG,
        /ACKLINE_TELEGRAM_REFUSED\] The Bot API answers 401: Unauthorized/,
      ],
      [
        {},
        CONFIG.replaceAll('telegram', 'respondio'),
        /ACKLINE_USAGE\] The configuration has no Telegram source; it has: none/,
      ],
      [{}, 'sources: 1\n', /ACKLINE_CONFIG_INVALID\] [^]*ackline\.yaml:1/],
    ];
    for (const [env, config, expected] of cases) {
      await folder.write('ackline.yaml', config);
      const { exitCode, err, out } = await telegram(env, '--set-webhook', '--yes');
      assert.equal(exitCode, 1);
      assert.match(err, expected);
      assert.equal(out, '');
    }
    assert.deepEqual(api.set, []);
    await folder.write('ackline.yaml', CONFIG);
    assert.match((await telegram({}, 'nope')).err, /no Telegram source named "nope"; it has: tg/);
  });
});
