import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type KnownProviders, loadConfig } from '@ackline/shared/config/load-config';
import { createSecretReader } from '../src/secrets.ts';

const providers: KnownProviders = new Map([
  [
    'telegram',
    {
      contentTypes: [],
      signsUrl: false,
      toleranceMs: null,
      overLimit: 'reject' as const,
      checkSecret: (secret: string) =>
        /^[A-Za-z0-9_-]+$/.test(secret) ? true : 'it may hold letters, digits, _ and - only',
    },
  ],
  [
    'meta',
    {
      contentTypes: [],
      signsUrl: false,
      toleranceMs: null,
      overLimit: 'reject' as const,
      checkSecret: () => true as const,
      handshake: () => null,
    },
  ],
  [
    'leaky',
    {
      contentTypes: [],
      signsUrl: false,
      toleranceMs: null,
      overLimit: 'reject' as const,
      checkSecret: (secret: string) => `"${secret}" is bad`,
    },
  ],
]);

const config = (text: string) => loadConfig(text, { fileName: 'ackline.yaml', providers, production: false });

const TWO_SOURCES = config(`
sources:
  - { name: a, provider: telegram, path: /a, secrets: [{ env: ONE }, { env: TWO }] }
  - { name: b, provider: telegram, path: /b, secrets: [{ env: ONE }] }
destinations:
  - { name: d, type: http, url: 'http://d.internal', signingSecret: { env: SIGNING } }
`);

const GOOD = { ONE: 'first', TWO: 'second', SIGNING: `whsec_${Buffer.alloc(24, 7).toString('base64')}` };

describe('a secret reader', () => {
  it('gives the values in the order of the references', () => {
    const reader = createSecretReader({ env: GOOD, production: true });
    assert.deepEqual(reader.resolve([{ env: 'TWO' }, { env: 'ONE' }]), ['second', 'first']);
  });

  it('reads a variable once: a later change of the environment changes nothing', () => {
    const env: Record<string, string> = { ONE: 'first' };
    const reader = createSecretReader({ env, production: true });
    reader.resolve([{ env: 'ONE' }]);
    env['ONE'] = 'changed';
    assert.deepEqual(reader.resolve([{ env: 'ONE' }]), ['first']);
  });

  for (const [name, env, problem] of [
    ['missing', {}, 'is not set'],
    ['empty', { ONE: '' }, 'is empty'],
    ['blank', { ONE: ' \t' }, 'is empty'],
  ] as const) {
    it(`never hands out a ${name} secret`, () => {
      const reader = createSecretReader({ env, production: true });
      assert.throws(() => reader.resolve([{ env: 'ONE' }]), {
        code: 'ACKLINE_SECRET_MISSING',
        message: `environment variable ONE ${problem}`,
      });
    });
  }
});

describe('checkSecrets', () => {
  it('is content when every secret is there and has its form', () => {
    createSecretReader({ env: GOOD, production: true }).checkSecrets(TWO_SOURCES, providers);
  });

  it('asks for those of handlers, by their names, and promises nobody that they are made up', () => {
    const withHandler = config(`
sources: [{ name: a, provider: telegram, path: /a, secrets: [{ env: ONE }] }]
destinations:
  - name: bot
    type: handler
    module: ./bot.ts
    secrets: { telegramToken: { env: BOT_TOKEN }, other: { file: /no/such/file } }
`);
    const findings = (production: boolean) =>
      createSecretReader({ env: { ONE: 'one' }, production }).secretFindings(withHandler, providers);
    assert.deepEqual(findings(true), [
      {
        path: ['destinations', 0, 'secrets', 'telegramToken'],
        owner: 'destination bot, secrets.telegramToken',
        message: 'environment variable BOT_TOKEN is not set',
      },
      {
        path: ['destinations', 0, 'secrets', 'other'],
        owner: 'destination bot, secrets.other',
        message: 'file /no/such/file does not exist',
      },
    ]);
    const [advised] = findings(false);
    assert.match(advised?.message ?? '', /is not set: set it, or add a line to dev\.env/);
    assert.doesNotMatch(advised?.message ?? '', /makes one up/);
  });

  it('asks for those of headers, in the form that a header has, by their places', () => {
    const withHeaders = config(`
sources: [{ name: a, provider: telegram, path: /a, secrets: [{ env: ONE }] }]
destinations:
  - name: crm
    type: http
    url: 'http://d.internal'
    headers: { x-team: shop, x-api-key: { env: KEY }, authorization: { env: AUTH } }
`);
    const findings = (env: Record<string, string>, production = true) =>
      createSecretReader({ env: { ONE: 'one', ...env }, production }).secretFindings(withHeaders, providers);
    const rule = '1 to 4096 visible ASCII characters, with spaces between them alone';
    assert.deepEqual(findings({ AUTH: 'Bearer hunter2\r\nx-evil: 1' }), [
      {
        path: ['destinations', 0, 'headers', 'x-api-key'],
        owner: 'destination crm, headers.x-api-key',
        message: 'environment variable KEY is not set',
      },
      {
        path: ['destinations', 0, 'headers', 'authorization'],
        owner: 'destination crm, headers.authorization',
        message: `environment variable AUTH has the wrong form: it must be ${rule}`,
      },
    ]);
    assert.deepEqual(findings({ AUTH: 'Bearer hunter2', KEY: 'k' }), []);
    assert.match(findings({ AUTH: 'x' }, false)[0]?.message ?? '', /is not set: set it, or add a line/);
  });

  it('asks for the password of brokers, and for the files of their TLS, by their places', () => {
    const withBrokers = config(`
sources: [{ name: a, provider: telegram, path: /a, secrets: [{ env: ONE }] }]
destinations:
  - name: partner
    type: kafka
    topic: t
    brokers: ['kafka.internal:9093']
    tls: { caFile: /nowhere/ca.crt }
    sasl: { mechanism: plain, username: me, password: { env: KAFKA } }
`);
    const findings = (env: Record<string, string>) =>
      createSecretReader({ env: { ONE: 'one', ...env }, production: true }).secretFindings(
        withBrokers,
        providers,
      );
    const file = {
      path: ['destinations', 0, 'tls', 'caFile'],
      owner: 'destination partner, tls.caFile',
      message: 'file /nowhere/ca.crt does not exist',
    };
    const password = {
      path: ['destinations', 0, 'sasl', 'password'],
      owner: 'destination partner, sasl.password',
    };
    assert.deepEqual(findings({}), [{ ...password, message: 'environment variable KAFKA is not set' }, file]);
    const twoLines = 'environment variable KAFKA has the wrong form: it must be one line';
    assert.deepEqual(findings({ KAFKA: 'hunter2\n' }), [{ ...password, message: twoLines }, file]);
    assert.deepEqual(findings({ KAFKA: 'hunter2' }), [file]);
  });

  it('asks for the verify tokens of a source as for its secrets, each by its place', () => {
    const withTokens = config(`
sources:
  - name: a
    provider: meta
    path: /a
    secrets: [{ env: ONE }]
    verifyTokens: [{ env: VERIFY }, { env: PADDED }]
`);
    const env = { ONE: 'one', PADDED: 'token ' };
    const reader = createSecretReader({ env, production: true });
    assert.deepEqual(reader.secretFindings(withTokens, providers), [
      {
        path: ['sources', 0, 'verifyTokens', 0],
        owner: 'source a, verifyTokens[0]',
        message: 'environment variable VERIFY is not set',
      },
      {
        path: ['sources', 0, 'verifyTokens', 1],
        owner: 'source a, verifyTokens[1]',
        message: 'environment variable PADDED has the wrong form: it must not begin or end with white space',
      },
    ]);
    createSecretReader({ env: { ...env, VERIFY: 'x', PADDED: 'y' }, production: true }).checkSecrets(
      withTokens,
      providers,
    );
  });

  it('names everything that is missing, empty or malformed at once, with who needs it, and no value', () => {
    const env = { ONE: '', TWO: 'hunter two', SIGNING: 'whsec_aHVudGVy' };
    const reader = createSecretReader({ env, production: true });
    assert.throws(() => reader.checkSecrets(TWO_SOURCES, providers), {
      code: 'ACKLINE_SECRET_MISSING',
      message: [
        'environment variable ONE is empty (source a, secrets[0])',
        'environment variable TWO has the wrong form: it may hold letters, digits, _ and - only (source a, secrets[1])',
        'environment variable ONE is empty (source b, secrets[0])',
        'environment variable SIGNING has the wrong form: it must be "whsec_" and 24 to 64 bytes in base64 (destination d, signingSecret)',
      ].join('\n'),
    });
  });

  it('says in development that a restart makes a missing variable up, and of a file nothing', () => {
    const added = config(
      'sources: [{ name: a, provider: telegram, path: /a, secrets: [{ env: ONE }, { file: /nowhere/a }] }]\n',
    );
    const reader = createSecretReader({ env: {}, production: false });
    assert.throws(() => reader.checkSecrets(added, providers), {
      message: [
        'environment variable ONE is not set: restart `npm start`, which makes one up (source a, secrets[0])',
        'file /nowhere/a does not exist (source a, secrets[1])',
      ].join('\n'),
    });
  });

  it('holds a reason back that repeats the value', () => {
    const leaky = config('sources: [{ name: a, provider: leaky, path: /a, secrets: [{ env: ONE }] }]\n');
    const reader = createSecretReader({ env: { ONE: 'hunter2' }, production: true });
    assert.throws(() => reader.checkSecrets(leaky, providers), {
      message: 'environment variable ONE has the wrong form (source a, secrets[0])',
    });
  });

  for (const [name, bytes, fits] of [
    ['23 bytes', 23, false],
    ['24 bytes', 24, true],
    ['64 bytes', 64, true],
    ['65 bytes', 65, false],
  ] as const) {
    it(`${fits ? 'takes' : 'refuses'} a signing secret of ${name}`, () => {
      const env = { ...GOOD, SIGNING: `whsec_${Buffer.alloc(bytes, 7).toString('base64')}` };
      const check = () => createSecretReader({ env, production: true }).checkSecrets(TWO_SOURCES, providers);
      if (fits) check();
      else assert.throws(check, { code: 'ACKLINE_SECRET_MISSING' });
    });
  }
});
