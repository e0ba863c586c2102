import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { handlerEnvironment } from '../../src/thread/environment.ts';

describe('the environment of handlers', () => {
  it('has what says how the system works, and no secret', () => {
    const given = {
      TZ: 'UTC',
      NODE_ENV: 'production',
      DATABASE_URL: 'x',
      TELEGRAM_BOT_TOKEN: 'x',
      LANG: undefined,
    };
    assert.deepEqual(handlerEnvironment(given, false), { TZ: 'UTC', NODE_ENV: 'production' });
  });

  it('has what pg reads where there is ctx.pg', () => {
    const given = { PGSSLMODE: 'verify-full', PGPASSWORD: 'x', MYPGHOST: 'x' };
    assert.deepEqual(handlerEnvironment(given, false), {});
    assert.deepEqual(handlerEnvironment(given, true), { PGSSLMODE: 'verify-full', PGPASSWORD: 'x' });
  });
});
