import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventLogSnapshot } from '@ackline/eventlog/composed-log';
import { type HealthFacts, reportHealth } from '../../src/http/health-report.ts';

const LOG: EventLogSnapshot = {
  queue: { size: 5, maxSize: 10_000 },
  tiers: [
    { name: 'kafka', breaker: { status: 'OPEN', failures: 10, threshold: 10, reopensAt: 1 } },
    { name: 'inbox', breaker: { status: 'CLOSED', failures: 2, threshold: 10 } },
  ],
  tierInUse: 'inbox',
  kafka: 'ready',
  kafkaProblem: 'ACKLINE_KAFKA_LOGIN_REFUSED',
  durability: ['replication is 1'],
  spool: null,
  appended: { kafka: 1, inbox: 2, spool: 0 },
};

function report(facts: Partial<HealthFacts> = {}) {
  return reportHealth({
    isDraining: false,
    isDurable: true,
    log: LOG,
    postgres: { isGood: true, isRefused: false, failure: null, weaknesses: [] },
    breakerThreshold: 7,
    workers: 4,
    webhookUrl: null,
    redis: null,
    seen: { hits: { memory: 3, redis: 2 }, misses: 1, size: 4 },
    limits: { rejected: 0, deferred: 0 },
    config: { loadedAt: 1_234_567_000_999, error: null },
    processes: { count: 1, alive: 1 },
    processors: [],
    destinations: [],
    now: 1_234_567_890_123,
    ...facts,
  });
}

describe('reportHealth', () => {
  it('shows the worst breaker, in the form of the systems before', () => {
    const { body } = report();
    assert.deepEqual(body['circuit_breaker'], { status: 'OPEN', failures: 10, threshold: 10 });
    assert.deepEqual(body['queue'], { size: 5, max_size: 10_000, workers: 4 });
    assert.equal(body['timestamp'], 1_234_567_890);
  });

  it('shows a closed breaker with the configured threshold where there is none', () => {
    const { body } = report({ log: { ...LOG, tiers: [{ name: 'inbox', breaker: null }] } });
    assert.deepEqual(body['circuit_breaker'], { status: 'CLOSED', failures: 0, threshold: 7 });
  });

  it('says what makes the log weaker than the contract', () => {
    const postgres = { isGood: true, isRefused: false, failure: null, weaknesses: ['no commit waits'] };
    const eventLog = report({ postgres }).body['event_log'] as Record<string, unknown>;
    assert.deepEqual(eventLog['weaker_than_contract'], ['replication is 1', 'no commit waits']);
    assert.equal(eventLog['tier_in_use'], 'inbox');
  });

  it('says by its code why Kafka is not used, and nothing of a broker', () => {
    const eventLog = report().body['event_log'] as Record<string, unknown>;
    assert.equal(eventLog['kafka_problem'], 'ACKLINE_KAFKA_LOGIN_REFUSED');
  });

  it('says whether PostgreSQL may be used, and where it may not, what it was refused for', () => {
    const shown = (isGood: boolean, failure: string | null, isRefused = false) => {
      const { body } = report({ postgres: { isGood, isRefused, failure, weaknesses: [] } });
      const { postgres, weaker_than_contract: weaker } = body['event_log'] as Record<string, unknown>;
      return [postgres, weaker];
    };
    const declared = 'replication is 1';
    assert.deepEqual(shown(true, null), ['ready', [declared]]);
    assert.deepEqual(shown(false, 'ECONNREFUSED'), ['connecting', [declared]]);
    assert.deepEqual(shown(false, 'ACKLINE_SCHEMA_OLDER', true), [
      'refused',
      [declared, 'PostgreSQL is not used (ACKLINE_SCHEMA_OLDER): the log says what to do'],
    ]);
  });

  it('shows what the spool holds and why it takes nothing', () => {
    const spool = {
      state: 'full',
      detail: 'over 1 MiB',
      events: 9,
      bytes: 1_048_576,
      maxBytes: 1_048_576,
      oldestAgeMs: 60_000,
      leftovers: 1,
      corruptFiles: ['a.sqlite'],
      relayed: 5,
      quarantined: 2,
    } as const;
    assert.deepEqual(report({ log: { ...LOG, spool } }).body['spool'], {
      state: 'full',
      detail: 'over 1 MiB',
      events: 9,
      bytes: 1_048_576,
      max_bytes: 1_048_576,
      oldest_age_ms: 60_000,
      leftovers: 1,
      corrupt_files: ['a.sqlite'],
      relayed: 5,
      quarantined: 2,
    });
  });

  it('says which configuration is in force, and that the file was refused since', () => {
    const { body } = report({ config: { loadedAt: 1_234_567_000_999, error: 'ACKLINE_CONFIG_INVALID' } });
    assert.deepEqual(body['config'], { loaded_at: 1_234_567_000, error: 'ACKLINE_CONFIG_INVALID' });
  });

  it('fails only when nothing durable can be had', () => {
    const seen = [report(), report({ isDraining: true }), report({ isDurable: false, isDraining: true })];
    assert.deepEqual(
      seen.map(({ status, body }) => [status, body['status']]),
      [
        [200, 'healthy'],
        [200, 'draining'],
        [503, 'unhealthy'],
      ],
    );
  });

  it('shows destinations whose work is held, at most a hundred, and the worst breaker of all', () => {
    const crm = {
      name: 'crm',
      status: 'HALF_OPEN',
      failures: 10,
      threshold: 10,
      reopensInMs: null,
      isPaused: false,
    } as const;
    const erp = {
      ...crm,
      name: 'erp',
      status: 'OPEN',
      failures: 5,
      threshold: 5,
      reopensInMs: 700,
      isPaused: true,
    } as const;
    const quiet = { ...LOG, tiers: [{ name: 'inbox' as const, breaker: null }] };
    const { body } = report({ log: quiet, destinations: [crm, erp] });
    assert.deepEqual(body['circuit_breaker'], { status: 'OPEN', failures: 5, threshold: 5 });
    assert.deepEqual(body['destinations'], [
      {
        name: 'crm',
        circuit_breaker: 'HALF_OPEN',
        failures: 10,
        threshold: 10,
        reopens_in_ms: null,
        paused: false,
      },
      { name: 'erp', circuit_breaker: 'OPEN', failures: 5, threshold: 5, reopens_in_ms: 700, paused: true },
    ]);
    assert.deepEqual(report({ destinations: [erp] }).body['circuit_breaker'], {
      status: 'OPEN',
      failures: 10,
      threshold: 10,
    });
    const many = report({ destinations: Array.from({ length: 101 }, () => crm) }).body['destinations'];
    assert.ok(Array.isArray(many) && many.length === 100);
  });

  it("shows each processor's last word with its age", () => {
    const { body } = report({ processors: [{ id: 'p1', ageMs: 1_500, state: { lanes: 12 } }] });
    assert.deepEqual(body['processors'], [{ id: 'p1', age_ms: 1_500, state: { lanes: 12 } }]);
  });

  it('shows which handlers are not loaded, and none of the words that name files', () => {
    const problem = { code: 'ACKLINE_HANDLER_NOT_LOADED', detail: '/app/handlers/bot.ts can not be loaded' };
    const handlers = { bot: { state: 'failed', problem }, menu: { state: 'ready', problem: null } };
    const { body } = report({ processors: [{ id: 'p1', ageMs: 0, state: { lanes: 12, handlers } }] });
    const shown = {
      bot: { state: 'failed', error: 'ACKLINE_HANDLER_NOT_LOADED' },
      menu: { state: 'ready', error: null },
    };
    assert.deepEqual(body['processors'], [{ id: 'p1', age_ms: 0, state: { lanes: 12, handlers: shown } }]);
  });
});
