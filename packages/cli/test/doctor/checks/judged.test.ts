import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeServer, type ServerFacts } from '../../../src/doctor/checks/database.ts';
import { handlerModules } from '../../../src/doctor/checks/handler-modules.ts';
import { healthFindings } from '../../../src/doctor/checks/health.ts';
import { topicFindings, windowFindings } from '../../../src/doctor/checks/kafka.ts';
import { counted } from '../../../src/doctor/checks/services.ts';
import { type Examination, isPrivateHost } from '../../../src/doctor/examination.ts';
import type { Finding } from '../../../src/doctor/finding.ts';
import { destination, exampleConfig, source } from '../../example-config.ts';

const DAY_MS = 86_400_000;
const told = (findings: readonly Finding[] | null) =>
  findings?.map(({ id, subject, what }) => `${id} ${subject ?? '–'}: ${what}`);

function examination(): Examination {
  const sources = [
    source(),
    source({ name: 'rio', provider: 'respondio', path: '/rio' }),
    source({ name: 'chat', provider: 'slack', path: '/chat' }),
    source({ name: 'git', provider: 'gitlab', path: '/git' }),
    source({ name: 'app', provider: 'discord', path: '/app' }),
  ];
  return { acklineConfig: exampleConfig({ sources }) } as Examination;
}

describe('a PostgreSQL server', () => {
  const good: ServerFacts = {
    version: 17,
    readOnly: false,
    autovacuum: true,
    longestMs: 60_000,
    longestOf: 'x',
    aheadMs: -200,
  };

  it('of version 17 without long transactions is fine; another version, and what is open for half an hour, is found', () => {
    assert.deepEqual(judgeServer(good, null), []);
    assert.deepEqual(told(judgeServer(good, 'set fsync to on')), ['database-not-durable –: set fsync to on']);
    assert.deepEqual(told(judgeServer({ ...good, version: 16 }, null)), [
      'database-version –: the server is PostgreSQL 16',
    ]);
    assert.deepEqual(told(judgeServer({ ...good, version: 18 }, null)), [
      'database-newer –: the server is PostgreSQL 18',
    ]);
    assert.deepEqual(told(judgeServer({ ...good, longestMs: 3_600_000, longestOf: 'pg_dump\u0007' }, null)), [
      'transaction-long –: pg_dump· has a transaction open for 60 min',
    ]);
  });
});

it('a PostgreSQL server whose clock is over an hour from this machine’s is found, by how much and which way', () => {
  const server = { version: 17, readOnly: false, autovacuum: true, longestMs: null, longestOf: null };
  assert.deepEqual(told(judgeServer({ ...server, aheadMs: 3_600_000 }, null)), []);
  assert.deepEqual(told(judgeServer({ ...server, aheadMs: 5_400_000 }, null)), [
    "clocks-differ –: the server's clock is 90 min ahead of this machine's",
  ]);
  assert.deepEqual(told(judgeServer({ ...server, aheadMs: -86_400_000 }, null)), [
    "clocks-differ –: the server's clock is 24.0 h behind this machine's",
  ]);
});

describe('the topic', () => {
  it('is found weaker where that is not declared, and by whose time it keeps records in any case', () => {
    const topic = { name: 'events', weaknesses: ['one replica'], tolerated: ['time of producers'] };
    const time = 'kafka-time-of-producers topic events: time of producers';
    assert.deepEqual(told(topicFindings(topic, { isMeant: true })), [time]);
    assert.deepEqual(told(topicFindings(topic, { isMeant: false })), [
      'kafka-not-durable topic events: one replica',
      time,
    ]);
  });
});

describe('the dedup window', () => {
  it('is compared with what Kafka keeps', () => {
    assert.deepEqual(windowFindings(examination(), 7 * DAY_MS), []);
    assert.deepEqual(told(windowFindings(examination(), 21 * DAY_MS)), [
      'dedup-window-raised retention.dedup: it is 8d, records may be in Kafka for 21d, so that keys are kept 22d',
    ]);
    assert.deepEqual(told(windowFindings(examination(), -1)), [
      'kafka-retention-endless –: the topic keeps its records without end',
    ]);
  });
});

describe('what services have counted', () => {
  const sample = (name: string, labels: Record<string, string>, value: number) => ({ name, labels, value });

  it('warns at the first refusal where the provider disables, and later where it sends again', () => {
    const name = 'ackline_ingress_unacked_requests';
    assert.deepEqual(told(counted(examination(), [sample(name, { source: 'rio' }, 1)])), [
      'webhook-at-risk source rio: 1 request refused in a row',
    ]);
    assert.deepEqual(counted(examination(), [sample(name, { source: 'telegram' }, 9)]), []);
    assert.deepEqual(told(counted(examination(), [sample(name, { source: 'telegram' }, 10)])), [
      'webhook-refused source telegram: 10 requests refused in a row',
    ]);
    assert.deepEqual(counted(examination(), [sample(name, { source: 'chat' }, 9)]), []);
    assert.deepEqual(told(counted(examination(), [sample(name, { source: 'chat' }, 10)])), [
      'webhook-at-risk source chat: 10 requests refused in a row',
    ]);
  });

  it('warns at as many as the provider says that it does not bear, and of one that sends some again only at ten', () => {
    const of = (source: string, count: number) =>
      told(counted(examination(), [sample('ackline_ingress_unacked_requests', { source }, count)]));
    assert.deepEqual(of('git', 3), []);
    assert.deepEqual(of('git', 4), ['webhook-at-risk source git: 4 requests refused in a row']);
    assert.deepEqual(of('app', 9), []);
    assert.deepEqual(of('app', 10), ['webhook-at-risk source app: 10 requests refused in a row']);
  });

  it('finds lost events, limits that reject, and answers near to what the provider waits for', () => {
    const bucket = (le: string, value: number) =>
      sample('ackline_ingress_ack_seconds_bucket', { source: 'rio', le }, value);
    const slow = [bucket('1', 0), bucket('3', 100), bucket('+Inf', 100)];
    assert.deepEqual(
      told(
        counted(examination(), [
          ...slow,
          sample('ackline_ingress_events_lost_total', { source: 'rio' }, 2),
          sample('ackline_ingress_events_lost_total', { source: 'telegram' }, 0),
          sample('ackline_ingress_limit_hits_total', { verdict: 'rejected' }, 1_204),
          sample('ackline_ingress_limit_hits_total', { verdict: 'deferred' }, 9),
        ]),
      ),
      [
        'answer-slow source rio: one answer in a hundred takes 3.0 s or more, the provider waits 5.0 s',
        'event-lost source rio: 2 events since the start',
        'limit-hit –: 1,204 requests over a limit since the start',
      ],
    );
    assert.deepEqual(counted(examination(), [bucket('0.25', 100), bucket('+Inf', 100)]), []);
  });
});

describe('/health', () => {
  const health = {
    status: 'healthy',
    event_log: {
      tier_in_use: 'kafka',
      tiers: [
        { name: 'kafka', circuit_breaker: 'CLOSED' },
        { name: 'inbox', circuit_breaker: 'CLOSED' },
      ],
      kafka: 'ready',
    },
    spool: { state: 'ready', detail: null },
    redis: null,
    config: { error: null },
  };

  it('of a healthy ingress has no finding; anything else is no ingress', () => {
    assert.deepEqual(healthFindings(health, true), []);
    for (const other of [undefined, null, 'ok', [], { status: 'ok' }, { ...health, event_log: {} }]) {
      assert.equal(healthFindings(other, true), null);
    }
  });

  it('shows each part that is away', () => {
    const worse = {
      ...health,
      status: 'unhealthy',
      event_log: {
        tier_in_use: null,
        tiers: [{ name: 'inbox', circuit_breaker: 'OPEN' }],
        kafka: 'connecting',
      },
      spool: { state: 'full' },
      redis: { connected: false },
      config: { error: 'ACKLINE_CONFIG_INVALID' },
    };
    assert.deepEqual(told(healthFindings(worse, true)), [
      'ingress-unhealthy ingress: /health is unhealthy',
      'log-degraded ingress: away: inbox, kafka (connecting); events go to none',
      'spool-not-ready ingress: its spool is full',
      'redis-away ingress: Redis is configured and away',
      'config-refused ingress: it refused the file (ACKLINE_CONFIG_INVALID)',
    ]);
    const event_log = {
      ...health.event_log,
      kafka: 'connecting',
      kafka_problem: 'ACKLINE_KAFKA_LOGIN_REFUSED',
    };
    assert.deepEqual(told(healthFindings({ ...health, event_log }, true)), [
      'log-degraded ingress: away: kafka (connecting) (ACKLINE_KAFKA_LOGIN_REFUSED); events go to kafka',
    ]);
    assert.deepEqual(told(healthFindings({ ...health, spool: null }, true)), [
      'spool-missing ingress: it has no spool',
    ]);
    assert.deepEqual(healthFindings({ ...health, spool: null }, false), []);
  });
});

describe('hosts', () => {
  it('are of the inside by their name or address', () => {
    for (const host of [
      'localhost',
      'ingress',
      'a.svc',
      'a.b.local',
      '10.1.2.3',
      '172.20.0.1',
      '[::1]',
      '[fd00::1]',
    ]) {
      assert.equal(isPrivateHost(host), true, host);
    }
    for (const host of ['hooks.acme.io', '8.8.8.8', '172.32.0.1', '[2001:db8::1]', 'local.acme.io']) {
      assert.equal(isPrivateHost(host), false, host);
    }
  });
});

describe('handlers', () => {
  it('are the modules that destinations name, from the folder of the file', () => {
    const destinations = [
      destination(),
      { ...destination({ name: 'a' }), module: './handlers/bot.ts' },
      { ...destination({ name: 'b' }), module: '/opt/handlers/bot.ts' },
      { ...destination({ name: 'c' }), module: 'handlers/bot.ts' },
    ];
    assert.deepEqual(handlerModules({ destinations }, '/etc/ackline/ackline.yaml'), [
      '/etc/ackline/handlers/bot.ts',
      '/opt/handlers/bot.ts',
    ]);
  });
});
