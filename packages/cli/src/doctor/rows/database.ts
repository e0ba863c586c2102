import type { FindingRow } from '../finding-row.ts';

/** Of PostgreSQL and Kafka. */
export const databaseRows = {
  'database-unreachable': {
    impact: 'high',
    why: 'Nothing is stored or delivered, and without Kafka the spool alone takes events.',
    fix: 'Compare DATABASE_URL with the server, its pg_hba.conf and the network between.',
  },
  'database-version': {
    impact: 'high',
    why: 'Ackline is written for PostgreSQL 17; an older server refuses parts of it.',
    fix: 'Upgrade the server to 17.',
  },
  'database-newer': {
    impact: 'low',
    why: 'Ackline is tested with PostgreSQL 17 alone.',
    fix: 'Take 17 where you can, or try the release on a copy first.',
  },
  'database-read-only': {
    impact: 'high',
    why: 'It takes no event: it is a standby, or its default is read only.',
    fix: 'Let DATABASE_URL lead to the primary.',
  },
  'database-not-durable': {
    impact: 'high',
    why: 'A power loss takes acknowledged events along; services refuse to start on it, and an ingress that runs gives it none.',
    fix: 'Set what the finding names to on in postgresql.conf, and reload it.',
  },
  'standby-asynchronous': {
    impact: 'high',
    why: 'A failover takes along what was acknowledged and is not on the standby yet.',
    fix: 'Set synchronous_standby_names so that each commit waits for one; or, where none ever takes the place of the primary, POSTGRES_STANDBYS=read-only of the ingress.',
  },
  'clocks-differ': {
    impact: 'high',
    why: 'One of the two is wrong. While the clock of PostgreSQL and that of a processor are over an hour apart, that processor removes nothing that is over.',
    fix: 'Set both by NTP (`timedatectl`, `chronyc tracking`).',
  },
  'schema-older': {
    impact: 'high',
    why: 'Services of this release refuse to start on it.',
    fix: 'Run `ackline migrate`.',
  },
  'schema-newer': {
    impact: 'high',
    why: 'This release does not know what the schema promises.',
    fix: 'Run a release that is as new as the schema.',
  },
  'connections-over': {
    impact: 'high',
    why: 'Under load connections are refused, and with them appends and outcomes.',
    fix: 'Raise max_connections of the server as far as the finding names, or lower DATABASE_POOL_MAX, `threads` or `connections` of handlers, or the number of processes.',
  },
  'connections-scarce': {
    impact: 'medium',
    why: 'With what others use of the server now, the pools do not all find their connections under load.',
    fix: 'Raise max_connections of the server, or move what else uses it.',
  },
  'transaction-long': {
    impact: 'medium',
    why: 'Tables that change much keep their dead rows meanwhile, and migrations and retention wait behind its locks.',
    fix: 'Look in pg_stat_activity by xact_start who it is, and end it.',
  },
  'autovacuum-off': {
    impact: 'medium',
    why: 'Tables and indexes grow with every delivery, and each claim reads more.',
    fix: 'Set autovacuum to on.',
  },
  'kafka-unreachable': {
    impact: 'medium',
    why: 'Events go to PostgreSQL meanwhile, slower, and what is in Kafka is not processed.',
    fix: 'Compare KAFKA_BROKERS with the brokers, and look whether the topic is there.',
  },
  'kafka-login-refused': {
    impact: 'medium',
    why: 'Events go to PostgreSQL meanwhile, slower, and what is in Kafka is not processed.',
    fix: 'Compare KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD with what the brokers have.',
  },
  'kafka-tls-failed': {
    impact: 'medium',
    why: 'Events go to PostgreSQL meanwhile, slower, and what is in Kafka is not processed.',
    fix: 'Look at what the finding says: KAFKA_TLS_CA_FILE has the authority of the brokers, KAFKA_TLS_CERT_FILE a certificate that they take, and KAFKA_TLS is as the listener is.',
  },
  'kafka-not-allowed': {
    impact: 'medium',
    why: 'Events go to PostgreSQL meanwhile, slower, and what is in Kafka is not processed.',
    fix: 'Give the user the rights that docs/kafka.md lists.',
  },
  'kafka-not-durable': {
    impact: 'high',
    why: 'The topic is weaker than the ack contract, so that the ingress does not use it.',
    fix: 'Raise the settings that the finding names.',
  },
  'kafka-time-of-producers': {
    impact: 'medium',
    why: 'What is appended by an ingress whose clock is behind by more than the retention is removed at once, whether it was processed or not.',
    fix: '`kafka-configs.sh --bootstrap-server … --alter --entity-type topics --entity-name ackline.events.v1 --add-config message.timestamp.type=LogAppendTime`: it holds from then on, and nothing is started again.',
  },
  'kafka-retention-endless': {
    impact: 'medium',
    why: 'Of a topic that is read again from its start, events whose dedup keys are over are delivered again.',
    fix: 'Give the topic a retention.ms, 14 days for one.',
  },
  'dedup-window-raised': {
    impact: 'low',
    why: 'Dedup keys are kept longer than retention.dedup says, since records in Kafka may be read again: the table is so much larger.',
    fix: 'Set retention.dedup as the finding says, so that the file tells what is so; or shorten retention.ms or segment.ms of the topic.',
  },
} as const satisfies Record<string, FindingRow>;
