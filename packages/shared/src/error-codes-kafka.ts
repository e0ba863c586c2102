import type { ErrorRow } from './error-row.ts';

/** Of the way to Kafka; a part of the table of error-codes.ts. */
export const kafkaErrorCodes = {
  ACKLINE_KAFKA_NOT_DURABLE: {
    status: null,
    retryable: false,
    title: 'The Kafka topic is weaker than the ack contract',
    fix: 'Raise what the message names (replication, min.insync.replicas, retention), or declare KAFKA_DURABILITY=single-node.',
  },
  ACKLINE_KAFKA_UNAVAILABLE: {
    status: null,
    retryable: true,
    title: 'Kafka does not answer',
    fix: 'Check that the brokers of KAFKA_BROKERS run and that their advertised listeners can be reached from here. A listener that wants a login, or TLS, closes the connection of who shows none: KAFKA_SASL_MECHANISM, KAFKA_TLS.',
  },
  ACKLINE_KAFKA_LOGIN_REFUSED: {
    status: null,
    retryable: true,
    title: 'Kafka does not take the user and password that it was shown',
    fix: 'Compare KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD (of a destination: its `sasl`) with what the brokers have. Kafka is asked again by itself; events go to the inbox meanwhile.',
  },
  ACKLINE_KAFKA_TLS_FAILED: {
    status: null,
    retryable: true,
    title: 'No TLS connection to Kafka comes about',
    fix: "Look at what the message says. The broker's certificate: KAFKA_TLS_CA_FILE has to have its authority, and it has to be for the name that is called. Ackline's own: KAFKA_TLS_CERT_FILE has to be of an authority that the broker trusts. A listener without TLS, or one that wants it: KAFKA_TLS. Of a destination: its `tls`. Events go to the inbox meanwhile.",
  },
  ACKLINE_KAFKA_NOT_ALLOWED: {
    status: null,
    retryable: true,
    title: 'The user may not do in Kafka what Ackline has to',
    fix: 'Give it the rights that docs/kafka.md lists. Kafka is asked again by itself; events go to the inbox meanwhile.',
  },
} as const satisfies Record<string, ErrorRow>;
