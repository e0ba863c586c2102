/**
 * Every code that Ackline shows to a user, in one place. A code is API: it is never reused for something else.
 * `status` is the HTTP status where the code is an answer to a webhook; `retryable` tells a caller that the same call may
 * succeed later. docs/errors.md is generated from this table.
 */
export const errorCodes = {
  ACKLINE_MALFORMED: { status: 400, retryable: false, title: 'The body can not be read as what this source sends' },
  ACKLINE_EMPTY_BODY: { status: 400, retryable: false, title: 'The request has no body' },
  ACKLINE_BAD_SIGNATURE: { status: 401, retryable: false, title: 'The sender could not be proven' },
  ACKLINE_NO_SUCH_SOURCE: { status: 404, retryable: false, title: 'No source has this path' },
  ACKLINE_METHOD_NOT_ALLOWED: { status: 405, retryable: false, title: 'This path takes POST only' },
  ACKLINE_BODY_TOO_SLOW: { status: 408, retryable: true, title: 'The body came too slowly' },
  ACKLINE_BODY_TOO_LARGE: { status: 413, retryable: false, title: 'The body is over the limit of this source' },
  ACKLINE_UNSUPPORTED_TYPE: { status: 415, retryable: false, title: 'This source does not take this content type or encoding' },
  ACKLINE_NOT_DURABLE: { status: 503, retryable: true, title: 'No event log could take the event just now' },
  ACKLINE_DRAINING: { status: 503, retryable: true, title: 'This process is stopping' },
  ACKLINE_INTERNAL: { status: 500, retryable: true, title: 'An error inside Ackline; the event was not accepted' },
  ACKLINE_CONFIG_INVALID: { status: null, retryable: false, title: 'The configuration has errors' },
  ACKLINE_SECRET_MISSING: { status: null, retryable: false, title: 'A secret that the configuration names is missing or empty' },
  ACKLINE_KAFKA_NOT_DURABLE: { status: null, retryable: false, title: 'The Kafka topic is weaker than the ack contract' },
  ACKLINE_POSTGRES_NOT_DURABLE: { status: null, retryable: false, title: 'PostgreSQL runs with fsync off' },
  ACKLINE_SCHEMA_NEWER: { status: null, retryable: false, title: 'The database schema is newer than this release' },
  ACKLINE_SCHEMA_OLDER: { status: null, retryable: false, title: 'The database schema is older than this release' },
  ACKLINE_POSTGRES_UNAVAILABLE: { status: null, retryable: true, title: 'PostgreSQL does not answer' },
  ACKLINE_KAFKA_UNAVAILABLE: { status: null, retryable: true, title: 'Kafka does not answer' },
  ACKLINE_APPEND_TIMEOUT: { status: null, retryable: true, title: 'The log did not confirm the event in time' },
  ACKLINE_BREAKER_OPEN: { status: null, retryable: true, title: 'The circuit breaker is open' },
  ACKLINE_LOG_CLOSED: { status: null, retryable: true, title: 'The event log is closed' },
  ACKLINE_ENVELOPE_INVALID: { status: null, retryable: false, title: 'A record of the event log is not an event' },
  ACKLINE_DATA_DIRECTORY: { status: null, retryable: false, title: 'The data directory can not be used' },
  ACKLINE_PORT_IN_USE: { status: null, retryable: false, title: 'Another program holds the port' },
  ACKLINE_SERVICE_FAILED: { status: null, retryable: false, title: 'A service did not start' },
  ACKLINE_NOT_FOUND: { status: null, retryable: false, title: 'There is nothing with this id' },
  ACKLINE_BACKUP_INVALID: { status: null, retryable: false, title: 'The backup file can not be used' },
} as const;

export type ErrorCode = keyof typeof errorCodes;
