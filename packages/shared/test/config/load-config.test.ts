import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { AppError } from '../../src/app-error.ts';
import { type KnownProviders, loadConfig } from '../../src/config/load-config.ts';
import type { Configurable, Provider } from '../../src/provider.ts';
import { standardWebhooks } from '../../src/providers/standard-webhooks.ts';
import { filterDocument } from '../../src/routing/filter-document.ts';
import { routableEvent } from '../routing/routing-examples.ts';

const provider = {
  checkSecret: () => true as const,
  contentTypes: ['application/json'],
  signsUrl: false,
  toleranceMs: null as number | null,
  overLimit: 'reject' as const,
};
/** Any options make one that signs a time. */
const configurable = { schema: z.looseObject({}), with: () => standardWebhooks };
type Known = typeof provider & Pick<Provider, 'handshake'> & { configurable?: Configurable };
const providers: KnownProviders = new Map<string, Known>([
  ['telegram', provider],
  ['twilio', { ...provider, signsUrl: true }],
  ['respondio', { ...provider, toleranceMs: 300_000, handshake: () => null, configurable }],
]);

const load = (text: string, production = false) =>
  loadConfig(text, { fileName: 'ackline.yaml', providers, production });

function errorsOf(text: string, production = false): string[] {
  try {
    load(text, production);
  } catch (error) {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, 'ACKLINE_CONFIG_INVALID');
    return error.message.split('\n');
  }
  return [];
}

const source = (more = '', name = 'telegram') =>
  `  - name: ${name}\n    provider: telegram\n    path: /webhook/${name}\n    secrets: [{ env: TOKEN }]\n${more}`;
const destination = (more = '', name = 'bot') =>
  `  - name: ${name}\n    type: http\n    url: https://bot.internal/updates\n${more}`;
const file = ({ top = '', sources = source(), routes = '', destinations = destination() } = {}) =>
  `${top}sources:\n${sources}${routes === '' ? '' : `routes:\n${routes}`}destinations:\n${destinations}`;

describe('verifyTokens', () => {
  const withTokens = (provider: string, tokens: string) =>
    file({
      sources: source(`    verifyTokens: ${tokens}\n`).replace('provider: telegram', `provider: ${provider}`),
    });

  it('are references to secrets, of a provider that shows one', () => {
    const given = '[{ env: VERIFY }, { file: /etc/ackline/verify }]';
    assert.deepEqual(load(withTokens('respondio', given)).sources[0]?.verifyTokens, [
      { env: 'VERIFY' },
      { file: '/etc/ackline/verify' },
    ]);
    for (const bad of [
      '[verify-me]',
      'verify-me',
      '[{ env: A, file: /b }]',
      `[${'{ env: A }, '.repeat(11)}]`,
    ])
      assert.match(errorsOf(withTokens('respondio', bad)).join('\n'), /sources\[0\]\.verifyTokens/, bad);
  });

  it('are refused of any other provider, by their place', () => {
    assert.deepEqual(errorsOf(withTokens('telegram', '[{ env: VERIFY }]')), [
      'ackline.yaml:6:19  sources[0].verifyTokens: telegram shows no verify token, since it sends no GET before its events: take verifyTokens out',
    ]);
    assert.deepEqual(errorsOf(withTokens('nobody', '[{ env: VERIFY }]')).length, 1);
  });
});

describe('loadConfig, on a file that is cut', () => {
  const whole = file({
    sources: source() + source('', 'other'),
    routes: '  - { name: all, destination: bot }\n',
    destinations: destination('    concurrency: 5\n'),
  });
  const prefixes = Array.from(whole, (_, length) => whole.slice(0, length));
  const loads = (text: string, routesInForce: number) => {
    try {
      loadConfig(text, { fileName: 'ackline.yaml', providers, production: true, routesInForce });
      return true;
    } catch {
      return false;
    }
  };

  it('takes no line that is not whole', () => {
    const taken = prefixes.filter(prefix => loads(prefix, 0));
    assert.ok(taken.length > 0, 'whole lines can be valid by themselves');
    assert.deepEqual(
      taken.filter(prefix => !prefix.endsWith('\n')),
      [],
    );
    assert.deepEqual(errorsOf(whole.slice(0, -1)), [
      'ackline.yaml:16:19  the last line has no line end, as in a file that is cut or still being written: if the file is whole, add a newline at its end (in a ConfigMap "|" keeps it, "|-" does not)',
    ]);
  });

  it('takes none that has lost all routes while some are in force, unless it says so', () => {
    const taken = prefixes.filter(prefix => loads(prefix, 1));
    assert.deepEqual(
      taken.filter(prefix => !prefix.includes('routes:')),
      [],
    );
    const inForce = { fileName: 'ackline.yaml', providers, production: true, routesInForce: 3 };
    assert.throws(() => loadConfig(file(), inForce), {
      message:
        'ackline.yaml:1:1  routes: is missing, though 3 are in force: if events are to be delivered nowhere from now on, write "routes: []"',
    });
    assert.deepEqual(loadConfig(`${file()}routes: []\n`, inForce).routes, []);
  });

  it('takes JSON without a line end: it can not be cut and valid', () => {
    const json = JSON.stringify({
      sources: [{ name: 'a', provider: 'telegram', path: '/a', secrets: [{ env: 'TOKEN' }] }],
    });
    assert.equal(load(json).sources.length, 1);
    assert.ok(!Array.from(json, (_, length) => json.slice(0, length)).some(prefix => loads(prefix, 0)));
  });
});

describe('loadConfig, on a file that is right', () => {
  it('fills in every default', () => {
    assert.deepEqual(load(file({ routes: '  - { name: all, destination: bot }\n' })), {
      publicUrl: null,
      trustProxies: [],
      logLevel: null,
      sources: [
        {
          name: 'telegram',
          provider: 'telegram',
          options: null,
          tenant: 'default',
          path: '/webhook/telegram',
          aliases: [],
          secrets: [{ env: 'TOKEN' }],
          verifyTokens: [],
          publicUrl: null,
          maxBodyBytes: 1_048_576,
          toleranceMs: null,
          bodyTimes: { idleMs: 1_000, totalMs: 5_000 },
          limit: null,
          connection: 'keep-alive',
          keepRejected: 'facts',
          onUndurable: 503,
        },
      ],
      tenants: [],
      routes: [
        {
          name: 'all',
          match: { source: null, type: null, tenant: null, where: null },
          destination: 'bot',
          priority: 'event',
          history: 'all',
          transform: null,
        },
      ],
      destinations: [
        {
          name: 'bot',
          type: 'http',
          url: 'https://bot.internal/updates',
          headers: {},
          concurrency: 20,
          rate: null,
          timeoutMs: 10_000,
          retry: { scheduleMs: [5_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000], jitter: 'full' },
          breaker: { failures: 10, resetMs: 60_000, slowStartMs: 30_000 },
          ordering: 'none',
          onPark: 'continue',
          signingSecret: null,
          forwardSecret: false,
        },
      ],
      retention: { eventsDays: 30, dedupMs: 691_200_000 },
    });
  });

  it('takes every key that there is', () => {
    const config = load(`
publicUrl: https://hooks.example.com:443/in/
trustProxies: [127.0.0.1, 10.0.0.0/8, '2001:db8::/32', '::1']
sources:
  - name: faster-incoming
    provider: respondio
    options: { anything: [1] }
    tenant: faster
    path: /webhook/faster/incoming
    aliases: [/webhook/f, /webhook/f/]
    secrets: [{ file: /etc/ackline/secrets/faster }, { env: OLD }]
    verifyTokens: [{ env: VERIFY }]
    publicUrl: http://other.example.com
    maxBody: 25MiB
    tolerance: 1h
    bodyTimeout: { idle: 2s, total: 10s }
    limit: { max: 100, per: 1h, by: ip, over: reject }
    connection: close
    keepRejected: body
    onUndurable: 200
tenants:
  - name: faster
    weight: 100
routes:
  - name: bot
    match: { source: faster-incoming, type: message.received, tenant: faster, where: { body.a: 1 } }
    destination: bot
    priority: high
    transform: { jsonata: '{"id": body.id}', timeout: 5s }
destinations:
  - name: bot
    type: http
    url: http://127.0.0.1:8090/sample?a=b
    headers: { x-team: shop, x-api-key: { env: KEY } }
    concurrency: 1000
    rate: { max: 100000, per: 1h }
    timeout: 120s
    retry: { schedule: [1ms, 24h], jitter: none }
    breaker: { failures: 1, reset: 1s, slowStart: 0s }
    ordering: key
    onPark: block
    signingSecret: { env: SIGNING }
    forwardSecret: true
`);
    assert.equal(config.publicUrl, 'https://hooks.example.com:443/in');
    assert.deepEqual(config.trustProxies, ['127.0.0.1', '10.0.0.0/8', '2001:db8::/32', '::1']);
    assert.deepEqual(config.sources[0], {
      name: 'faster-incoming',
      provider: 'respondio',
      options: { anything: [1] },
      tenant: 'faster',
      path: '/webhook/faster/incoming',
      aliases: ['/webhook/f', '/webhook/f/'],
      secrets: [{ file: '/etc/ackline/secrets/faster' }, { env: 'OLD' }],
      verifyTokens: [{ env: 'VERIFY' }],
      publicUrl: 'http://other.example.com',
      maxBodyBytes: 26_214_400,
      toleranceMs: 3_600_000,
      bodyTimes: { idleMs: 2_000, totalMs: 10_000 },
      limit: { max: 100, perMs: 3_600_000, by: 'ip', over: 'reject' },
      connection: 'close',
      keepRejected: 'body',
      onUndurable: 200,
    });
    assert.deepEqual(config.tenants, [{ name: 'faster', weight: 100 }]);
    assert.equal(config.routes[0]?.priority, 'high');
    const { where, ...match } = config.routes[0]?.match ?? {};
    assert.deepEqual(match, { source: 'faster-incoming', type: 'message.received', tenant: 'faster' });
    assert.deepEqual(where?.given, { 'body.a': 1 });
    assert.deepEqual(config.routes[0]?.transform, { jsonata: '{"id": body.id}', timeoutMs: 5_000 });
    assert.deepEqual(config.destinations[0], {
      name: 'bot',
      type: 'http',
      url: 'http://127.0.0.1:8090/sample?a=b',
      headers: { 'x-team': 'shop', 'x-api-key': { env: 'KEY' } },
      concurrency: 1_000,
      rate: { max: 100_000, perMs: 3_600_000 },
      timeoutMs: 120_000,
      retry: { scheduleMs: [1, 86_400_000], jitter: 'none' },
      breaker: { failures: 1, resetMs: 1_000, slowStartMs: 0 },
      ordering: 'key',
      onPark: 'block',
      signingSecret: { env: 'SIGNING' },
      forwardSecret: true,
    });
  });

  it('takes JSON, comments, anchors and an empty retry schedule', () => {
    const config = load(`
sources: # a comment
  - { name: a, provider: telegram, path: /a, secrets: &live [{ env: TOKEN }] }
  - {"name": "b", "provider": "telegram", "path": "/b", "secrets": *live}
destinations: [{ name: d, type: http, url: "http://a.b", retry: { schedule: [] } }]
`);
    assert.deepEqual(config.sources[1]?.secrets, [{ env: 'TOKEN' }]);
    assert.deepEqual(config.destinations[0]?.retry, { scheduleMs: [], jitter: 'full' });
  });
});

describe('loadConfig, on how long things are kept', () => {
  it('reads days, and other durations that make them', () => {
    const { retention } = load(file({ top: 'retention: { events: 48h, dedup: 200h }\n' }));
    assert.deepEqual(retention, { eventsDays: 2, dedupMs: 720_000_000 });
  });

  it('refuses keys that go before a provider has stopped sending an event again, and parts of a day', () => {
    assert.deepEqual(errorsOf(file({ top: 'retention: { events: 36h, dedup: 191h }\n' })), [
      'ackline.yaml:1:22  retention.events: must be in whole days',
      'ackline.yaml:1:34  retention.dedup: must be within [8d, 365d]',
    ]);
    assert.deepEqual(errorsOf(file({ top: 'retention: { events: 0d }\n' })), [
      'ackline.yaml:1:22  retention.events: must be within [1d, 3650d]',
    ]);
  });
});

describe('loadConfig, on a file with errors', () => {
  it('lists all of them at once, in the order of the file, each with line and column', () => {
    assert.deepEqual(
      errorsOf(`publicUrl: ftp://hooks.example.com
sources:
  - name: telegram
    provider: telegran
    path: webhook
    secrets: []
  - name: telegram
    provider: twilio
    secrets: [{ env: TOKEN }]
    maxBody: 26MiB
routes:
  - name: bot
    match: { source: telegrm, were: {} }
    destination: nowhere
destinations:
  - name: bot
    type: https
    url: https://user:pass@bot.internal
    timeout: 10
`),
      [
        'ackline.yaml:1:12  publicUrl: must be an http or https URL such as https://hooks.example.com',
        'ackline.yaml:4:15  sources[0].provider: there is no provider of this name; did you mean "telegram"?',
        'ackline.yaml:5:11  sources[0].path: must begin with "/"',
        'ackline.yaml:6:14  sources[0].secrets: must name one secret at least',
        'ackline.yaml:7:5  sources[1].path: is missing: must be a path such as /webhook/telegram: no query, no spaces, no escapes',
        'ackline.yaml:7:11  sources[1].name: is the name of sources[0] too: names are unique',
        'ackline.yaml:10:14  sources[1].maxBody: must be within [1KiB, 25MiB]',
        'ackline.yaml:13:22  routes[0].match.source: there is no source of this name; did you mean "telegram"?',
        'ackline.yaml:13:31  routes[0].match: unknown key "were"; did you mean "where"?',
        'ackline.yaml:14:18  routes[0].destination: there is no destination of this name; known: bot',
        'ackline.yaml:17:11  destinations[0].type: must be http, kafka or handler; did you mean "http"?',
        'ackline.yaml:18:10  destinations[0].url: must hold no user or password',
        'ackline.yaml:19:14  destinations[0].timeout: must be a duration with its unit, such as 250ms, 5s, 2m, 1h or 30d',
      ],
    );
  });

  it('lists fifty and counts the rest', () => {
    const errors = errorsOf(file({ sources: Array.from({ length: 60 }, () => '  - {}\n').join('') }));
    assert.equal(errors.length, 51);
    assert.equal(errors[50], '… and 190 more');
  });

  for (const [name, text, error] of [
    ['an empty file', '', 'ackline.yaml:1:1  must be a map with sources, routes and destinations'],
    [
      'a file of comments',
      '# nothing\n',
      'ackline.yaml:1:1  must be a map with sources, routes and destinations',
    ],
    ['a list', '- a\n', 'ackline.yaml:1:1  must be a map with sources, routes and destinations'],
    ['no sources', 'routes: []\n', 'ackline.yaml:1:1  sources: is missing: must be a list of sources'],
    ['an empty key', 'sources:\n', 'ackline.yaml:1:9  sources: must be a list of sources'],
    ['no source in the list', 'sources: []\n', 'ackline.yaml:1:10  sources: must have one source at least'],
    [
      'a mistyped key at the top',
      file({ top: 'rotes: []\n' }),
      'ackline.yaml:1:1  unknown key "rotes"; did you mean "routes"?',
    ],
    [
      'a mistyped key of a source',
      file({ sources: source('    maxbody: 1MiB\n') }),
      'ackline.yaml:6:5  sources[0]: unknown key "maxbody"; did you mean "maxBody"?',
    ],
    [
      'a mistyped key of a nested map',
      file({ destinations: destination('    breaker: { failure: 3 }\n') }),
      'ackline.yaml:10:16  destinations[0].breaker: unknown key "failure"; did you mean "failures"?',
    ],
    [
      'a name that is a number',
      file({ sources: source('', '42') }),
      'ackline.yaml:2:11  sources[0].name: must be lower-case letters, digits, "-", "_" or ".", 63 characters at most',
    ],
    [
      'a key that is there twice',
      file({ sources: source('    path: /b\n') }),
      'ackline.yaml:6:5  sources[0]: the key "path" is there twice: remove one',
    ],
    [
      'block without an order',
      file({ destinations: destination('    onPark: block\n') }),
      'ackline.yaml:10:13  destinations[0].onPark: block holds the later deliveries of a key, so it needs "ordering: key"',
    ],
    [
      'a route that can take nothing',
      file({
        sources: source() + source('    tenant: vip\n', 'vip'),
        routes: '  - { name: r, match: { source: telegram, tenant: vip }, destination: bot }\n',
      }),
      'ackline.yaml:12:51  routes[0].match.tenant: takes nothing: source "telegram" has the tenant "default"',
    ],
    [
      'a tenant of no source',
      file({ routes: '  - { name: r, match: { tenant: nobody }, destination: bot }\n' }),
      'ackline.yaml:7:33  routes[0].match.tenant: there is no tenant of this name; known: default',
    ],
    [
      'a weight of a tenant of no source',
      file({ top: 'tenants: [{ name: defualt, weight: 2 }]\n' }),
      'ackline.yaml:1:19  tenants[0].name: there is no tenant of this name; did you mean "default"?',
    ],
    [
      'two weights of one tenant',
      file({ top: 'tenants: [{ name: default }, { name: default }]\n' }),
      'ackline.yaml:1:38  tenants[1].name: is the name of tenants[0] too: names are unique',
    ],
    [
      'a weight of nothing',
      file({ top: 'tenants: [{ name: default, weight: 0 }]\n' }),
      'ackline.yaml:1:36  tenants[0].weight: must be a whole number within [1, 100]',
    ],
    [
      'a priority that there is not',
      file({ routes: '  - { name: r, destination: bot, priority: low }\n' }),
      'ackline.yaml:7:44  routes[0].priority: must be event, high or normal',
    ],
    [
      'a path that is an alias elsewhere',
      file({ sources: source('    aliases: [/webhook/b]\n') + source('', 'b') }),
      'ackline.yaml:9:11  sources[1].path: is the path of sources[0].aliases[0] too: each path belongs to one source',
    ],
    [
      'an error inside of an alias, where it was written',
      'sources:\n  - &one { name: A, provider: telegram, path: /a, secrets: [{ env: T }] }\n  - { name: b, provider: telegram, path: /b, secrets: [{ env: T }], tenant: &t B }\n',
      'ackline.yaml:2:18  sources[0].name: must be lower-case letters, digits, "-", "_" or ".", 63 characters at most',
    ],
  ] as const) {
    it(`names ${name}`, () => {
      assert.equal(errorsOf(text)[0], error);
    });
  }
});

describe('loadConfig, on a filter of a route', () => {
  const routed = (where: string) =>
    file({ routes: `  - name: r\n    match:\n      where:\n${where}    destination: bot\n` });

  it('keeps it as it was written, compiled, with long integers exact', () => {
    const [route] = load(
      routed('        body.id: { $in: [9007199254740993, 5] }\n        type: message\n'),
    ).routes;
    assert.deepEqual(route?.match.where?.given, {
      'body.id': { $in: [9007199254740993n, 5] },
      type: 'message',
    });
    const takes = (body: string) =>
      route.match.where?.test(filterDocument(routableEvent({ body: Buffer.from(body) })));
    assert.equal(takes('{"id":9007199254740993}'), true);
    assert.equal(takes('{"id":9007199254740992}'), false);
    assert.equal(takes('{"id":5}'), true);
  });

  it('names each mistake with its place', () => {
    assert.deepEqual(
      errorsOf(
        routed(
          '        message.text: x\n' +
            '        body.a: { $regx: x, $size: -1 }\n' +
            '        $or:\n          - { type: message }\n          - { body.b: { $in: [] } }\n',
        ),
      ),
      [
        'ackline.yaml:10:9  routes[0].match.where.message.text: must begin with body or headers, or be type, tenant, source or provider; did you mean "body.message.text"?',
        'ackline.yaml:11:19  routes[0].match.where.body.a.$regx: is no operator here; did you mean "$regex"?',
        'ackline.yaml:11:36  routes[0].match.where.body.a.$size: must be a whole number from 0 on',
        'ackline.yaml:14:30  routes[0].match.where.$or[1].body.b.$in: must be a list of 1 to 1000 texts, numbers, true, false or null',
      ],
    );
  });

  it('refuses one that is empty or of another form', () => {
    const place = 'ackline.yaml:7:';
    const one = (where: string) =>
      errorsOf(file({ routes: `  - { name: r, match: { where: ${where} }, destination: bot }\n` }));
    assert.deepEqual(one('{}'), [`${place}32  routes[0].match.where: must hold one condition at least`]);
    assert.deepEqual(one(''), [`${place}33  routes[0].match.where: must be a map of conditions`]);
    assert.deepEqual(one('[body]'), [`${place}32  routes[0].match.where: must be a map of conditions`]);
  });

  it('still refuses a long integer where a small one is meant', () => {
    assert.deepEqual(errorsOf(file({ destinations: destination('    concurrency: 9007199254740993\n') })), [
      'ackline.yaml:10:18  destinations[0].concurrency: must be a whole number within [1, 1000]',
    ]);
  });
});

describe('loadConfig, for production', () => {
  const twilio = (more = '', name = 'whatsapp') =>
    source(more, name).replace('provider: telegram', 'provider: twilio');

  it('refuses, with its place, every source that signs its URL and has none, and only these', () => {
    const text = file({ sources: source() + twilio() + twilio('', 'second') });
    const [first = '', second = '', ...rest] = errorsOf(text, true);
    assert.match(first, /^ackline\.yaml:7:15 {2}sources\[1\]\.provider: twilio signs the URL/);
    assert.match(second, /^ackline\.yaml:11:15 {2}sources\[2\]\.provider: /);
    assert.deepEqual(rest, []);
    assert.deepEqual(errorsOf(text), [], 'development needs no public URL');
  });

  it('takes the public URL of the file, or of the source', () => {
    assert.deepEqual(
      errorsOf(file({ top: 'publicUrl: https://all.example\n', sources: twilio() }), true),
      [],
    );
    assert.deepEqual(errorsOf(file({ sources: twilio('    publicUrl: https://own.example\n') }), true), []);
  });

  it('reports it beside the errors of the schema', () => {
    const errors = errorsOf(file({ sources: twilio().replace('/webhook', 'webhook') }), true);
    assert.deepEqual(
      errors.map(error => /sources\[0\]\.\w+/.exec(error)?.[0]),
      ['sources[0].provider', 'sources[0].path'],
    );
  });
});

describe('loadConfig, on values', () => {
  const PATHS = [
    'webhook',
    '',
    '/a b',
    '/a?b=1',
    '/a#b',
    '/a%20b',
    '/ä',
    '/a//b',
    '/a/../b',
    '/./a',
    '/health',
    '/HEALTH/',
    `/${'a'.repeat(200)}`,
  ];
  for (const path of PATHS) {
    it(`refuses the path ${path.slice(0, 20)}`, () => {
      const errors = errorsOf(file({ sources: source().replace('/webhook/telegram', JSON.stringify(path)) }));
      assert.equal(errors.length, 1);
      assert.match(errors[0] ?? '', /^ackline\.yaml:4:11 {2}sources\[0\]\.path: /);
    });
  }

  for (const path of ['/', '/healthy', '/a/health', '/a.b/_c-d~e', '/a/...']) {
    it(`takes the path ${path}`, () => {
      assert.deepEqual(errorsOf(file({ sources: source().replace('/webhook/telegram', path) })), []);
    });
  }

  const URLS = [
    'ftp://a.b',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'a.b/c',
    '//a.b/c',
    'https:a.b',
    'https://',
    'https:///a',
    'https://a b',
    'https://a.b\\c',
    'https://a.b:99999',
    'https://user@a.b',
    'https://a.b/#x',
    `https://a.b/${'x'.repeat(2_048)}`,
  ];
  for (const url of URLS) {
    it(`refuses the URL ${url.slice(0, 30)}`, () => {
      const text = destination().replace('https://bot.internal/updates', JSON.stringify(url));
      const errors = errorsOf(file({ destinations: text }));
      assert.equal(errors.length, 1);
      assert.match(errors[0] ?? '', /destinations\[0\]\.url: must /);
      assert.equal(errorsOf(file({ top: `publicUrl: ${JSON.stringify(url)}\n` })).length, 1);
    });
  }

  it('refuses a query in publicUrl, since the path comes after it', () => {
    assert.deepEqual(errorsOf(file({ top: 'publicUrl: https://a.b/?x=1\n' })), [
      'ackline.yaml:1:12  publicUrl: must have no query',
    ]);
  });

  for (const [key, value] of [
    ['concurrency', '0'],
    ['concurrency', '1001'],
    ['concurrency', '1.5'],
    ['concurrency', '"20"'],
    ['concurrency', '.nan'],
    ['rate', '{ max: 0 }'],
    ['rate', '{ max: 1, per: 999ms }'],
    ['rate', '5'],
    ['timeout', '99ms'],
    ['timeout', '121s'],
    ['timeout', 'soon'],
    ['retry', '{ schedule: [25h] }'],
    ['retry', '{ schedule: [0s] }'],
    ['retry', '{ schedule: 5s }'],
    ['retry', `{ schedule: [${Array(51).fill('1s').join(', ')}] }`],
    ['retry', '{ jitter: some }'],
    ['breaker', '{ failures: 0 }'],
    ['breaker', '{ reset: 999ms }'],
    ['breaker', '{ slowStart: 61m }'],
    ['ordering', 'keys'],
    ['ordering', 'true'],
    ['onPark', 'stop'],
    ['forwardSecret', '"yes"'],
    ['signingSecret', 'whsec_abc'],
    ['signingSecret', '{}'],
  ] as const) {
    it(`refuses ${key}: ${value.slice(0, 30)}`, () => {
      const errors = errorsOf(file({ destinations: destination(`    ${key}: ${value}\n`) }));
      assert.equal(errors.length, 1, errors.join('\n'));
      assert.match(errors[0] ?? '', new RegExp(`destinations\\[0\\]\\.${key}[^ ]*: must `));
    });
  }

  for (const secrets of [
    '[hunter2]',
    '[{ env: "hunter 2" }]',
    '[{ file: hunter2 }]',
    '[{ env: A, file: /b }]',
    '[{}]',
    'hunter2',
    '[{ value: hunter2 }]',
  ]) {
    it(`refuses the secrets ${secrets} and does not repeat the value`, () => {
      const errors = errorsOf(file({ sources: source().replace('[{ env: TOKEN }]', secrets) }));
      assert.ok(errors.length > 0);
      assert.ok(!errors.join('\n').includes('hunter'), errors.join('\n'));
    });
  }
});

describe('loadConfig, on text that is no YAML', () => {
  for (const [name, text, error] of [
    ['a tab', 'sources:\n\t- name: a\n', /^ackline\.yaml:2:1 {2}tabs can not indent: use spaces$/],
    [
      'an open quote',
      'sources: "abc\n',
      /^ackline\.yaml:2:1 {2}a quote, bracket, colon or space is missing here$/,
    ],
    ['an unknown alias', 'sources: *nobody\n', /^ackline\.yaml:1:10 {2}an alias \(\*name\) needs an anchor/],
    [
      'an unknown tag',
      'sources: !secret abc\n',
      /^ackline\.yaml:1:10 {2}tags \(!name\) are not known here: remove it$/,
    ],
    [
      'a second document',
      'sources: []\n---\nsources: []\n',
      /^ackline\.yaml:2:1 {2}the file must hold one document/,
    ],
    ['twenty thousand brackets', '['.repeat(20_000), /^ackline\.yaml:1:\d+ {2}is nested too deeply$/],
  ] as const) {
    it(`names ${name}`, () => {
      assert.match(errorsOf(text)[0] ?? 'loaded', error);
    });
  }

  for (const [name, line, error] of [
    ['one space too many', '     provider: telegram', /:4:\d+ {2}this line or the next is indented wrongly/],
    ['one space too few', '   provider: telegram', /:5:\d+ {2}a quote, bracket, colon or space is missing/],
    ['a tab', '\tprovider: telegram', /:5:1 {2}tabs can not indent/],
    ['no colon', '    provider telegram', /:5:5 {2}this line or the next .* has no colon$/],
  ] as const) {
    it(`names one mistake for a line with ${name}, not what follows from it`, () => {
      const text = `# one\n\n${file({ sources: `${source()}${source('', 'second')}` })}`;
      const errors = errorsOf(text.replace('    provider: telegram', line));
      assert.equal(errors.length, 1, errors.join('\n'));
      assert.match(errors[0] ?? '', error);
    });
  }

  it('never quotes the text, which may hold a secret', () => {
    for (const text of [
      'a: "hunter2\nb',
      'hunter2: [\n}',
      '@hunter2',
      'a: b: hunter2',
      'a\n hunter2: {',
      '"hunter2" x',
    ]) {
      assert.ok(!errorsOf(text).join('\n').includes('hunter2'), `${text} -> ${errorsOf(text).join('\n')}`);
    }
  });

  it('refuses a file over one mebibyte without parsing it', () => {
    assert.deepEqual(errorsOf('#'.repeat(1_048_577)), ['ackline.yaml: is over 1048576 bytes']);
  });

  it('refuses aliases that grow without end', () => {
    const levels = Array.from(
      { length: 12 },
      (_, n) => `l${n + 1}: &l${n + 1} [${Array(9).fill(`*l${n}`).join(', ')}]`,
    );
    assert.deepEqual(errorsOf(`l0: &l0 [x]\n${levels.join('\n')}\n`), [
      'ackline.yaml:1:1  repeats aliases over 100 times',
    ]);
  });

  it('takes an anchor that holds itself for what it is: no list of sources', () => {
    assert.deepEqual(errorsOf('sources: &all [*all]\n'), [
      'ackline.yaml:1:16  sources[0]: must be a source: a map with name, provider, path and secrets',
    ]);
  });

  it('does not repeat a key that may be a secret in the wrong place', () => {
    const secret = 's3cr3tToken42';
    const text = file({ top: `${secret}: 1\n${secret}: 2\n` }).replace(/\{ env: \w+ \}/, `{ ${secret} }`);
    const errors = errorsOf(text);
    assert.ok(errors.length >= 3, errors.join('\n'));
    for (const error of errors) assert.ok(!error.includes(secret), error);
    assert.ok(
      errors.some(error => /unknown key; known here: env, file/.test(error)),
      errors.join('\n'),
    );
  });

  it('takes keys that are named like properties of an object for what they are: unknown', () => {
    const errors = errorsOf(file({ top: '__proto__: { publicUrl: "x" }\nconstructor: 1\n' }));
    assert.deepEqual(
      errors.map(line => /unknown key "\w+"/.exec(line)?.[0]),
      ['unknown key "__proto__"', 'unknown key "constructor"'],
    );
  });
});
