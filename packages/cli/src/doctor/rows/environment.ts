import type { FindingRow } from '../finding-row.ts';

/** Of the variables. */
export const environmentRows = {
  'environment-invalid': {
    impact: 'high',
    why: 'A start refuses it.',
    fix: 'Set it as docs/environment.md says, for all services.',
  },
  'variable-of-test-mode': {
    impact: 'medium',
    why: 'It switched logging of whole payloads on in the system before; Ackline has no such mode and does not read it.',
    fix: 'Remove TEST_MODE. To look at events: `ackline events`, and LOG_LEVEL=DEBUG for a while.',
  },
  'variable-obsolete': {
    impact: 'low',
    why: 'Ackline does not read it: whoever changes it waits for an effect that does not come.',
    fix: 'Remove it; what stands in its place is in the finding.',
  },
  'tls-unchecked': {
    impact: 'high',
    why: 'Certificates of destinations, databases and providers are not checked at all: anybody in between can be them.',
    fix: 'Remove NODE_TLS_REJECT_UNAUTHORIZED, and give a certificate authority of your own with NODE_EXTRA_CA_CERTS.',
  },
  'kafka-password-in-clear': {
    impact: 'high',
    why: 'Whoever is between Ackline and a broker reads the password, and with it reads events and writes some that are delivered as proven.',
    fix: 'Use a listener with TLS, and take KAFKA_TLS away; or a mechanism that shows no password (scram-sha-512).',
  },
  'kafka-open': {
    impact: 'medium',
    why: 'A processor takes a record of the event log for proven: whoever reaches the brokers, or is in between, can write some that are delivered with its signature.',
    fix: 'Set KAFKA_TLS, and KAFKA_SASL_MECHANISM or KAFKA_TLS_CERT_FILE; or keep the listener where only ingresses and processors are.',
  },
  'kafka-of-one-node': {
    impact: 'high',
    why: 'A 2xx then covers an event that one lost disk takes along.',
    fix: 'Run three brokers and set KAFKA_DURABILITY=cluster; or leave KAFKA_BROKERS out, so that PostgreSQL takes the events.',
  },
  'spool-ephemeral': {
    impact: 'high',
    why: 'What was accepted into it ends with the pod.',
    fix: 'Put SPOOL_DIR on a persistent volume and remove SPOOL_DURABILITY.',
  },
  'spool-missing': {
    impact: 'medium',
    why: 'While neither Kafka nor PostgreSQL takes events, each is refused.',
    fix: 'Set SPOOL_DIR to a directory on a disk that outlives the process.',
  },
  'redis-missing': {
    impact: 'low',
    why: 'Each process counts limits alone, so that n processes let n times as much through, and a repeat is known to one of them only.',
    fix: 'Set REDIS_URL.',
  },
  'connections-few': {
    impact: 'medium',
    why: 'A connection more is closed at once, unread: providers see failures before anything is busy.',
    fix: 'Set WEBHOOK_MAX_CONNECTIONS to some hundred; what a provider opens is set at the provider (max_connections of setWebhook).',
  },
} as const satisfies Record<string, FindingRow>;
