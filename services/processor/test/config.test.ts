import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONNECTIONS_BESIDE_WORK, readConfig } from '../src/config.ts';

const env = { DATABASE_URL: 'postgres://user:password@db/ackline' };

describe('readConfig of the processor', () => {
  it('has a pool of 50, and takes another size', () => {
    assert.equal(readConfig(env).poolMax, 50);
    assert.equal(readConfig({ ...env, DATABASE_POOL_MAX: '15' }).poolMax, 15);
  });

  it('refuses a pool that its lanes would use up', () => {
    const start = (workers: string, pool: string) =>
      readConfig({ ...env, WEBHOOK_WORKERS: workers, DATABASE_POOL_MAX: pool });
    assert.equal(start('7', '15').poolMax, 15);
    assert.throws(
      () => start('8', '15'),
      /DATABASE_POOL_MAX: 15 are too few for WEBHOOK_WORKERS=8, set 16 or more/,
    );
    assert.throws(() => start('1', '9'), /DATABASE_POOL_MAX: must be a whole number from 10 to 200/);
  });

  it('has so many claims at once that every lane, and what is beside them, finds a connection', () => {
    const claims = (workers: number, pool: number) =>
      readConfig({ ...env, WEBHOOK_WORKERS: String(workers), DATABASE_POOL_MAX: String(pool) }).claimsAtOnce;
    assert.deepEqual([claims(4, 50), claims(4, 15), claims(4, 12)], [16, 4, 1]);
    for (let workers = 1; workers <= 32; workers++) {
      for (let pool = Math.max(10, workers + 8); pool <= 200; pool++) {
        assert.ok(claims(workers, pool) >= 1);
        assert.ok(claims(workers, pool) + workers + CONNECTIONS_BESIDE_WORK <= pool, `${workers} of ${pool}`);
      }
    }
  });
});
