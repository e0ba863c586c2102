import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { addressOf, shownAddress } from '../../src/config/destination-address.ts';
import { type KnownProviders, loadConfig } from '../../src/config/load-config.ts';

const provider = {
  checkSecret: () => true as const,
  contentTypes: [],
  signsUrl: false,
  toleranceMs: null,
  overLimit: 'reject' as const,
};
const providers: KnownProviders = new Map([['telegram', provider]]);

/** The destination begins at line 3. */
const load = (destination: string) => {
  const loaded = loadConfig(
    `sources: [{ name: s, provider: telegram, path: /s, secrets: [{ env: A }] }]\ndestinations:\n  - { name: d, ${destination} }\n`,
    { fileName: 'ackline.yaml', providers, production: true },
  ).destinations[0];
  assert.ok(loaded);
  return loaded;
};
const errorsOf = (destination: string): readonly string[] => {
  try {
    load(destination);
  } catch (error) {
    return (error as Error).message
      .split('\n')
      .map(line => line.replace(/^ackline\.yaml:\d+:\d+ {2}destinations\[0\]/, ''));
  }
  return [];
};

describe('a destination of type handler in ackline.yaml', () => {
  it('is as docs/handlers.md shows it', () => {
    const page = readFileSync(new URL('../../../../docs/handlers.md', import.meta.url), 'utf8');
    const [, example = ''] = /^```yaml\n(sources:.*?)^```$/ms.exec(page) ?? [];
    const { destinations } = loadConfig(example, { fileName: 'handlers.md', providers, production: true });
    assert.equal(destinations[0]?.type, 'handler');
  });

  it('has a module, and the rest by defaults', () => {
    const plain = load('type: handler, module: ./handlers/bot.ts');
    assert.ok(plain.type === 'handler');
    const { module, handler, threads, memoryBytes, connections, secrets, settings, timeoutMs } = plain;
    assert.deepEqual([module, handler, threads], ['./handlers/bot.ts', null, 1]);
    assert.deepEqual(
      [memoryBytes, connections, secrets, settings, timeoutMs],
      [128 * 1024 * 1024, 0, {}, {}, 10_000],
    );
    assert.equal('url' in plain || 'topic' in plain, false);
  });

  it('has what it is given, and what every destination has', () => {
    const full = load(
      'type: handler, module: /app/handlers/bot.mjs, handler: service-bot, threads: 2, memory: 1GiB, connections: 5, ' +
        'secrets: { telegramToken: { env: TELEGRAM_BOT_TOKEN }, other: { file: /run/other } }, ' +
        'settings: { apiUrl: "https://api.internal", limits: [1, null, { deep: true }] }, timeout: 2s, concurrency: 3, ordering: key',
    );
    assert.ok(full.type === 'handler');
    assert.deepEqual([full.handler, full.threads, full.memoryBytes], ['service-bot', 2, 2 ** 30]);
    assert.deepEqual([full.connections, full.timeoutMs, full.concurrency], [5, 2_000, 3]);
    assert.deepEqual(full.secrets, {
      telegramToken: { env: 'TELEGRAM_BOT_TOKEN' },
      other: { file: '/run/other' },
    });
    assert.deepEqual(full.settings, {
      apiUrl: 'https://api.internal',
      limits: [1, null, { deep: true }],
    });
    assert.equal(shownAddress(full), 'handler:/app/handlers/bot.mjs#service-bot');
    assert.equal(addressOf({ ...full, handler: null }), 'handler:/app/handlers/bot.mjs');
  });

  it('needs its module, takes nothing of the others, and they nothing of it', () => {
    assert.deepEqual(errorsOf('type: handler'), [
      '.module: is missing: must be the path of a module such as ./handlers/bot.ts',
    ]);
    assert.deepEqual(
      errorsOf('type: handler, module: ./a.ts, url: "http://a.b", signingSecret: { env: A }'),
      [
        '.url: belongs to a destination of type http, and this is one of type handler',
        '.signingSecret: belongs to a destination of type http or kafka, and this is one of type handler',
      ],
    );
    assert.deepEqual(errorsOf('type: http, url: "http://a.b", threads: 2'), [
      '.threads: belongs to a destination of type handler, and this is one of type http',
    ]);
  });

  it('names a module that Node can run', () => {
    for (const module of ['bot', './bot.cts', './bot.json', './.ts', './handlers/', '"./a\\0.ts"', '7']) {
      assert.match(
        errorsOf(`type: handler, module: ${module}`).join('|'),
        /^\.module: must be the path of a module/,
        module,
      );
    }
    for (const module of ['bot.js', '../a/b.mts', './with space.ts']) {
      assert.deepEqual(errorsOf(`type: handler, module: '${module}'`), []);
    }
  });

  it('has bounds for threads, memory and connections', () => {
    const bad: Readonly<Record<string, readonly string[]>> = {
      threads: ['0', '17', '1.5'],
      memory: ['31MiB', '5GiB', '128'],
      connections: ['-1', '21'],
    };
    for (const [key, values] of Object.entries(bad)) {
      for (const value of values) {
        assert.match(
          errorsOf(`type: handler, module: ./a.ts, ${key}: ${value}`).join('|'),
          new RegExp(`^\\.${key}: must be`),
        );
      }
    }
  });

  it('has secrets by reference alone, by names that read well, and shows none that stands there', () => {
    for (const secrets of ['{ a-b: { env: A } }', '{ 1a: { env: A } }', '[]']) {
      assert.match(errorsOf(`type: handler, module: ./a.ts, secrets: ${secrets}`).join('|'), /^\.secrets/);
    }
    const [error = ''] = errorsOf('type: handler, module: ./a.ts, secrets: { token: hunter2 }');
    assert.match(error, /^\.secrets\.token: must be \{ env: NAME \}/);
    assert.doesNotMatch(error, /hunter2/);
    const many = Array.from({ length: 21 }, (_, n) => `s${n}: { env: A }`).join(', ');
    assert.match(errorsOf(`type: handler, module: ./a.ts, secrets: { ${many} }`).join('|'), /up to 20/);
  });

  it('has settings that JSON can hold, of a bounded size', () => {
    for (const settings of ['[1]', 'text', '{ id: 9007199254740993 }', `{ a: ${'x'.repeat(65_536)} }`]) {
      assert.match(
        errorsOf(`type: handler, module: ./a.ts, settings: ${settings}`).join('|'),
        /^\.settings: must be a map of what JSON can hold/,
      );
    }
  });
});
