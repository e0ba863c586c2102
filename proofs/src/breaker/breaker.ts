import { pauseDestination, resumeDestination } from '@ackline/store/destinations';
import { createTestDatabase } from '@ackline/testkit/database';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { waitFor } from '@ackline/testkit/wait-for';
import pg from 'pg';
import { createSystem, PUBLIC_URL, type System } from '../system.ts';
import { sendUpdates } from '../telegram-load.ts';
import type { Arrival, BreakerRun, StateSeen } from './judge-breaker.ts';

const THRESHOLD = 10;
/** Few, so that no processor alone has as many in flight as open it. */
const CONCURRENCY = 8;
/** Of an answer; with all slots in use 160 requests a second. */
const ANSWER_MS = 50;
/** What waits when the receiver begins to fail: enough that both processors find work. */
const BACKLOG = 100;
/** Long enough to be seen by what reads every 2 s. */
const PROBE_MS = 4_500;
const LIMIT_MS = 300_000;

export interface BreakerRunOptions {
  /** From the opening to the probe; half of it is the slow start. */
  readonly resetSeconds: number;
  /** Events a second, all the while. */
  readonly rate: number;
  readonly log: (line: string) => void;
}

/** Two processors and a receiver that fails, and is well again by the time of the probe. */
export async function runBreaker(options: BreakerRunOptions): Promise<BreakerRun> {
  await using stack = new AsyncDisposableStack();
  const database = await createTestDatabase();
  stack.defer(() => database.close());
  const receiver = stack.use(await startFakeReceiver({ maxRequests: 1_000_000 }));
  const slowStartMs = options.resetSeconds * 500;
  const system = stack.use(
    await createSystem({
      databaseUrl: database.url,
      brokers: null,
      receiverUrl: receiver.url,
      configText: configText(receiver.url, options.resetSeconds, slowStartMs),
    }),
  );
  await system.startIngress();
  const processors = [await system.startProcessor(), await system.startProcessor()];
  const pool = new pg.Pool({ connectionString: database.url, max: 1 });
  stack.defer(() => pool.end());
  const arrivals = answer(receiver);
  const stop = new AbortController();
  const sending = sendUpdates({
    url: system.webhookUrl,
    events: Number.MAX_SAFE_INTEGER,
    chats: 64,
    senders: 16,
    rate: options.rate,
    resends: 0,
    stop: stop.signal,
  });
  const course = await run({ system, pool, arrivals, ...options, slowStartMs });
  stop.abort();
  const accepted = (await sending).filter(({ status }) => status === 200).length;
  const delivered = async () => {
    const { rows } = await pool.query<{ n: number }>(
      "select count(*)::int as n from finished_deliveries where state = 'delivered'",
    );
    return rows[0]?.n ?? 0;
  };
  await waitFor(async () => (await delivered()) >= accepted, { timeoutMs: LIMIT_MS, what: 'the drain' });
  const logs = processors.map(processor => processor.output()).join('\n');
  return {
    ...course,
    arrivals: arrivals.list,
    threshold: THRESHOLD,
    concurrency: CONCURRENCY,
    slowStartMs,
    openLines: logs.split(`Circuit breaker OPEN - ${THRESHOLD} failures`).length - 1,
    accepted,
    delivered: await delivered(),
  };
}

interface Arrivals {
  readonly list: Arrival[];
  mode: 'well' | 'fails' | 'probe';
}

/** Answers by the mode, and notes what came. The first one that comes in the mode `probe` is answered late, and ends it. */
function answer(receiver: FakeReceiver): Arrivals {
  const arrivals: Arrivals = { list: [], mode: 'well' };
  receiver.always(request => {
    const status = arrivals.mode === 'fails' ? 503 : 200;
    const ms = arrivals.mode === 'probe' ? PROBE_MS : ANSWER_MS;
    if (arrivals.mode === 'probe') arrivals.mode = 'well';
    arrivals.list.push({ at: request.receivedAt.getTime(), status, ms });
    return { status, delayMs: ms };
  });
  return arrivals;
}

interface Stage extends BreakerRunOptions {
  readonly system: System;
  readonly pool: pg.Pool;
  readonly arrivals: Arrivals;
  readonly slowStartMs: number;
}

type Course = Pick<BreakerRun, 'openedAt' | 'reopensAt' | 'closedAt' | 'failedBy' | 'seen'>;

async function run(stage: Stage): Promise<Course> {
  const { arrivals, system, log } = stage;
  const inState = (status: string) =>
    waitFor(async () => ((await readState(stage.pool))?.status === status ? readState(stage.pool) : null), {
      timeoutMs: LIMIT_MS,
      what: `the breaker ${status}`,
    });
  await waitFor(() => arrivals.list.length > 5 * CONCURRENCY, { timeoutMs: LIMIT_MS });
  const before = await failedBy(system);
  await gatherBacklog(stage.pool);
  log('the receiver fails');
  arrivals.mode = 'fails';
  await resumeDestination(stage.pool, 'receiver', 'proof');
  const opened = await inState('OPEN');
  const reopensAt = opened?.reopens_at ?? Number.NaN;
  const openSeen = await seeWhenKnown(system, 'OPEN');
  const failed = (await failedBy(system)).map((count, index) => count - (before[index] ?? 0));
  log(`open; the next probe in ${stage.resetSeconds} s at most`);
  arrivals.mode = 'probe';
  await inState('HALF_OPEN');
  log('half open');
  const halfSeen = await seeWhenKnown(system, 'HALF_OPEN');
  const closed = await inState('CLOSED');
  log('closed; slow start');
  const closedSeen = await seeWhenKnown(system, 'CLOSED');
  const closedAt = closed?.closed_at ?? Number.NaN;
  await waitFor(() => Date.now() > closedAt + stage.slowStartMs + 2_000, { timeoutMs: LIMIT_MS });
  return {
    openedAt: reopensAt - stage.resetSeconds * 1_000,
    reopensAt,
    closedAt,
    failedBy: failed,
    seen: { OPEN: openSeen, HALF_OPEN: halfSeen, CLOSED: closedSeen },
  };
}

async function gatherBacklog(pool: pg.Pool): Promise<void> {
  await pauseDestination(pool, 'receiver', { reason: 'to gather work', actor: 'proof' });
  await waitFor(
    async () => {
      const { rows } = await pool.query<{ n: number }>(
        "select count(*)::int as n from deliveries where state = 'due'",
      );
      return (rows[0]?.n ?? 0) >= BACKLOG;
    },
    { timeoutMs: LIMIT_MS, what: 'a backlog' },
  );
}

interface StateRow {
  readonly status: string;
  readonly reopens_at: number;
  readonly closed_at: number;
}

async function readState(pool: pg.Pool): Promise<StateRow | null> {
  const { rows } = await pool.query<StateRow>(
    `select status, extract(epoch from reopens_at)::float8 * 1000 as reopens_at,
            extract(epoch from closed_at)::float8 * 1000 as closed_at from destination_states`,
  );
  return rows[0] ?? null;
}

/** What reads every 2 s knows by then. */
const KNOWN_WITHIN_MS = 4_000;

/** What is seen, once it is this state or the time for it is over. */
async function seeWhenKnown(system: System, status: keyof BreakerRun['seen']): Promise<StateSeen> {
  let seen = await see(system);
  await waitFor(
    async () => {
      seen = await see(system);
      return seen.health === status;
    },
    { timeoutMs: KNOWN_WITHIN_MS },
  ).catch(() => undefined);
  return seen;
}

async function see(system: System): Promise<StateSeen> {
  const response = await fetch(system.healthUrl);
  const health = (await response.json()) as {
    destinations: readonly { name: string; circuit_breaker: string }[];
  };
  const row = health.destinations.find(({ name }) => name === 'receiver');
  const texts = await system.allProcessorMetrics();
  return {
    health: row?.circuit_breaker ?? 'CLOSED', // only those in trouble are listed
    metrics: texts.map(text => sumOf(text, /^ackline_breaker_open\{.*breaker="receiver"/)),
  };
}

async function failedBy(system: System): Promise<readonly number[]> {
  const texts = await system.allProcessorMetrics();
  return texts.map(text => sumOf(text, /^ackline_delivery_attempts_total\{.*outcome="retry"/) ?? 0);
}

/** null: the metric is not there. */
function sumOf(text: string, line: RegExp): number | null {
  const values = text
    .split('\n')
    .filter(one => line.test(one))
    .map(one => Number(one.split(' ').at(-1)));
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

function configText(url: string, resetSeconds: number, slowStartMs: number): string {
  return `
publicUrl: ${PUBLIC_URL}
sources:
  - { name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: PROOF_TOKEN }] }
routes:
  - { name: all, destination: receiver }
destinations:
  - name: receiver
    type: http
    url: ${url}
    concurrency: ${CONCURRENCY}
    timeout: 10s
    retry: { schedule: [${resetSeconds}s, 1s, 1s, 1s, 1s, 1s], jitter: none }
    breaker: { failures: ${THRESHOLD}, reset: ${resetSeconds}s, slowStart: ${slowStartMs}ms }
`;
}
