import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../src/config.ts';

const DATABASE_URL = 'postgres://ackline:hunter2@db:5432/ackline';

describe('loadConfig', () => {
  it('has the defaults of the documents', () => {
    const { environment, ...config } = loadConfig({ DATABASE_URL });
    assert.deepEqual(environment, { DATABASE_URL });
    assert.deepEqual(config, {
      isProduction: true,
      logLevel: 'info',
      drain: { waitMs: 0, deadlineMs: 20_000 },
      configFile: 'ackline.yaml',
      processes: null,
      http: { host: '0.0.0.0', port: 8080 },
      operations: { host: '0.0.0.0', port: 9464 },
      databaseUrl: DATABASE_URL,
      failsOver: true,
      askPostgresEveryMs: 60_000,
      kafka: null,
      spool: null,
      breaker: { failures: 10, resetMs: 60_000 },
      redisUrl: null,
      maxRequestsPerMinute: null,
      maxConnections: 4_096,
      tracing: null,
      signatureBudgetMs: 50,
      seenTtlMs: 600_000,
      workers: 4,
    });
  });

  it('takes a list of brokers, and a cluster that is declared as a single node', () => {
    const config = loadConfig({
      DATABASE_URL,
      KAFKA_BROKERS: 'kafka-1:9092, [::1]:9092',
      KAFKA_DURABILITY: 'single-node',
    });
    assert.deepEqual(config.kafka, {
      brokers: ['kafka-1:9092', '[::1]:9092'],
      durability: 'single-node',
      security: { tls: null, sasl: null },
    });
    assert.equal(loadConfig({ DATABASE_URL, KAFKA_BROKERS: 'k:1' }).kafka?.durability, 'cluster');
  });

  it('has a spool where a directory is named', () => {
    const { spool } = loadConfig({
      DATABASE_URL,
      SPOOL_DIR: '/var/spool/ackline',
      SPOOL_MAX_BYTES: '2MiB',
      SPOOL_MAX_AGE: '2h',
    });
    assert.deepEqual(spool, {
      directory: '/var/spool/ackline',
      maxBytes: 2_097_152,
      maxAgeMs: 7_200_000,
      allowEphemeral: false,
    });
    assert.equal(
      loadConfig({ DATABASE_URL, SPOOL_DIR: '/tmp', SPOOL_DURABILITY: 'ephemeral' }).spool?.allowEphemeral,
      true,
    );
  });

  it('reads the breaker in failures and seconds', () => {
    const config = loadConfig({ DATABASE_URL, CIRCUIT_BREAKER_THRESHOLD: '3', CIRCUIT_BREAKER_TIMEOUT: '5' });
    assert.deepEqual(config.breaker, { failures: 3, resetMs: 5_000 });
  });

  it('reads Redis, requests a minute and connections', () => {
    const config = loadConfig({
      DATABASE_URL,
      REDIS_URL: 'rediss://:hunter2@redis.internal:6380/1',
      WEBHOOK_MAX_REQUESTS_PER_MINUTE: '100',
      WEBHOOK_MAX_CONNECTIONS: '40',
    });
    assert.equal(config.redisUrl, 'rediss://:hunter2@redis.internal:6380/1');
    assert.equal(config.maxRequestsPerMinute, 100);
    assert.equal(config.maxConnections, 40);
  });

  for (const REDIS_URL of [
    'redis.internal:6379',
    'http://:hunter2@redis',
    'redis://',
    'redis://h/db',
    'unix:///x',
  ]) {
    it(`refuses ${REDIS_URL} as Redis`, () => {
      assert.throws(
        () => loadConfig({ DATABASE_URL, REDIS_URL, WEBHOOK_MAX_REQUESTS_PER_MINUTE: '0' }),
        (error: Error) => {
          assert.match(error.message, /REDIS_URL: must be redis:/);
          assert.match(error.message, /WEBHOOK_MAX_REQUESTS_PER_MINUTE: must be a whole number from 1/);
          assert.doesNotMatch(error.message, /hunter2/);
          return true;
        },
      );
    });
  }

  it('reads the time for proving a sender in seconds, as the systems before did', () => {
    const budget = (SIGNATURE_VALIDATION_TIMEOUT: string) =>
      loadConfig({ DATABASE_URL, SIGNATURE_VALIDATION_TIMEOUT }).signatureBudgetMs;
    assert.equal(budget('0.1'), 100);
    for (const wrong of ['0', '11', '-1', '50ms']) {
      assert.throws(() => budget(wrong), /SIGNATURE_VALIDATION_TIMEOUT: must be a number of seconds over 0/);
    }
  });

  it('reads the time for which a proven request is remembered in seconds, as the systems before did', () => {
    const ttl = (VALIDATION_CACHE_TTL: string) =>
      loadConfig({ DATABASE_URL, VALIDATION_CACHE_TTL }).seenTtlMs;
    assert.equal(ttl('300'), 300_000);
    for (const wrong of ['0', '3601', '5m']) assert.throws(() => ttl(wrong), /VALIDATION_CACHE_TTL: must be/);
  });

  it('has no parent process unless a number is given', () => {
    assert.equal(loadConfig({ DATABASE_URL, INGRESS_PROCESSES: '2' }).processes, 2);
    assert.throws(() => loadConfig({ DATABASE_URL, INGRESS_PROCESSES: '0' }), /INGRESS_PROCESSES/);
  });

  it('lists everything that is wrong, without the password', () => {
    assert.throws(
      () => loadConfig({ DATABASE_URL: 'http://hunter2', KAFKA_BROKERS: 'kafka', WEBHOOK_WORKERS: '0' }),
      (error: Error) => {
        assert.match(error.message, /DATABASE_URL: must be postgres:/);
        assert.match(error.message, /KAFKA_BROKERS: must be host:port/);
        assert.match(error.message, /WEBHOOK_WORKERS: must be a whole number from 1/);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      },
    );
  });

  it('needs a database: the inbox is the log that is always there', () => {
    assert.throws(() => loadConfig({}), /DATABASE_URL: must be set/);
  });
});
