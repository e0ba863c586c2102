/**
 * What the five systems before Ackline had, a row each: what it is here, and what shows that. docs/seeds.md is generated
 * from it: after a change run `npm run docs`. A test holds every test and command that is named here to be there.
 * One table, so one file, however long: rows of several systems share what shows them.
 */
export interface SeedRow {
  /** `S2.10`: the tenth of the third. */
  readonly id: string;
  /** What the system had. */
  readonly before: string;
  /** What it is in Ackline. */
  readonly here: string;
  readonly shownBy: readonly Shower[];
  /** What is not there yet; absent where all of it is. */
  readonly missing?: string;
}

/** Titles of tests, as the runner prints them; or a command, and what it shows. */
export type Shower =
  | { readonly file: string; readonly titles: readonly string[] }
  | { readonly command: string; readonly tells: string };

/** Where each system's rows begin, and how many it has. */
export const systemsBefore = [
  { prefix: 'S0', name: 'a Telegram webhook (FastAPI)', count: 13 },
  { prefix: 'S1', name: 'a Telegram bot (Python and JavaScript)', count: 10 },
  { prefix: 'S2', name: 'respond.io webhooks (Flask, MongoDB)', count: 15 },
  { prefix: 'S3', name: 'a Twilio WhatsApp handler', count: 11 },
  { prefix: 'S4', name: 'the performance of a Telegram bot', count: 11 },
] as const;

const INGRESS = 'services/ingress/test';
const PROCESSOR = 'services/processor/test';
const CLI = 'packages/cli/test';
const SHARED = 'packages/shared/test';
const RUNTIME = 'packages/runtime/test';
const HANDLERS = 'packages/handlers/test';
const EXAMPLES = 'examples/test';

const tests = (file: string, ...titles: readonly string[]): Shower => ({ file: `${file}.test.ts`, titles });
const command = (text: string, tells: string): Shower => ({ command: text, tells });

const BENCH_SIGNS = 'signs new events for /webhook/faster/incoming, and each is appended';
const HEALTH =
  'shows the fields of /health that the systems before had, the tiers, and the processors with their age';
const LINES = 'logs a line by which the event is found, with the words of the systems before, and no secret';
const RUNBOOK = command('npm run proof -- alerts', 'runs every command of docs/runbook.md');
const DOCTOR_FILE = tests(
  `${CLI}/doctor/checks/configuration.integration`,
  'finds nothing in a good file, and says what it did not look at',
  'has a case for each kind',
);
const DOCTOR_COUNTS = tests(
  `${CLI}/doctor/checks/judged`,
  'finds lost events, limits that reject, and answers near to what the provider waits for',
);
const DOCTOR_SOURCES = tests(
  `${CLI}/doctor/doctor-source.integration`,
  'finds the four faults of a handler with their places, and fails for CI',
);
const PERF = tests(
  `${CLI}/perf/perf.integration`,
  'is counted by function, caller and cache, and printed with the words of the report',
);
const CACHE = tests(
  `${CLI}/perf/perf.integration`,
  'loads anew after a clear of all or one key, in a processor too that stood still meanwhile',
);
const DOCTOR_FIXTURES = tests(
  `${CLI}/doctor/source/fixtures`,
  'finds every fault, and none in harmless files',
);
const HTTP_POOL = tests(
  `${HANDLERS}/http/http-client.integration`,
  'gives the answer whole, and keeps the connection',
  'makes so many calls at a time, and 30 to one host, so that a slow one leaves room to others',
  'keeps no more idle connections than it may',
);
const BOTS_KEEP = command(
  'npm run proof -- bots',
  'every message is one row and handled in order, though its processor is killed',
);
const BOTS = command('npm run proof -- bots', 'calls of the API beside uses, and the hit rate');
const AS_PRINTED = tests(
  `${CLI}/migrating/migrating-page.integration`,
  'show the fields of /health, name the header that is missing, and the command that gets 200',
);
const ALERTS = tests(
  'scripts/test/alert-rules.integration',
  'fire when they should, and not before or otherwise',
);
const ONE_BOX_NGINX = tests(
  'proofs/test/one-box-nginx.integration',
  'passes on a request that the package of Twilio signed for the public URL, query and escapes as they came',
  'has callers counted by their own address, whatever they write into X-Forwarded-For',
);
const ONE_BOX_PAGE = tests(
  'proofs/test/one-box-page.integration',
  'put TLS in front of it',
  'and a webhook arrives',
  'have what fails told, by its unit and its last lines',
);
const ALL_METRICS = [
  tests(
    `${INGRESS}/metrics/all-metrics.integration`,
    'show every metric of docs/metrics.md that needs no Redis, and none beside them, with sums that are right',
  ),
  tests(
    `${PROCESSOR}/all-metrics.integration`,
    'shows every metric of docs/metrics.md that needs no Kafka, and none beside them, with what PostgreSQL holds',
  ),
];
const LATE_CHECK =
  'is shown with its last use and the age of its file, and a check that takes too long is counted and decided';

export const seedRows: readonly SeedRow[] = [
  {
    id: 'S0.1',
    before: 'answers by `orjson`, said to be 30-50 % faster',
    here: 'the answer to an accepted event is a text that its provider has ready: nothing is serialised',
    shownBy: [
      tests(
        `${INGRESS}/http/answers`,
        "gives the provider's own answer to an accepted event, and no content type where it has none",
      ),
      command('npm run bench -- ingress', 'beside FastAPI with `orjson`, among others'),
    ],
  },
  {
    id: 'S0.2',
    before: '`is_disconnected()` before the body is parsed and before the update is processed',
    here: 'a client that has gone costs no further phase and no append; what the log was given stays',
    shownBy: [
      tests(
        `${INGRESS}/http/connections.integration`,
        'in the middle of a body cost no append',
        'while their event is being appended leave it in the log',
      ),
      tests(
        `${INGRESS}/http/limits-and-repeats.integration`,
        'has a client that goes while it is asked cost no append',
      ),
    ],
  },
  {
    id: 'S0.3',
    before: 'the reply at once, within 100 ms; all work in background tasks with error handling',
    here: 'the reply once the event is durable; a processor does the work, with retries and parked deliveries',
    shownBy: [
      tests(`${CLI}/bench/bench.integration`, BENCH_SIGNS),
      tests(
        `${PROCESSOR}/delivery/delivering.integration`,
        'is tried again as the schedule says, and the delivery is parked at its end',
      ),
      command('npx ackline bench <url>', '`Response time < 100ms`, or which step it is'),
    ],
  },
  {
    id: 'S0.4',
    before: 'one second for the JSON, and a quick failure of slow or malformed bodies',
    here: '`bodyTimeout`: one second between bytes and five in all, then 408; malformed bodies 400',
    shownBy: [
      tests(
        `${INGRESS}/http/read-body`,
        'waits a second for the first byte, and a second anew after each one',
        'is over after five seconds, however steadily the bytes come',
      ),
      tests(
        `${INGRESS}/http/connections.integration`,
        'that pause are answered 408, and the connection ends',
      ),
      tests(`${INGRESS}/http/bad-input.integration`, 'malformed JSON is answered 400, counted by reason'),
    ],
  },
  {
    id: 'S0.5',
    before: '`Connection: close`, `X-Process-Time` and `Cache-Control: no-cache` on answers',
    here: 'the last two on each answer; connections are kept, and closed for a source with `connection: close`',
    shownBy: [
      tests(
        `${INGRESS}/http/answers`,
        'put X-Process-Time in seconds, Cache-Control and the request id on everything',
      ),
      tests(
        `${INGRESS}/http/connections.integration`,
        'ends with each answer of a source that wants it so',
        'serves one request after the other on a connection, rejected ones too',
      ),
    ],
  },
  {
    id: 'S0.6',
    before: 'a timing middleware that does not hide disconnects, in a slim stack',
    here: 'each phase is timed, up to where a request ended; a webhook passes no middleware',
    shownBy: [
      tests(
        `${INGRESS}/http/limits-and-repeats.integration`,
        'is in the answer and in the histogram by source',
        'ends where the request ended',
      ),
      tests(`${INGRESS}/http/connections.integration`, 'in the middle of a body cost no append'),
    ],
  },
  {
    id: 'S0.7',
    before:
      'acks of 200-500 ms with many time-outs became acks under 100 ms with 80 % fewer; work goes on after the reply',
    here: 'measured at what runs, from when each request was due',
    shownBy: [
      command('npx ackline bench <url>', 'average, percentiles and the steps of 50, 100 and 500 ms'),
      tests(
        `${CLI}/bench/bench.integration`,
        'shows a stall of the server in every request that was due meanwhile',
      ),
      tests(
        `${PROCESSOR}/app.integration`,
        'delivers what the inbox holds and what comes, signed and in order, and ends with 0 on SIGTERM',
      ),
    ],
  },
  {
    id: 'S0.8',
    before: 'practices: 200 and work in the background, bounded caches, times and errors tracked',
    here: 'every cache and buffer has a bound; times are histograms, errors counted by reason',
    shownBy: [
      tests(`${INGRESS}/seen/seen-events`, 'are no more than so many in memory, the oldest forgotten first'),
      tests(
        `${INGRESS}/limits/rate-limits`,
        'remembers so many keys, and then forgets the one that was seen longest ago',
      ),
      tests(
        `${INGRESS}/http/limits-and-repeats.integration`,
        'is in the answer and in the histogram by source',
      ),
      tests(`${CLI}/bench/bench.integration`, BENCH_SIGNS),
    ],
  },
  {
    id: 'S0.9',
    before: 'to watch: `X-Process-Time`, completion in the background, disconnects, memory of the caches',
    here: '`ackline_ingress_phase_seconds`, completion by [metrics.md](metrics.md), `ackline_ingress_client_disconnects_total`, `ackline_seen_entries`',
    shownBy: [
      ...ALL_METRICS,
      tests(`${INGRESS}/http/connections.integration`, 'in the middle of a body cost no append'),
    ],
  },
  {
    id: 'S0.10',
    before:
      'lines: `Client disconnected during request processing`, `Webhook response time: X.XXXs`, of background work',
    here: 'the same words ([logs.md](logs.md#lines-that-teams-know))',
    shownBy: [
      tests(`${INGRESS}/http/connections.integration`, 'in the middle of a body cost no append'),
      tests(`${INGRESS}/app.integration`, LINES),
      tests(
        `${PROCESSOR}/storing/batch-log`,
        'says where its events came from and what became of them',
        'has the words of the workers before, and the code in place of a text that may quote an event',
      ),
    ],
  },
  {
    id: 'S0.11',
    before: 'a logger that is set to `DEBUG`; no new variable',
    here: '`LOG_LEVEL=DEBUG`, or `logLevel` of ackline.yaml in what runs',
    shownBy: [
      tests(`${SHARED}/log-level`, "takes pino's names and the upper-case names of Python's logging"),
      tests(
        `${INGRESS}/processes/reload.integration`,
        'changes what every process logs, the parent too, while they run',
      ),
    ],
  },
  {
    id: 'S0.12',
    before: 'troubleshooting: slow answers, growing memory, clients that give up',
    here: 'sections of [the runbook](runbook.md#procedures), with commands; [`ackline doctor`](doctor.md) finds slow answers, late intake and caches without a bound',
    shownBy: [RUNBOOK, DOCTOR_COUNTS, DOCTOR_SOURCES],
  },
  {
    id: 'S0.13',
    before:
      'planned: pooled outbound HTTP, asynchronous queries, dedup in Redis, several workers with session affinity',
    here: 'destinations and calls of handlers keep their connections, queries go by a pool, Redis knows repeats for all processes; any process may answer any request',
    shownBy: [
      HTTP_POOL,
      tests(`${PROCESSOR}/delivery/destinations`, 'keep their connections while origin and concurrency stay'),
      tests(
        `${PROCESSOR}/pool-metrics.integration`,
        'tell who has a connection, who waits for one, and how many had to wait',
      ),
      tests(
        `${INGRESS}/redis.container`,
        'lets one process know what another has accepted, and nothing that differs from it',
      ),
      tests(
        `${INGRESS}/processes/processes.integration`,
        'go on when one of them is killed, and have another one in its place',
      ),
    ],
  },
  {
    id: 'S1.1',
    before: '`TCPConnector`: 100 connections, 30 a host, 30 s keep-alive, DNS cache',
    here: 'the same numbers for calls of handlers ([handlers.md](handlers.md)); each HTTP destination keeps connections of its own, `concurrency` at most',
    shownBy: [HTTP_POOL],
  },
  {
    id: 'S1.2',
    before:
      '`WebhookSecurityMiddleware`: a limit a minute for each user, validation, metrics, the secret token',
    here: '`limit` by sender, address or source, which rejects or defers; everything is validated and counted',
    shownBy: [
      tests(`${INGRESS}/limits/rate-limits`, 'counts each sender alone, and an event without one not at all'),
      tests(`${SHARED}/config/limits`, 'is the limit by sender of each source that names none'),
      tests(
        `${SHARED}/providers/telegram`,
        'never takes for a token what setWebhook refuses, though the source has the same for a secret',
      ),
      tests(
        `${INGRESS}/metrics/ingress-metrics.integration`,
        'is counted: repeats that were known, requests that were not, and those over a limit',
      ),
      tests(`${INGRESS}/judge`, 'refuse an empty body, and one that the provider can not have sent'),
    ],
  },
  {
    id: 'S1.3',
    before: '`SO_REUSEPORT`, graceful shutdown, error handling and retries without a stated policy',
    here: 'one socket for all processes, owned by their parent; SIGTERM drains; retries on a schedule, then parked',
    shownBy: [
      tests(
        `${INGRESS}/processes/processes.integration`,
        'are replaced one by one at SIGUSR2 with no request refused, reset or lost',
        'drain at SIGTERM with every answered event stored, and leave no process behind',
      ),
      tests(
        `${INGRESS}/drain.integration`,
        'leaves every request either answered 200 and stored, or never accepted, and exits 0',
      ),
      tests(
        `${PROCESSOR}/delivery/delivering.integration`,
        'is tried again as the schedule says, and the delivery is parked at its end',
      ),
    ],
  },
  {
    id: 'S1.4',
    before:
      '`/health` with `status`, `timestamp`, `webhook_url`; `/metrics` as JSON with six fields, reset each hour',
    here: 'the same fields; `/metrics` is on the operations port, as JSON where that is asked for',
    shownBy: [
      tests(`${INGRESS}/app.integration`, HEALTH, 'serves probes and metrics on the operations port only'),
      tests(
        `${INGRESS}/metrics/request-tally`,
        'counts a repeat and a challenge as answered, and everything else that was not accepted as an error',
        'starts anew every hour, without a request too',
      ),
    ],
  },
  {
    id: 'S1.5',
    before:
      'content type and secret token checked, updates processed asynchronously, times in headers, errors handled',
    here: 'the phases admit, read, verify and identify; each refusal has a code',
    shownBy: [
      tests(
        `${INGRESS}/http/bad-input.integration`,
        'a content type that the provider does not send is answered 415, counted by reason',
        'a wrong signature is answered 401, counted by reason',
        'malformed JSON is answered 400, counted by reason',
      ),
      tests(
        `${INGRESS}/http/answers`,
        'put X-Process-Time in seconds, Cache-Control and the request id on everything',
      ),
      tests(`${CLI}/bench/bench.integration`, BENCH_SIGNS),
    ],
  },
  {
    id: 'S1.6',
    before:
      '`WEBHOOK_MAX_CONNECTIONS`, `WEBHOOK_SECRET_TOKEN`, `WEBHOOK_MAX_REQUESTS_PER_MINUTE`, `WEBHOOK_METRICS_ENABLED`, `LOG_LEVEL`',
    here: 'the same names ([environment.md](environment.md)); an empty secret is refused. `WEBHOOK_METRICS_ENABLED` alone has no effect, as `ackline doctor` says: metrics are never on the public port, and alerts and scaling need them on the other',
    shownBy: [
      tests(`${INGRESS}/config`, 'reads Redis, requests a minute and connections'),
      tests(
        `${SHARED}/config/default-config`,
        'has every endpoint, each with its tenant and the name of its secret',
      ),
      tests(`${INGRESS}/app.integration`, 'refuses an empty secret, by name'),
      tests(
        `${CLI}/doctor/checks/configuration.integration`,
        'says why WEBHOOK_METRICS_ENABLED has no effect, and where metrics are',
      ),
      tests(`${SHARED}/log-level`, "takes pino's names and the upper-case names of Python's logging"),
    ],
  },
  {
    id: 'S1.7',
    before:
      'tests of health, content type, token, malformed JSON, timing headers, limits, pooling, concurrency, memory, configuration',
    here: 'the tiers of tests ([CONTRIBUTING.md](../CONTRIBUTING.md#test-tiers))',
    shownBy: [
      command('npm run test:unit', 'no I/O'),
      command('npm run test:integration', 'real sockets, processes and PostgreSQL'),
      tests(
        `${INGRESS}/http/bad-input.integration`,
        'a wrong signature is answered 401, counted by reason',
        'a body in single-byte chunks takes no more memory than its bytes',
      ),
      tests(
        `${INGRESS}/drain.integration`,
        'leaves every request either answered 200 and stored, or never accepted, and exits 0',
      ),
    ],
  },
  {
    id: 'S1.8',
    before:
      'claims: connections are used again, early rejection saves work, protection against floods, scales out, health for a load balancer',
    here: 'limits and declared lengths are judged before a body is read; processes share what they know',
    shownBy: [
      tests(
        `${INGRESS}/http/connections.integration`,
        'serves one request after the other on a connection, rejected ones too',
        'are closed at once and counted, and those that are being served go on',
      ),
      tests(
        `${INGRESS}/http/limits-and-repeats.integration`,
        'by address refuses before the body is read (known here)',
      ),
      tests(
        `${INGRESS}/http/bad-input.integration`,
        'a declared length over the limit is answered 413 before the body comes, counted by reason',
      ),
      tests(
        `${INGRESS}/seen/seen-events`,
        'are known to another process through Redis, and then from its own memory',
      ),
      tests(`${INGRESS}/http/health-report`, 'fails only when nothing durable can be had'),
    ],
  },
  {
    id: 'S1.9',
    before: 'for production: a strong token, connections by capacity, metrics, an HTTPS URL, limits',
    here: '[`ackline doctor`](doctor.md) goes through it: weak secrets, a URL without TLS or of the inside, sources without a limit, connections against capacity; production refuses a missing secret. HTTPS and limits behind nginx on one machine: [one-box.md](one-box.md)',
    shownBy: [
      DOCTOR_FILE,
      tests(
        `${CLI}/doctor/checks/database.integration`,
        'pools that may want more connections than the server has are found before they do',
      ),
      tests(
        `${CLI}/commands/commands.integration`,
        'check refuses what a start in production refuses, in words and as JSON',
      ),
      tests(
        `${PROCESSOR}/connection-check`,
        'are too few by one: it is said how many are wanted, by whom, and what to change',
      ),
      ONE_BOX_NGINX,
    ],
  },
  {
    id: 'S1.10',
    before:
      'troubleshooting: memory (hourly reset), limits that are too low, connections over those of the server; debug logging',
    here: 'sections of [the runbook](runbook.md#procedures); `ackline doctor` finds limits that reject, few connections, and DEBUG in production',
    shownBy: [
      RUNBOOK,
      DOCTOR_FILE,
      DOCTOR_COUNTS,
      tests(`${INGRESS}/metrics/request-tally`, 'starts anew every hour, without a request too'),
    ],
  },
  {
    id: 'S2.1',
    before:
      'respond.io **disables** a webhook that answers slowly or with errors; 3-4 database operations before the 200',
    here: 'one append before the 200; refusals in a row are counted by source, and alert before the provider acts',
    shownBy: [
      tests(
        `${INGRESS}/metrics/ingress-metrics.integration`,
        'tell of each source how long its acks took, how many of its provider were refused in a row, and why a sender was not proven',
      ),
      ALERTS,
      command('npm run proof -- alerts', '`AcklineProviderMayDisable` fires and ends'),
    ],
  },
  {
    id: 'S2.2',
    before:
      'a queue of 10,000 in memory, 4 workers, `{"status":"received"}` in under 10 ms; a full queue: processed synchronously',
    here: 'the answer after a durable append; a full buffer of 10,000 goes straight to PostgreSQL: slower, and as durable',
    shownBy: [
      tests(
        'packages/eventlog/test/composed-log',
        'goes straight to the inbox when the buffer is full, with one line a second',
      ),
      tests(`${INGRESS}/app.integration`, HEALTH),
      tests(
        `${INGRESS}/http/limits-and-repeats.integration`,
        'is answered as the first one, and not appended (known here)',
      ),
      tests(`${CLI}/bench/bench.integration`, BENCH_SIGNS),
    ],
  },
  {
    id: 'S2.3',
    before: 'a MongoDB pool of 50 (at least 10), 5 s for each operation, `w: 1`, upserts',
    here: 'a PostgreSQL pool of 10 to 50, 5 s to connect and for a statement, synchronous commits, one row for each event; the upserts into contacts and messages are [examples/respondio-intake](tutorials/respondio-intake.md)',
    shownBy: [
      tests(
        `${EXAMPLES}/respondio-intake/respondio-intake.integration`,
        'comes to the same rows in whatever order events come, and however often',
      ),
      BOTS_KEEP,
      tests(`${PROCESSOR}/config`, 'has a pool of 50, and takes another size'),
      tests(
        'packages/store/test/pool.integration',
        'asks silent peers itself and ends idle transactions, so that no lock outlives its holder for long',
        'has the server end a statement that takes longer than the limit, and keeps its connection',
        'commits durably, counts in UTC and sees what was committed before, whatever the server’s defaults say',
      ),
      tests(
        `${PROCESSOR}/storing/lane-storer.integration`,
        'is stored once over both logs and any number of batches',
      ),
    ],
  },
  {
    id: 'S2.4',
    before:
      'a breaker: 10 failures in a row, 60 s, closes by itself; `CIRCUIT_BREAKER_THRESHOLD`, `CIRCUIT_BREAKER_TIMEOUT`',
    here: 'Kafka’s under these variables, one for each other log, and one for each destination (`breaker`) over all processors',
    shownBy: [
      tests(
        `${SHARED}/breaker/trip-rules`,
        'trips on the tenth failure in a row by default, not on the ninth',
      ),
      tests(
        `${SHARED}/breaker/circuit-breaker`,
        'gives no permit one millisecond before the reset time, and one at the reset time',
      ),
      tests(`${INGRESS}/config`, 'reads the breaker in failures and seconds'),
      tests(
        `${PROCESSOR}/delivery/delivering.integration`,
        'often opens its breaker: what is left is held, and no other destination notices',
      ),
    ],
  },
  {
    id: 'S2.5',
    before: 'always 200, on errors too',
    here: '200 means durable; with no log left 503, or 200 for a source with `onUndurable: 200`, counted as lost',
    shownBy: [
      tests(
        `${INGRESS}/app.integration`,
        'answers 503 with Retry-After, or 200 counted as lost, while no log takes events, and recovers',
      ),
    ],
  },
  {
    id: 'S2.6',
    before:
      '`/health` with `queue.size`, `.max_size`, `.workers`, `circuit_breaker.status`, `.failures`, `.threshold`; port 8000',
    here: 'the same fields, beside the others; `PORT=8000` for the same port',
    shownBy: [
      tests(`${INGRESS}/app.integration`, HEALTH),
      tests(`${INGRESS}/http/health-report`, 'shows the worst breaker, in the form of the systems before'),
      AS_PRINTED,
    ],
  },
  {
    id: 'S2.7',
    before: '`POST /webhook/faster/incoming`, incoming and outgoing, for FASTER and VIP',
    here: 'a source for each, with a tenant, in the ackline.yaml that comes along; signed, and its own `curl` gets 401 with the header that is missing. What FASTER and VIP did with them: [examples/respondio-intake](tutorials/respondio-intake.md)',
    shownBy: [
      tests(
        `${EXAMPLES}/respondio-intake/respondio-intake.integration`,
        'keeps a contact and its messages, of each tenant and direction, as the bare payload tells them',
      ),
      tests(
        `${EXAMPLES}/respondio-intake/respondio-intake-page.integration`,
        'has commands that lead from nothing to rows of both tenants, and a message that is refused',
      ),
      tests(
        `${SHARED}/config/default-config`,
        'has every endpoint, each with its tenant and the name of its secret',
      ),
      tests(`${SHARED}/providers/respondio`, 'reads the bare payload, which does not tell its direction'),
      tests(`${CLI}/bench/bench.integration`, BENCH_SIGNS),
      AS_PRINTED,
    ],
  },
  {
    id: 'S2.8',
    before: '`WEBHOOK_WORKERS=4`, `MONGO_URI`, `VIP_MONGO_URI`, `TEST_MODE=false`',
    here: '`WEBHOOK_WORKERS`; `DATABASE_URL` for all tenants; `ACKLINE_ENV=production`',
    shownBy: [
      tests(`${INGRESS}/app.integration`, HEALTH),
      tests(`${PROCESSOR}/config`, 'refuses a pool that its lanes would use up'),
      tests(`${INGRESS}/config`, 'needs a database: the inbox is the log that is always there'),
      tests(
        `${CLI}/up.integration`,
        'in production a missing secret is refused by its name, and none is made up',
      ),
    ],
  },
  {
    id: 'S2.9',
    before: '200-800 ms with errors became under 50 ms: 15-45 ms on average, 100 % success',
    here: 'the same test as a command',
    shownBy: [
      command(
        'npx ackline bench <url>',
        'average and success rate of single, concurrent and sustained requests',
      ),
      tests(
        `${CLI}/bench/bench.integration`,
        'prints the verdict in the words that people know, with average and success rate',
      ),
    ],
  },
  {
    id: 'S2.10',
    before: '`python test_webhook_performance.py` prints `EXCELLENT - Response time < 50ms`',
    here: '`ackline bench` prints it, with a step for each other number that was promised; its exit status is for CI',
    shownBy: [
      command('npx ackline bench <url>', '`EXCELLENT - Response time < 50ms`, or which step it is'),
      tests(
        `${CLI}/bench/verdict`,
        'the words of a verdict change at the numbers of those that it replaces',
        'quick refusals are no excellent response time',
      ),
      tests(
        `${CLI}/bench/bench.integration`,
        'counts errors and resets by what they were; a success rate that allows them exits 0',
        'has a p99 over its limit as a failure, by the words of the slower step',
      ),
    ],
  },
  {
    id: 'S2.11',
    before:
      'a list for deployment; not done: `TEST_MODE=false`, a watched queue, an alert on an open breaker',
    here: 'production by declaration, `ackline_eventlog_pending_events`, alerts on breakers of logs and destinations; `ackline doctor` goes through the list, and finds a `TEST_MODE` that is left. All of it for one machine: [one-box.md](one-box.md)',
    shownBy: [
      DOCTOR_FILE,
      tests(
        `${CLI}/up.integration`,
        'in production a missing secret is refused by its name, and none is made up',
      ),
      ...ALL_METRICS,
      ALERTS,
      command(
        'npm run proof -- alerts',
        '`AcklineTierBreakerOpen` and `AcklineDestinationBreakerOpen` fire and end',
      ),
      ONE_BOX_PAGE,
    ],
  },
  {
    id: 'S2.12',
    before: 'to watch: response time, queue, breaker, workers, MongoDB pool',
    here: 'metrics, dashboards and `ackline top`',
    shownBy: [
      ...ALL_METRICS,
      tests(
        `${PROCESSOR}/pool-metrics.integration`,
        'tell who has a connection, who waits for one, and how many had to wait',
      ),
      tests(`${INGRESS}/http/health-report`, "shows each processor's last word with its age"),
      tests(`${CLI}/top/top.integration`, 'prints one document for scripts, with rates, times and open work'),
    ],
  },
  {
    id: 'S2.13',
    before:
      'lines: `Webhook queued for processing: faster/incoming`, `Circuit breaker OPEN - 10 failures`, `Worker error processing webhook: …`, `Webhook queue full - processing synchronously`',
    here: 'the same words ([logs.md](logs.md#lines-that-teams-know))',
    shownBy: [
      tests(`${INGRESS}/app.integration`, LINES),
      tests(
        `${PROCESSOR}/delivery/limits/breaker-reports`,
        'is one statement for all destinations, and a circuit that it opened is one line',
      ),
      tests(
        `${PROCESSOR}/storing/batch-log`,
        'has the words of the workers before, and the code in place of a text that may quote an event',
      ),
      tests(
        'packages/eventlog/test/composed-log',
        'goes straight to the inbox when the buffer is full, with one line a second',
      ),
    ],
  },
  {
    id: 'S2.14',
    before: 'to tune: queue, workers, breaker, pool; graceful degradation without cascades',
    here: '`WEBHOOK_WORKERS`, `CIRCUIT_BREAKER_*`, `breaker`, `DATABASE_POOL_MAX`; the buffer is fixed, since what does not fit goes to the next log',
    shownBy: [
      tests(`${PROCESSOR}/config`, 'has a pool of 50, and takes another size'),
      tests(`${INGRESS}/config`, 'reads the breaker in failures and seconds'),
      tests(
        'packages/eventlog/test/composed-log',
        'puts an event whose Kafka outcome failed or is unknown into the inbox, with what its partition held',
      ),
      tests(
        `${PROCESSOR}/delivery/delivering.integration`,
        'by never answering is cut at the time limit, while the others go on',
      ),
    ],
  },
  {
    id: 'S2.15',
    before:
      'what to do: a full queue, an open breaker, a disabled webhook; each week, each month; success criteria',
    here: '[the runbook](runbook.md#procedures), section by section; `ackline doctor` finds which of them it is, and warns before a webhook is disabled',
    shownBy: [
      RUNBOOK,
      tests(
        `${CLI}/doctor/checks/judged`,
        'warns at the first refusal where the provider disables, and later where it sends again',
      ),
      tests(
        `${CLI}/doctor/checks/database.integration`,
        'work that waits, was given up or is held is found, by what it is about',
      ),
    ],
  },
  {
    id: 'S3.1',
    before:
      'requirements: 2.1 an answer within 2 s, 2.2 validated and queued within 500 ms, 2.6 a time limit for signatures',
    here: '`ackline bench` judges each by its number; a check is never given up: over 50 ms it is counted and logged',
    shownBy: [
      command('npx ackline bench <url>', 'a line for each requirement: met, or by how many not'),
      tests(
        `${CLI}/bench/requirements`,
        'each requirement is met by what took no longer, by its own clock',
        'what has no 2xx misses the requirement, however quick it was, and its time is none',
      ),
      tests(`${INGRESS}/metrics/ingress-metrics.integration`, LATE_CHECK),
    ],
  },
  {
    id: 'S3.2',
    before:
      'four phases: validation within 100 ms, acknowledgment within 200 ms, queued in the background, replied at once',
    here: 'six phases, each in `Server-Timing` and a histogram',
    shownBy: [
      tests(
        `${INGRESS}/http/limits-and-repeats.integration`,
        'is in the answer and in the histogram by source',
      ),
      command('npx ackline bench <url>', 'lines for phases 1 and 2'),
    ],
  },
  {
    id: 'S3.3',
    before:
      'a cache of validation results: Redis for 20 ms at most, else memory, 5 minutes; cached in under 30 ms',
    here: 'requests that were accepted are known for ten minutes (`VALIDATION_CACHE_TTL`), in Redis for 20 ms at most or in memory; the signature is checked each time',
    shownBy: [
      tests(`${SHARED}/cache/redis-gate`, 'gives a call up after 20 ms, each after its own'),
      tests(`${SHARED}/cache/two-tier-cache`, 'everything still works from memory, without an error'),
      tests(`${INGRESS}/seen/seen-events`, 'are known at once and for their time, without Redis'),
      command(
        'npx ackline bench <url> --repeats',
        'repeats beside the first, and `Cached validation within 30ms`',
      ),
      tests(
        `${CLI}/bench/bench.integration`,
        'shows repeats beside the first, answered without another append',
      ),
    ],
  },
  {
    id: 'S3.4',
    before: '50 ms for a signature; a check that takes longer lets the request pass',
    here: 'the check is made to its end and decides; over `SIGNATURE_VALIDATION_TIMEOUT` it is counted and logged',
    shownBy: [tests(`${INGRESS}/metrics/ingress-metrics.integration`, LATE_CHECK)],
  },
  {
    id: 'S3.5',
    before: 'tasks without waiting; processed at once if the queue fails; media before text',
    here: 'a message with media has high priority, of which four go before each normal one; a log that fails: the next one. Files, within limits, are stored by [examples/whatsapp-intake](tutorials/whatsapp-intake.md)',
    shownBy: [
      tests(
        `${EXAMPLES}/whatsapp-intake/whatsapp-intake.integration`,
        'stores files as they are, whatever is beside them, and says of others why not',
      ),
      BOTS_KEEP,
      tests(`${SHARED}/providers/twilio`, 'gives a message with media high priority'),
      tests(
        `${PROCESSOR}/delivery/fairness.integration`,
        'high priority goes before normal, of which one goes after each four',
      ),
      tests(
        'packages/eventlog/test/composed-log',
        'puts an event whose Kafka outcome failed or is unknown into the inbox, with what its partition held',
      ),
    ],
  },
  {
    id: 'S3.6',
    before:
      '`WEBHOOK_TIMEOUT_MS=500`, `SIGNATURE_VALIDATION_TIMEOUT=0.05`, `VALIDATION_CACHE_TTL=300`, `FAST_VALIDATION_TIMEOUT=0.1`',
    here: '`SIGNATURE_VALIDATION_TIMEOUT` in seconds, 0.05 by default; `VALIDATION_CACHE_TTL` in seconds, 600 by default, is for how long a request that was proven and accepted is remembered, never a verdict; the other times are what `ackline bench` judges, and an append has a second in all',
    shownBy: [
      tests(
        `${INGRESS}/config`,
        'reads the time for proving a sender in seconds, as the systems before did',
        'reads the time for which a proven request is remembered in seconds, as the systems before did',
        'has the defaults of the documents',
      ),
    ],
  },
  {
    id: 'S3.7',
    before:
      '`OptimizedWebhookProcessor`, a Redis connection manager, a background task processor, a performance monitor',
    here: 'the ingress, its way to Redis, the processor, metrics and the report of each hour',
    shownBy: [
      tests(
        `${SHARED}/cache/redis-gate`,
        'is closed after ten failures, says so at once, and lets one call through five seconds later',
      ),
      tests(
        `${PROCESSOR}/app.integration`,
        'delivers what the inbox holds and what comes, signed and in order, and ends with 0 on SIGTERM',
      ),
      tests(`${RUNTIME}/performance-report`, 'has the words of the bots before, and the figures as fields'),
    ],
  },
  {
    id: 'S3.8',
    before: '`POST /webhook/whatsapp` and `/webhook/whatsapp-optimized`, one code',
    here: 'a source with an alias; the signature is checked against the URL that was called',
    shownBy: [
      tests(
        `${INGRESS}/app.integration`,
        'stores what the real twilio package signed, at the path and at its alias, and answers TwiML',
      ),
      tests(
        `${CLI}/bench/bench.integration`,
        'signs new events for /webhook/whatsapp-optimized, and each is appended',
      ),
    ],
  },
  {
    id: 'S3.9',
    before: 'nine unit tests, and a script: single, under load, requirements, benchmark',
    here: '`ackline bench` is that script',
    shownBy: [
      command('npx ackline bench <url> --repeats', 'single, cached, concurrent, sustained, requirements'),
      tests(
        `${CLI}/bench/run-bench`,
        'are single, concurrent and sustained, each request another event',
        'with repeats has each single request followed by itself, apart in the figures',
      ),
    ],
  },
  {
    id: 'S3.10',
    before:
      'metrics: p50, p95 and p99, cache hits, late signatures, queue depth, errors, success, resources; a dashboard',
    here: '[metrics.md](metrics.md); dashboards for Grafana; `ackline top`',
    shownBy: [
      ...ALL_METRICS,
      tests(
        `${INGRESS}/metrics/ingress-metrics.integration`,
        'is counted: repeats that were known, requests that were not, and those over a limit',
        LATE_CHECK,
      ),
      tests(`${CLI}/top/metric-samples`, 'lie between the bounds of their buckets'),
      command('npm run proof -- alerts', 'finds data for every query of the dashboards'),
    ],
  },
  {
    id: 'S3.11',
    before: 'alerts: over 1 s a warning, over 3 s critical, over 5 % of failed validations an error',
    here: '`AcklineAckSlow`, `AcklineAckVerySlow`, `AcklineVerificationFailures`',
    shownBy: [ALERTS, command('npm run proof -- alerts', 'each fires by a fault and ends with it')],
  },
  {
    id: 'S4.1',
    before:
      'a pooled `HTTPClient` in place of a client for each call: 50 connections, 20 kept, 30 s; calls 30-50 % faster',
    here: '`ctx.http` of handlers, with `HTTP_MAX_CONNECTIONS` and `HTTP_MAX_KEEPALIVE` or by destination',
    shownBy: [HTTP_POOL, command('npm run bench -- claims', 'calls of an API with the pool, and without')],
  },
  {
    id: 'S4.2',
    before:
      'a cache of 1000 entries and 300 s, LRU, cleaned up in the background; `service_categories_{type}_{side}` for 600 s',
    here: '`ctx.cache` of handlers, apart for each destination: 1000 entries in memory, over Redis; 300 s where a call names no time; one load for all who want a value; known absence for 30 s; swept each minute; the bot of the [tutorial](tutorials/telegram-service-bot.md) has that key and that time',
    shownBy: [
      tests(
        `${SHARED}/cache/two-tier-cache`,
        'holds a thousand entries by default and drops the one that was not used for longest',
        'gives text and bytes back until their time ends, and not at its end',
        'is swept of what is over, and counts what went before its time',
      ),
      tests(
        `${PROCESSOR}/handling/cache-service`,
        'lets one make a value while the others wait, and gives it to all of them (HC1)',
        'counts where values came from, who waited for one, and what was known to be nothing',
      ),
      tests(
        `${PROCESSOR}/handling/handlers.container`,
        'share a value, and what its making costs: one processor makes it, the others wait for it',
      ),
      tests(
        `${EXAMPLES}/telegram-service-bot.integration`,
        'asks the API once for the categories of a type and a side',
      ),
      BOTS,
    ],
  },
  {
    id: 'S4.3',
    before: '`@monitor_async_performance`, memory, bottlenecks, trends, a report each hour',
    here: '`ctx.monitored(name, fn)`, [`ackline perf`](commands.md#ackline-perf) with bottlenecks and what to do, the report of each hour; trends by Prometheus',
    shownBy: [
      tests(
        `${HANDLERS}/monitored`,
        'gives what it gives, fails as it fails, and is counted',
        'keeps its ten slowest calls, the slowest first',
      ),
      PERF,
      tests(
        `${CLI}/perf/hints`,
        'name the origin whose calls are most of the time, and say to keep its answers',
        'say first what ends threads, blocks them, or keeps one busy',
      ),
      tests(
        `${RUNTIME}/performance-report`,
        'has the words of the bots before, and the figures as fields',
        'is of that hour alone, without calls too',
      ),
    ],
  },
  {
    id: 'S4.4',
    before: '`OptimizedBot` out of 1,666 lines: clean-up, signals, graceful shutdown',
    here: 'a bot of 130 lines, [examples/telegram-service-bot](tutorials/telegram-service-bot.md); clean-up, signals and graceful shutdown are those of the processor that runs it',
    shownBy: [
      tests(
        `${EXAMPLES}/telegram-service-bot.integration`,
        'leads a chat from /start to a request',
        'is asked to come again while the API is away, and says sorry once when it stays so',
      ),
      tests(
        `${EXAMPLES}/telegram-service-bot-page.integration`,
        'has commands that lead from nothing to a request, as it says',
      ),
      command(
        'npm run proof -- bots',
        'order, no reply twice and no message lost, with its processor killed',
      ),
    ],
  },
  {
    id: 'S4.5',
    before: 'calls of the API 150-300 ms, 80-120 MB of memory, a start in 1-2 s',
    here: 'each measured beside its claim, with those of the other systems: [claims](benchmarks/claims.md); more of memory and start: [ingress](benchmarks/ingress.md), [start-up](benchmarks/startup.md)',
    shownBy: [
      command('npm run bench -- claims', 'answers, calls of an API with a pool and without, memory, a start'),
      command('npm run bench -- ingress', 'memory at 1,000 events a second and with full buffers'),
      command('npm run bench -- startup', 'from the first process to `/startupz`'),
    ],
    missing:
      'ingress and processor have more memory than that each, and a start with a PostgreSQL takes longer',
  },
  {
    id: 'S4.6',
    before: 'a performance monitor, a cache manager, an analyser of code and dependencies',
    here: '[`ackline perf`](commands.md#ackline-perf), [`ackline cache`](commands.md#ackline-cache), [`ackline doctor source`](doctor.md#sources-of-handlers): four checks by a real parser',
    shownBy: [PERF, CACHE, DOCTOR_SOURCES, DOCTOR_FIXTURES],
  },
  {
    id: 'S4.7',
    before: '`get_stats()` and `clear()` of the cache, `print_summary()` of the monitor',
    here: '`ackline cache stats`, `ackline cache clear`, `ackline perf`; `seen` of `/health` has the figures of the repeats',
    shownBy: [PERF, CACHE],
  },
  {
    id: 'S4.8',
    before: '`Bot performance metrics:` with calls, cache hits, memory and connections',
    here: 'the same lines, each hour, of each process ([logs.md](logs.md#the-report-of-an-hour)), and in `ackline perf`',
    shownBy: [
      tests(
        `${PROCESSOR}/measured-performance`,
        'have what handlers call, keep, hold and are connected by, over all of their processes',
      ),
      PERF,
      tests(`${RUNTIME}/performance-report`, 'has the words of the bots before, and the figures as fields'),
    ],
  },
  {
    id: 'S4.9',
    before:
      'advice by impact: caching, monitoring, smaller functions, lazy imports, asynchronous calls, compression',
    here: '`ackline doctor` gives it by impact for the code at hand: clients made once, asynchronous calls, caches with a bound. Lazy imports and small functions save nothing in a handler, which is loaded once',
    shownBy: [
      tests(`${CLI}/doctor/doctor-source.integration`, 'prints each with why it hurts and what to do'),
      DOCTOR_SOURCES,
    ],
  },
  {
    id: 'S4.10',
    before: 'troubleshooting: memory, slow answers, connection errors',
    here: 'sections of [the runbook](runbook.md#procedures); `ackline doctor` finds caches without a bound, slow answers and connections over those of the server',
    shownBy: [RUNBOOK, DOCTOR_COUNTS, DOCTOR_SOURCES],
  },
  {
    id: 'S4.11',
    before: 'planned: a database pool, compression, a CDN, several instances, Redis',
    here: 'a pool, several processes and pods, Redis; answers of a few bytes and no static files leave nothing to compress or to cache at an edge',
    shownBy: [
      tests(`${PROCESSOR}/config`, 'has a pool of 50, and takes another size'),
      tests(
        `${INGRESS}/processes/processes.integration`,
        'go on when one of them is killed, and have another one in its place',
      ),
      tests(
        `${INGRESS}/redis.container`,
        'lets one process know what another has accepted, and nothing that differs from it',
      ),
    ],
  },
];
