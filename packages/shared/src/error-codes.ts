interface ErrorRow {
  /** The HTTP status where the code is an answer to a webhook; null where it is not. */
  readonly status: number | null;
  /** The same call may succeed later. */
  readonly retryable: boolean;
  /** What it means, in one sentence. */
  readonly title: string;
  /** What the reader should do, in one or two sentences. */
  readonly fix: string;
}

/**
 * Every code that Ackline shows to a user, in one place. A code is API: it is never reused for something else.
 * docs/errors.md is generated from this table: after a change run `npm run docs`.
 */
export const errorCodes = {
  ACKLINE_MALFORMED: {
    status: 400,
    retryable: false,
    title: 'The body can not be read as what this source sends',
    fix: 'Send the body as the provider does: valid UTF-8 and valid JSON or form fields. Check that no proxy rewrites it.',
  },
  ACKLINE_EXPECTATION_FAILED: {
    status: 417,
    retryable: false,
    title: 'The Expect header asks for something that there is not',
    fix: 'Send no Expect header, or Expect: 100-continue.',
  },
  ACKLINE_EMPTY_BODY: {
    status: 400,
    retryable: false,
    title: 'The request has no body',
    fix: 'Send the event as the body of the POST. Check that no redirect turned the POST into a GET.',
  },
  ACKLINE_BAD_SIGNATURE: {
    status: 401,
    retryable: false,
    title: 'The sender could not be proven',
    fix: "Compare the source's secret with the one that the provider shows. For providers that sign the URL, check publicUrl.",
  },
  ACKLINE_CERTIFICATE_UNKNOWN: {
    status: 503,
    retryable: true,
    title: 'The certificate that the request is signed with is not known here yet',
    fix: 'Send again after the time in Retry-After: it is being fetched. Operators: if it stays so, look for certificate.failed and certificate.bad in the log of the ingress.',
  },
  ACKLINE_HANDSHAKE_REFUSED: {
    status: 403,
    retryable: false,
    title: 'The caller did not show a verify token of this source',
    fix: "Compare the verify token that was entered at the provider with the source's verifyTokens. Events are sent by POST.",
  },
  ACKLINE_NO_SUCH_SOURCE: {
    status: 404,
    retryable: false,
    title: 'No source has this path',
    fix: 'Compare the URL that the provider calls with the paths and aliases in ackline.yaml.',
  },
  ACKLINE_METHOD_NOT_ALLOWED: {
    status: 405,
    retryable: false,
    title: 'This path does not take this method',
    fix: 'Send a POST; the Allow header names what the path takes.',
  },
  ACKLINE_BODY_TOO_SLOW: {
    status: 408,
    retryable: true,
    title: 'The body came too slowly',
    fix: 'Send again. If it happens often, look for a slow link or a proxy that holds bodies back.',
  },
  ACKLINE_BODY_TOO_LARGE: {
    status: 413,
    retryable: false,
    title: 'The body is over the limit of this source',
    fix: "Raise the source's maxBody (up to 25MiB) if the provider does send bodies of this size.",
  },
  ACKLINE_UNSUPPORTED_TYPE: {
    status: 415,
    retryable: false,
    title: 'This source does not take this content type or encoding',
    fix: 'Send the content type that the provider uses, without a content encoding.',
  },
  ACKLINE_NOT_DURABLE: {
    status: 503,
    retryable: true,
    title: 'No event log could take the event just now',
    fix: 'Send again after the time in Retry-After. Operators: look at the circuit breaker in /health, then at Kafka and PostgreSQL.',
  },
  ACKLINE_DRAINING: {
    status: 503,
    retryable: true,
    title: 'This process is stopping',
    fix: 'Send again: another process answers. Seen often, it means that the load balancer keeps sending to a process that is not ready.',
  },
  ACKLINE_RATE_LIMITED: {
    status: 429,
    retryable: true,
    title: 'More requests than the limit of this source allows',
    fix: 'Send again after the time in Retry-After. If honest traffic is refused, raise the limit of the source, or let it defer.',
  },
  ACKLINE_OVERLOADED: {
    status: 503,
    retryable: true,
    title: 'This process holds as many request bodies as it may',
    fix: 'Send again after the time in Retry-After. If it happens often, run more ingress processes or lower maxBody.',
  },
  ACKLINE_INTERNAL: {
    status: 500,
    retryable: true,
    title: 'An error inside Ackline; the event was not accepted',
    fix: 'Send again. Operators: find the log line with this request id.',
  },
  ACKLINE_CONFIG_INVALID: {
    status: null,
    retryable: false,
    title: 'The configuration has errors',
    fix: 'Correct each place that the message lists by file, line and column; `ackline check` tries the file without a start.',
  },
  ACKLINE_CONFIG_UNREADABLE: {
    status: null,
    retryable: false,
    title: 'The configuration file can not be read',
    fix: "Run it in Ackline's folder, where ackline.yaml is, or give ACKLINE_CONFIG the path of a UTF-8 text file that this user may read.",
  },
  ACKLINE_ENVIRONMENT_INVALID: {
    status: null,
    retryable: false,
    title: 'An environment variable has a value that can not be used',
    fix: 'Set each variable that the message names as it says, or take it away to get its default.',
  },
  ACKLINE_SAMPLE_IN_PRODUCTION: {
    status: null,
    retryable: false,
    title: 'A destination is the sample receiver, which runs in development only',
    fix: "Set the destination's url in ackline.yaml to your own server, or remove the destination and its routes.",
  },
  ACKLINE_SECRET_MISSING: {
    status: null,
    retryable: false,
    title: 'A secret that the configuration names is missing, empty or malformed',
    fix: 'Set each environment variable, or fill each file, that the message names. An empty secret is no secret.',
  },
  ACKLINE_SIGNING_KEY_MISSING: {
    status: null,
    retryable: false,
    title: 'Samples can not be signed: only the provider has the key for it',
    fix: "Leave the variable of the public key empty in development, and restart `npm start`: it makes a pair to try out with. To see the provider's own requests, send one from its settings page.",
  },
  ACKLINE_KAFKA_NOT_DURABLE: {
    status: null,
    retryable: false,
    title: 'The Kafka topic is weaker than the ack contract',
    fix: 'Raise what the message names (replication, min.insync.replicas, retention), or declare KAFKA_DURABILITY=single-node.',
  },
  ACKLINE_POSTGRES_NOT_DURABLE: {
    status: null,
    retryable: false,
    title: 'PostgreSQL runs with settings that lose accepted events in a power cut',
    fix: 'Set what the message names (fsync, full_page_writes, synchronous_commit) to on, for the server and for the role and database of DATABASE_URL, then start again.',
  },
  ACKLINE_SCHEMA_OLDER: {
    status: null,
    retryable: false,
    title: 'The database schema is older than this release',
    fix: 'Run `ackline migrate` with this release, then start the services again.',
  },
  ACKLINE_SCHEMA_NEWER: {
    status: null,
    retryable: false,
    title: 'The database schema is newer than what this release works with',
    fix: 'Run the release that migrated the database, or a newer one. Migrations only go forward; the release before works behind them, an older one does not. Backups want exactly the release of the schema.',
  },
  ACKLINE_SCHEMA_LOCKED: {
    status: null,
    retryable: true,
    title: 'A migration did not get the locks that it needs',
    fix: 'End or await what has the table for long (a backup, a report, a forgotten transaction), then run `ackline migrate` again.',
  },
  ACKLINE_TOO_MANY_CONNECTIONS: {
    status: null,
    retryable: false,
    title: 'PostgreSQL has too few connections for all processes',
    fix: 'Lower INGRESS_PROCESSES, raise max_connections of the server, or put fewer pods on it.',
  },
  ACKLINE_POSTGRES_UNAVAILABLE: {
    status: null,
    retryable: true,
    title: 'PostgreSQL does not answer',
    fix: 'Check that the server of DATABASE_URL runs, can be reached from here, and has free connections.',
  },
  ACKLINE_KAFKA_UNAVAILABLE: {
    status: null,
    retryable: true,
    title: 'Kafka does not answer',
    fix: 'Check that the brokers of KAFKA_BROKERS run and that their advertised listeners can be reached from here.',
  },
  ACKLINE_SPOOL_NOT_DURABLE: {
    status: null,
    retryable: false,
    title: 'The spool directory is on storage that does not last',
    fix: 'Mount a persistent volume at SPOOL_DIR, unset SPOOL_DIR to go without a spool, or declare SPOOL_DURABILITY=ephemeral.',
  },
  ACKLINE_SPOOL_NOT_DRAINED: {
    status: null,
    retryable: true,
    title: 'The spool still holds something',
    fix: 'Nothing is lost: see what the message names. Events need Kafka or PostgreSQL, a file of a process that runs is left to it, damaged files and quarantined rows need a person. Then run it again.',
  },
  ACKLINE_APPEND_TIMEOUT: {
    status: null,
    retryable: true,
    title: 'The log did not confirm the event in time',
    fix: 'Nothing is lost: the event goes to the next log. Seen often, look at the load and disks of the Kafka brokers.',
  },
  ACKLINE_RECORD_TOO_LARGE: {
    status: null,
    retryable: false,
    title: 'The event is over the size limit of the Kafka topic',
    fix: 'Nothing is lost: the event goes to PostgreSQL. Seen often, raise max.message.bytes of the topic to 1048588 or more.',
  },
  ACKLINE_LOG_CLOSED: {
    status: null,
    retryable: true,
    title: 'The event log is closed',
    fix: 'Send again: this process is stopping and takes no more events.',
  },
  ACKLINE_ENVELOPE_INVALID: {
    status: null,
    retryable: false,
    title: 'A record of the event log is not an event',
    fix: 'Check that nothing but Ackline writes to the topic, and that no process is older than the one that wrote the record.',
  },
  ACKLINE_STORED_FORM_UNKNOWN: {
    status: null,
    retryable: false,
    title: 'Stored bytes have a form that this release does not know',
    fix: 'Run the release that wrote them, or a newer one.',
  },
  ACKLINE_DATA_DIRECTORY: {
    status: null,
    retryable: false,
    title: 'The data directory can not be used',
    fix: 'Do what the message says: give the directory to this user, stop the other process, or restore a backup into a new one.',
  },
  ACKLINE_PORT_IN_USE: {
    status: null,
    retryable: false,
    title: 'Another program holds the port',
    fix: 'Stop the program that the message names, or choose another port: PORT or OPS_PORT, or for the sample receiver the url of its destination.',
  },
  ACKLINE_SERVICE_FAILED: {
    status: null,
    retryable: false,
    title: 'A service did not start',
    fix: 'Read the lines of that service above the message: the first error names the cause.',
  },
  ACKLINE_TRANSFORM_NOT_STARTED: {
    status: null,
    retryable: true,
    title: 'No process for the expressions of routes could be started',
    fix: 'Give the processor more processes (the limit of pids) or memory, as the cause in the log says. Deliveries of routes with a transform are held until one starts, which is tried each second.',
  },
  ACKLINE_HANDLER_NOT_LOADED: {
    status: null,
    retryable: true,
    title: 'The module of a handler can not be used',
    fix: 'Correct what the message names: the path in ackline.yaml, an error in the module, the name of the handler. Deliveries wait meanwhile, or go to the module before; it is tried again by itself, and at once by SIGHUP.',
  },
  ACKLINE_NOT_FOUND: {
    status: null,
    retryable: false,
    title: 'There is nothing with this id',
    fix: 'List what there is with `ackline events` or `ackline park`, and copy the id from there.',
  },
  ACKLINE_EMBEDDED_POSTGRES: {
    status: null,
    retryable: false,
    title: 'The embedded PostgreSQL can not run here',
    fix: "Read PostgreSQL's own words in the message and in postgres.log, or set DATABASE_URL to a server of yours.",
  },
  ACKLINE_BACKUP_NOT_WRITTEN: {
    status: null,
    retryable: false,
    title: 'The backup can not be written there',
    fix: 'Name a file in a folder that is there, that this user may write to, on a disk with room. Nothing was replaced.',
  },
  ACKLINE_BACKUP_INVALID: {
    status: null,
    retryable: false,
    title: 'The backup file can not be used',
    fix: 'Use a complete file that `ackline backup` wrote with the same schema version: restore with the release that wrote it, then run `ackline migrate` of this one.',
  },
  ACKLINE_RESTORE_REFUSED: {
    status: null,
    retryable: false,
    title: 'The database can not take a restore',
    fix: 'Restore into an empty database while no service runs: stop Ackline, then name a new data directory or DATABASE_URL.',
  },
  ACKLINE_NOT_RUNNING: {
    status: null,
    retryable: false,
    title: 'Ackline does not run here, so its database can not be reached',
    fix: 'Start it with `npm start` in the same folder, or set DATABASE_URL.',
  },
  ACKLINE_SEND_FAILED: {
    status: null,
    retryable: false,
    title: 'Not every sample was accepted',
    fix: 'Look at the statuses: 401 means another secret or publicUrl than the ingress has; no answer means that nothing listens: run `npm start`.',
  },
  ACKLINE_SEND_NOT_REFUSED: {
    status: null,
    retryable: false,
    title: 'Not every sample was refused that has to be',
    fix: 'Look at the statuses: 2xx means that whatever answers there does not check what it gets, 413 or 429 a limit of the source, no answer that nothing listens.',
  },
  ACKLINE_BENCH_FAILED: {
    status: null,
    retryable: false,
    title: 'The bench is not within its limits',
    fix: 'Look at the statuses of the part: 401 is another secret or publicUrl than the ingress has, 429 a limit of the source, no answer a port where nothing listens. For times look at Server-Timing and `ackline top`.',
  },
  ACKLINE_TELEGRAM_REFUSED: {
    status: null,
    retryable: true,
    title: 'The Bot API of Telegram did not take it',
    fix: "Compare the bot's token with @BotFather's, and publicUrl with what Telegram accepts: https on port 443, 80, 88 or 8443, with a valid certificate.",
  },
  ACKLINE_USAGE: {
    status: null,
    retryable: false,
    title: 'The command can not be understood',
    fix: 'See `ackline --help`, or `ackline <command> --help`.',
  },
  ACKLINE_COMMAND_FAILED: {
    status: null,
    retryable: false,
    title: 'The command failed',
    fix: 'Run it again with LOG_LEVEL=debug to see where it failed.',
  },
  ACKLINE_NODE_TOO_OLD: {
    status: null,
    retryable: false,
    title: 'The running Node is older than Ackline needs, and the pinned one is not installed',
    fix: 'Run `npm install` with optional dependencies, or install the Node that .node-version names, or a newer one.',
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorCodes;
