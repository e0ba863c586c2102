// Bulkheads (A6). One destination works; another hangs, another fails, and another has a key with thousands of deliveries behind a
// head that fails. Phases without and with work for the bad ones take turns; what is measured is the way of the good one's events.
import { setTimeout as delay } from 'node:timers/promises';
import { pauseDestination, resumeDestination } from '@ackline/store/destinations';
import { createTestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import pg from 'pg';
import { type PacedLoad, startPacedLoad } from '../paced-load.ts';
import { createSystem, PUBLIC_URL, type System } from '../system.ts';
import { percentile } from '../telegram-load.ts';
import { BAD_NAMES, type BadName, type BulkheadFigures, type BulkheadPhase } from './judge-bulkheads.ts';
import { type Receivers, startReceivers } from './receivers.ts';
import { readWaits } from './wait-metric.ts';

export interface BulkheadOptions {
  /** Events a second to the good destination; each bad one gets a tenth of it in its phases. */
  readonly rate: number;
  readonly phaseSeconds: number;
  /** Phases of each kind. */
  readonly rounds: number;
  /** Deliveries of the stuck key before the first phase. */
  readonly stuckRows: number;
  /** Cold code and connections are in nobody's figures. */
  readonly warmUpSeconds: number;
  readonly log: (line: string) => void;
}

type Name = BadName | 'fine';

const FIRST_ID: Readonly<Record<Name, number>> = {
  fine: 100_000_000,
  hangs: 200_000_000,
  fails: 300_000_000,
  stuck: 400_000_000,
};
const FIRST_STUCK_ID = 500_000_000;
const FILL_RATE = 1_000;
const FILL_IN_FLIGHT = 100;
const CHATS = 200;
const BAD_PART = 10;
const CONCURRENCY = 20;
const SETTLE_MS = 2_000;
const LIMIT_MS = 300_000;

interface Stage {
  readonly options: BulkheadOptions;
  readonly pool: pg.Pool;
  readonly system: System;
  readonly receivers: Receivers;
  readonly fine: PacedLoad;
  readonly bad: readonly PacedLoad[];
}

export async function runBulkheads(options: BulkheadOptions): Promise<BulkheadFigures> {
  await using stack = new AsyncDisposableStack();
  const database = await createTestDatabase();
  stack.defer(() => database.close());
  const pool = new pg.Pool({ connectionString: database.url, max: 2 });
  stack.defer(() => pool.end());
  const receivers = stack.use(await startReceivers());
  const system = stack.use(
    await createSystem({
      databaseUrl: database.url,
      brokers: null,
      receiverUrl: receivers.urlOf('fine'),
      configText: configText(receivers),
    }),
  );
  await system.startIngress();
  await system.startProcessor();
  for (const name of BAD_NAMES) await pauseDestination(pool, name, PAUSE);
  await fillStuckKey(system, pool, options);
  const loadOf = (name: Name, rate: number): PacedLoad =>
    startPacedLoad({
      url: urlOf(system, name),
      firstId: FIRST_ID[name],
      rate,
      chats: name === 'stuck' ? 1 : CHATS,
      resends: false,
      repeatEvery: 0,
    });
  const bad = BAD_NAMES.map(name => loadOf(name, options.rate / BAD_PART));
  for (const load of bad) load.hold();
  const stage: Stage = { options, pool, system, receivers, fine: loadOf('fine', options.rate), bad };
  await delay(options.warmUpSeconds * 1_000);
  const windows: Window[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    for (const isBad of round % 2 === 0 ? [false, true] : [true, false]) {
      windows.push(await inPhase(stage, isBad));
    }
    options.log(`round ${round + 1} of ${options.rounds}`);
  }
  return await settle(stage, windows); // all that it asks ends with this function
}

const PAUSE = { reason: 'a phase without it', actor: 'proof' };

/** It is one chat; its destination is paused meanwhile. */
async function fillStuckKey(
  system: System,
  pool: pg.Pool,
  { stuckRows, log }: BulkheadOptions,
): Promise<void> {
  const load = startPacedLoad({
    url: urlOf(system, 'stuck'),
    firstId: FIRST_STUCK_ID,
    rate: FILL_RATE,
    chats: 1,
    resends: true,
    repeatEvery: 0,
    maxInFlight: FILL_IN_FLIGHT,
  });
  await waitFor(() => load.accepted.size >= stuckRows, {
    timeoutMs: LIMIT_MS,
    what: 'the events of one key',
  });
  await load.finish(LIMIT_MS);
  await waitFor(async () => (await countStuck(pool)) >= load.accepted.size, { timeoutMs: LIMIT_MS });
  await pool.query('vacuum analyze events, deliveries');
  log(`${await countStuck(pool)} deliveries of one key`);
}

/** Those of the key, its head among them. */
async function countStuck(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    "select count(*)::int as n from deliveries where destination = 'stuck'",
  );
  return rows[0]?.n ?? 0;
}

interface Window extends Omit<BulkheadPhase, 'seconds' | 'arrived' | 'p50' | 'p99'> {
  readonly from: number;
  readonly to: number;
}

/** Attempts and requests are counted from before the bad ones get work; the times are those of the phase alone. */
async function inPhase(stage: Stage, bad: boolean): Promise<Window> {
  const { receivers, system, options } = stage;
  const before = readWaits(await system.processorMetrics(), 'fine');
  const requestsBefore = { ...receivers.requests };
  if (bad) await stir(stage);
  const from = performance.now();
  await delay(options.phaseSeconds * 1_000);
  const to = performance.now();
  const requests = { ...receivers.requests };
  for (const name of BAD_NAMES) requests[name] -= requestsBefore[name];
  const { hanging } = receivers;
  if (bad) await calm(stage);
  const after = readWaits(await system.processorMetrics(), 'fine');
  const [started, startedLate] = [after.started - before.started, after.late - before.late];
  return { bad, from, to, requests, hanging, started, startedLate };
}

/** Until the one that hangs has all its slots taken. */
async function stir({ pool, bad, receivers }: Stage): Promise<void> {
  for (const name of BAD_NAMES) await resumeDestination(pool, name, PAUSE.actor);
  for (const load of bad) load.resume();
  await waitFor(() => receivers.hanging >= CONCURRENCY, { timeoutMs: LIMIT_MS, what: 'slots that hang' });
  await delay(SETTLE_MS);
}

/** Nothing new for them; all that they have is held, and their rows stay. */
async function calm({ pool, bad, receivers }: Stage): Promise<void> {
  for (const load of bad) load.hold();
  for (const name of BAD_NAMES) await pauseDestination(pool, name, PAUSE);
  await delay(SETTLE_MS);
  while (receivers.hanging > 0) {
    receivers.release();
    await delay(SETTLE_MS); // whoever had not heard of the pause claims again
  }
}

async function settle(stage: Stage, windows: readonly Window[]): Promise<BulkheadFigures> {
  const { fine, bad, receivers, pool, options } = stage;
  const arrived = () => fine.accepted.intersection(new Set(receivers.arrivals.keys())).size;
  await Promise.all([fine, ...bad].map(load => load.finish(0)));
  await waitFor(() => arrived() === fine.accepted.size, { timeoutMs: LIMIT_MS }).catch(() => undefined);
  return {
    phases: windows.map(window => describePhase(window, stage)),
    fine: { accepted: fine.accepted.size, arrived: arrived() },
    stuckRows: await countStuck(pool),
    wantedStuckRows: options.stuckRows,
    concurrency: CONCURRENCY,
  };
}

function describePhase({ from, to, ...counts }: Window, { fine, receivers }: Stage): BulkheadPhase {
  const times = fine.attempts.flatMap(({ updateId, dueAt }) => {
    const arrivedAt = receivers.arrivals.get(updateId);
    return dueAt < from || dueAt >= to || arrivedAt === undefined ? [] : [arrivedAt - dueAt];
  });
  return {
    ...counts,
    seconds: (to - from) / 1_000,
    arrived: times.length,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
  };
}

const urlOf = (system: System, name: Name): string => `${system.baseUrl}/webhook/${name}`;

/** One that opened the circuit would take up no slots: only `fails` has the usual breaker. */
const DESTINATIONS: Readonly<Record<Name, string>> = {
  fine: 'ordering: key',
  hangs: 'timeout: 30s, breaker: { failures: 1000 }',
  fails: 'ordering: none',
  stuck: `ordering: key, breaker: { failures: 1000 }, retry: { schedule: [${Array(50).fill('1s').join(', ')}], jitter: none }`,
};

function configText(receivers: Receivers): string {
  const names = ['fine', ...BAD_NAMES] as const;
  const lines = (line: (name: Name) => string) => names.map(name => `  - { ${line(name)} }\n`).join('');
  return `
publicUrl: ${PUBLIC_URL}
sources:
${lines(name => `name: ${name}, provider: telegram, path: /webhook/${name}, secrets: [{ env: PROOF_TOKEN }]`)}
routes:
${lines(name => `name: ${name}, destination: ${name}, match: { source: ${name} }`)}
destinations:
${lines(name => `name: ${name}, type: http, url: "${receivers.urlOf(name)}", concurrency: ${CONCURRENCY}, ${DESTINATIONS[name]}`)}`;
}
