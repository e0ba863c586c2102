import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withDefaultLimit } from '../../src/config/default-limit.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { sourceSchema } from '../../src/config/schema-source.ts';
import { providers } from '../../src/providers/registry.ts';

const load = (text: string) => loadConfig(text, { fileName: 'ackline.yaml', providers, production: false });

const file = (source: string, provider = 'telegram') =>
  `sources:\n  - name: chat\n    provider: ${provider}\n    path: /chat\n    secrets: [{ env: TOKEN }]\n${source}`;
const withProxies = (list: string) => `trustProxies: ${list}\n${file('')}`;
const limitOf = (source: string, provider?: string) => load(file(source, provider)).sources[0]?.limit;

function errorOf(text: string): string {
  try {
    load(text);
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
}

describe('the limit of a source', () => {
  it('counts by sender and minute where it says no more than a number', () => {
    assert.deepEqual(limitOf('    limit: { max: 100 }\n', 'stripe'), {
      max: 100,
      perMs: 60_000,
      by: 'sender',
      over: 'reject',
    });
  });

  it('defers for a provider that a refusal delays or that never sends again, unless it says otherwise', () => {
    assert.equal(limitOf('    limit: { max: 1 }\n', 'telegram')?.over, 'defer');
    assert.equal(limitOf('    limit: { max: 1 }\n', 'respondio')?.over, 'defer');
    assert.equal(limitOf('    limit: { max: 1 }\n', 'github')?.over, 'defer');
    assert.equal(limitOf('    limit: { max: 1 }\n', 'twilio')?.over, 'defer');
    assert.equal(limitOf('    limit: { max: 1 }\n', 'svix')?.over, 'reject');
    assert.equal(limitOf('    limit: { max: 1, over: reject }\n', 'telegram')?.over, 'reject');
    assert.equal(limitOf('    limit: { max: 1, over: defer }\n', 'stripe')?.over, 'defer');
  });

  for (const [name, text, error] of [
    [
      'a limit of nothing',
      file('    limit: { max: 0 }\n'),
      'ackline.yaml:6:19  sources[0].limit.max: must be a whole number within [1, 1000000]',
    ],
    [
      'a limit without a number',
      file('    limit: { per: 1m }\n'),
      'ackline.yaml:6:12  sources[0].limit.max: is missing: must be a whole number within [1, 1000000]',
    ],
    [
      'a time of part of a second',
      file('    limit: { max: 1, per: 1500ms }\n'),
      'ackline.yaml:6:27  sources[0].limit.per: must be in whole seconds',
    ],
    [
      'a time under a second',
      file('    limit: { max: 1, per: 10ms }\n'),
      'ackline.yaml:6:27  sources[0].limit.per: must be within [1s, 24h]',
    ],
    [
      'something else to count by',
      file('    limit: { max: 1, by: senders }\n'),
      'ackline.yaml:6:26  sources[0].limit.by: must be sender, ip or source; did you mean "sender"?',
    ],
    [
      'something else to do',
      file('    limit: { max: 1, over: drop }\n'),
      'ackline.yaml:6:28  sources[0].limit.over: must be reject or defer',
    ],
    [
      'a list of limits',
      file('    limit: [{ max: 1 }]\n'),
      'ackline.yaml:6:12  sources[0].limit: must be a map with max, per, by and over',
    ],
    [
      'a silence longer than the whole body may take',
      file('    bodyTimeout: { idle: 9s }\n'),
      'ackline.yaml:6:26  sources[0].bodyTimeout.idle: idle is longer than total, so it would never end a body: lower idle or raise total',
    ],
    [
      'a whole body shorter than the silence of the default',
      file('    bodyTimeout: { total: 500ms }\n'),
      'ackline.yaml:6:27  sources[0].bodyTimeout.total: idle is longer than total, so it would never end a body: lower idle or raise total',
    ],
    [
      'a body that outlives the drain',
      file('    bodyTimeout: { total: 60s }\n'),
      'ackline.yaml:6:27  sources[0].bodyTimeout.total: must be within [10ms, 10s]',
    ],
    [
      'a connection of another kind',
      file('    connection: closed\n'),
      'ackline.yaml:6:17  sources[0].connection: must be keep-alive or close; did you mean "close"?',
    ],
    ...[
      '10.0.0.0/0',
      '10.0.0/8',
      '10.0.0.0/33',
      '::/129',
      'proxy.internal',
      'fe80::1%eth0',
      '10.0.0.0/8/8',
      '',
    ].map(
      block =>
        [
          `the proxy "${block}"`,
          withProxies(`["${block}"]`),
          'ackline.yaml:1:16  trustProxies[0]: must be an IP address or a block such as 10.0.0.0/8',
        ] as const,
    ),
  ] as const) {
    it(`is refused with its place: ${name}`, () => {
      assert.equal(errorOf(text), error);
    });
  }
});

describe('maxBody', () => {
  const bytesOf = (source: string, provider?: string) =>
    load(file(source, provider)).sources[0]?.maxBodyBytes;

  it('is 1 MiB where a source says nothing, and what the provider sends where that is more', () => {
    assert.equal(bytesOf(''), 1_048_576);
    assert.equal(bytesOf('', 'github'), 26_214_400);
    assert.equal(bytesOf('    maxBody: 2MiB\n', 'github'), 2_097_152);
  });

  it('is described with each provider whose own is another one', () => {
    const text = sourceSchema.shape.maxBody.description ?? '';
    for (const { name, maxBodyBytes } of providers.values()) {
      if (maxBodyBytes === undefined) continue;
      const size = `${maxBodyBytes / 1_048_576}MiB`;
      assert.match(text, new RegExp(`${size} for [a-z ]*\\b${name}\\b`));
    }
  });
});

describe('what a source need not say', () => {
  const { tolerance, limit } = sourceSchema.shape;

  it('is described with each provider whose tolerance is not the usual one', () => {
    const text = tolerance.description ?? '';
    const [, named = ''] = /provider, 5 minutes; (.*)\.$/.exec(text) ?? [];
    assert.ok(named.startsWith('4 days for paypal, 60 seconds for linear, '), 'the longest first');
    const others = [...providers.values()].filter(
      ({ toleranceMs }) => toleranceMs !== null && toleranceMs !== 300_000,
    );
    assert.deepEqual(
      named
        .split(/, | and /)
        .map(part => part.replace(/^.* for /, ''))
        .toSorted(),
      others.map(({ name }) => name).toSorted(),
    );
  });

  it('is described with each provider that is refused what is over a limit', () => {
    const text = limit.unwrap().shape.over.description ?? '';
    const [, named = ''] = /Default: reject for ([^;]+); defer for the others/.exec(text) ?? [];
    const rejecting = [...providers.values()].filter(({ overLimit }) => overLimit === 'reject');
    assert.deepEqual(named.split(/, | and /).toSorted(), rejecting.map(({ name }) => name).toSorted());
  });
});

describe('tolerance', () => {
  const toleranceOf = (source: string, provider: string) =>
    load(file(source, provider)).sources[0]?.toleranceMs;

  it("is the provider's own where a source says nothing, and none where no time is signed", () => {
    assert.equal(toleranceOf('', 'stripe'), 300_000);
    assert.equal(toleranceOf('    tolerance: 30s\n', 'stripe'), 30_000);
    assert.equal(toleranceOf('', 'github'), null);
  });

  it('is refused with its place of a provider that signs no time, and out of its bounds', () => {
    assert.equal(
      errorOf(file('    tolerance: 30s\n', 'github')),
      'ackline.yaml:6:16  sources[0].tolerance: github signs no time that could be out of it: take the tolerance out',
    );
    for (const text of ['0s', '2h'])
      assert.equal(
        errorOf(file(`    tolerance: ${text}\n`, 'stripe')),
        'ackline.yaml:6:16  sources[0].tolerance: must be within [1s, 1h]',
      );
  });
});

describe('WEBHOOK_MAX_REQUESTS_PER_MINUTE', () => {
  const config = load(
    `${file('')}  - { name: paid, provider: stripe, path: /paid, secrets: [{ env: T }], limit: { max: 7 } }\n` +
      '  - { name: refunds, provider: stripe, path: /refunds, secrets: [{ env: T }] }\n',
  );

  it('is the limit by sender of each source that names none', () => {
    const limits = withDefaultLimit(config, 100, providers).sources.map(source => source.limit);
    assert.deepEqual(limits, [
      { max: 100, perMs: 60_000, by: 'sender', over: 'defer' },
      { max: 7, perMs: 60_000, by: 'sender', over: 'reject' },
      { max: 100, perMs: 60_000, by: 'sender', over: 'reject' },
    ]);
  });

  it('leaves everything as it is where it is not set', () => {
    assert.equal(withDefaultLimit(config, null, providers), config);
  });
});
