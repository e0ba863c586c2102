import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSecretReader } from '@ackline/runtime/secrets';
import { handlerConnections } from '@ackline/shared/config/handler-connections';
import { handlerOptions } from '../../src/handling/handler-options.ts';
import { destinationConfig, handlerConfig } from '../configs.ts';

const deps = {
  configPath: '/etc/ackline/ackline.yaml',
  databaseUrl: 'postgres://ackline@db/ackline',
  http: { connections: 100, keepAlive: 20 },
  secrets: createSecretReader({ env: { BOT_TOKEN: 'token', OTHER: 'other' }, production: true }),
};

describe('what the threads of a handler are started with', () => {
  it('is the module from the folder of ackline.yaml, the values of its secrets by their names, and its settings', () => {
    const secrets = { telegramToken: { env: 'BOT_TOKEN' }, apiKey: { env: 'OTHER' } };
    const options = handlerOptions(
      handlerConfig({ secrets, settings: { apiUrl: 'http://a' }, threads: 3 }),
      deps,
    );
    assert.equal(options.module, '/etc/ackline/bot.ts');
    assert.deepEqual(options.secrets, { telegramToken: 'token', apiKey: 'other' });
    assert.deepEqual(
      [options.settings, options.threads, options.http],
      [{ apiUrl: 'http://a' }, 3, deps.http],
    );
    assert.equal(options.pg, null);
  });

  it('is PostgreSQL where it may have connections, and a whole path as it is', () => {
    const options = handlerOptions(handlerConfig({ module: '/app/handlers/bot.ts', connections: 4 }), deps);
    assert.equal(options.module, '/app/handlers/bot.ts');
    assert.deepEqual(options.pg, { connectionString: deps.databaseUrl, connections: 4 });
  });

  it('is nothing where a secret is missing', () => {
    const secrets = { telegramToken: { env: 'NOT_THERE' } };
    assert.throws(() => handlerOptions(handlerConfig({ secrets }), deps), { code: 'ACKLINE_SECRET_MISSING' });
  });
});

describe('the connections of handlers', () => {
  it('are those of all threads, and of those that are being replaced', () => {
    assert.equal(
      handlerConnections([
        handlerConfig({ threads: 2, connections: 3 }),
        handlerConfig({ threads: 4 }),
        destinationConfig(),
        handlerConfig({ connections: 1 }),
      ]),
      14,
    );
  });
});
