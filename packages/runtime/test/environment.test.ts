import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { parseEnvironment } from '@ackline/runtime/environment';
import { commonFields, eventLogFields, port, wholeNumber } from '@ackline/runtime/environment-fields';
import { z } from 'zod';

const schema = z.object({
  ...commonFields,
  PORT: port(8080),
  WEBHOOK_WORKERS: wholeNumber({ min: 1, max: 64, fallback: 4 }),
});

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, 'ACKLINE_ENVIRONMENT_INVALID');
    return error.message;
  }
  return assert.fail('nothing was thrown');
}

describe('parseEnvironment', () => {
  it('fills in what is not set, and counts an empty variable as not set', () => {
    const config = parseEnvironment(schema, { PORT: '', LOG_LEVEL: '', OTHER: 'x' });
    assert.deepEqual(config, {
      ACKLINE_CONFIG: 'ackline.yaml',
      ACKLINE_ENV: 'production',
      DATABASE_URL: null,
      DRAIN_WAIT_MS: 0,
      LOG_LEVEL: 'info',
      OPS_HOST: '0.0.0.0',
      OPS_PORT: 9464,
      PORT: 8080,
      WEBHOOK_WORKERS: 4,
    });
  });

  it('is frozen, so that nothing changes the configuration of a running process', () => {
    assert.ok(Object.isFrozen(parseEnvironment(schema, {})));
  });

  it('lists every bad variable at once, with what it must be', () => {
    const message = messageOf(() =>
      parseEnvironment(schema, {
        PORT: '70000',
        WEBHOOK_WORKERS: 'four',
        LOG_LEVEL: 'loud',
        ACKLINE_ENV: 'prod',
      }),
    );
    assert.match(message, /PORT: must be a whole number from 0 to 65535 \(it is "70000"\)/);
    assert.match(message, /WEBHOOK_WORKERS: must be a whole number from 1 to 64 \(it is "four"\)/);
    assert.match(message, /LOG_LEVEL: must be DEBUG, INFO, WARNING or ERROR \(it is "loud"\)/);
    assert.match(message, /ACKLINE_ENV: must be development or production \(it is "prod"\)/);
  });

  it('never shows the value of a variable that may hold a secret', () => {
    const withSecret = z.object({
      DATABASE_URL: commonFields.DATABASE_URL,
      WEBHOOK_SECRET_TOKEN: z.string().min(99),
    });
    const message = messageOf(() =>
      parseEnvironment(withSecret, {
        DATABASE_URL: 'mysql://me:hunter2@db/x',
        WEBHOOK_SECRET_TOKEN: 'hunter2',
      }),
    );
    assert.doesNotMatch(message, /hunter2/);
    assert.match(
      message,
      /DATABASE_URL: must be postgres:\/\/user:password@host:port\/database \(its value is not shown\)/,
    );
  });

  it('says that a required variable must be set', () => {
    const message = messageOf(() => parseEnvironment(z.object({ NAME: z.string() }), {}));
    assert.equal(message, 'Environment: NAME: must be set');
  });

  it('cuts a long value, so that the error stays one readable line', () => {
    const message = messageOf(() => parseEnvironment(schema, { PORT: '9'.repeat(10_000) }));
    assert.ok(message.length < 200);
  });

  it('reads the spool with units, and is off without a directory', () => {
    const fields = z.object(eventLogFields);
    const DATABASE_URL = 'postgres://u:p@localhost/db';
    const unset = parseEnvironment(fields, { DATABASE_URL });
    assert.equal(unset.SPOOL_DIR, null);
    assert.equal(unset.SPOOL_MAX_BYTES, 1024 ** 3);
    assert.equal(unset.SPOOL_MAX_AGE, 24 * 3_600_000);
    assert.equal(unset.SPOOL_DURABILITY, 'persistent');
    const set = parseEnvironment(fields, {
      DATABASE_URL,
      SPOOL_DIR: '/var/lib/ackline/spool',
      SPOOL_MAX_BYTES: '2GiB',
      SPOOL_MAX_AGE: '30m',
      SPOOL_DURABILITY: 'ephemeral',
    });
    assert.equal(set.SPOOL_DIR, '/var/lib/ackline/spool');
    assert.equal(set.SPOOL_MAX_BYTES, 2 * 1024 ** 3);
    assert.equal(set.SPOOL_MAX_AGE, 1_800_000);
    assert.equal(set.SPOOL_DURABILITY, 'ephemeral');
    assert.match(
      messageOf(() => parseEnvironment(fields, { DATABASE_URL, SPOOL_MAX_BYTES: '5', SPOOL_MAX_AGE: '1w' })),
      /SPOOL_MAX_AGE: must be a duration.*SPOOL_MAX_BYTES: must be a size/s,
    );
  });
});
