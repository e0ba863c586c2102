// A large replay under live load. Phases without and with a replay take turns; what is measured is the time of live updates from when
// they were due at the ingress to their arrival at the receiver. In the end one more replay is cancelled in the middle.
import { setTimeout as delay } from 'node:timers/promises';
import { readReplay } from '@ackline/store/replays';
import { createTestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import pg from 'pg';
import { type PacedLoad, startPacedLoad } from '../paced-load.ts';
import { createSystem } from '../system.ts';
import { percentile } from '../telegram-load.ts';
import { type Arrivals, startArrivals } from './arrivals.ts';
import { insertParked } from './parked-rows.ts';
import { createReplayCommand, type ReplayCommand } from './replay-command.ts';

export interface ReplayLoadOptions {
  /** Live updates a second. */
  readonly rate: number;
  /** Of each phase without a replay; one with a replay lasts as long as that takes. */
  readonly phaseSeconds: number;
  /** Of each kind of phase. */
  readonly rounds: number;
  /** Deliveries that are replayed, in all rounds together; as many as one round has are in the replay that is cancelled. */
  readonly deliveries: number;
  /** Of each replay, a second. */
  readonly replayRate: number;
  /** Cold code and connections are in nobody's figures. */
  readonly warmUpSeconds: number;
  readonly log: (line: string) => void;
}

export interface LivePhase {
  readonly replaying: boolean;
  readonly seconds: number;
  readonly live: number;
  readonly p50: number;
  readonly p99: number;
  /** Replayed deliveries that came in it. */
  readonly replayed: number;
}

export interface ReplayLoadFigures {
  readonly phases: readonly LivePhase[];
  readonly announced: number;
  readonly released: number;
  readonly skipped: number;
  /** Distinct ones that came as a replay, of the replays that ran to their end. */
  readonly arrived: number;
  readonly cancelled: { readonly announced: number; readonly before: number; readonly after: number };
  readonly liveUpdates: { readonly accepted: number; readonly arrived: number };
  /** Medians of the phases, in milliseconds. */
  readonly p99: { readonly without: number; readonly within: number };
  /** What is promised of the counts and did not hold. */
  readonly broken: readonly string[];
}

const FIRST_PARKED_ID = 1_000_000;
const CANCELLED_FIRST_ID = 50_000_000;
const FIRST_LIVE_ID = 100_000_000;
const LIVE_CHATS = 200;
const SETTLE_MS = 1_000;
const DRAIN_LIMIT_MS = 600_000;
/** What may be sent after a replay was cancelled: one batch. */
const MAX_AFTER_CANCEL = 100;
/** A quarter of the one that is cancelled is sent before the command, which takes a second to start, and the rest has to take longer. */
const CANCELLED_SECONDS = 12;
const FIRST_STATUS = 500;
const CANCELLED_STATUS = 422;

interface Stage {
  readonly options: ReplayLoadOptions;
  readonly pool: pg.Pool;
  readonly command: ReplayCommand;
  readonly arrivals: Arrivals;
  readonly load: PacedLoad;
}

export async function runReplayLoad(options: ReplayLoadOptions): Promise<ReplayLoadFigures> {
  await using stack = new AsyncDisposableStack();
  const database = await createTestDatabase();
  stack.defer(() => database.close());
  const pool = new pg.Pool({ connectionString: database.url, max: 2 });
  stack.defer(() => pool.end());
  const arrivals = stack.use(await startArrivals());
  await park(options, database.url);
  const system = stack.use(
    await createSystem({ databaseUrl: database.url, brokers: null, receiverUrl: arrivals.url }),
  );
  await system.startIngress();
  await system.startProcessor();
  const load = startPacedLoad({
    url: system.webhookUrl,
    firstId: FIRST_LIVE_ID,
    rate: options.rate,
    chats: LIVE_CHATS,
    resends: false,
    repeatEvery: 0,
  });
  stack.defer(() => load.finish(0)); // also of a run that fails: it would send for ever
  await delay(options.warmUpSeconds * 1_000);
  const stage: Stage = { options, pool, command: createReplayCommand(database.url), arrivals, load };
  const windows: Window[] = [];
  const ended: Ended[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    windows.push(await inWindow(stage, false, () => delay(options.phaseSeconds * 1_000)));
    windows.push(await inWindow(stage, true, async () => void ended.push(await replayRound(stage, round))));
    await delay(SETTLE_MS);
  }
  const arrived = arrivals.replayed.size;
  const cancelled = await cancelInTheMiddle(stage);
  await load.finish(0);
  await waitFor(() => load.accepted.isSubsetOf(new Set(arrivals.live.keys())), {
    timeoutMs: DRAIN_LIMIT_MS,
  }).catch(() => undefined);
  const phases = windows.map(window => describePhase(window, stage));
  const figures = {
    phases,
    p99: { without: median(p99sOf(phases, false)), within: median(p99sOf(phases, true)) },
    announced: sum(ended.map(one => one.announced)),
    released: sum(ended.map(one => one.released)),
    skipped: sum(ended.map(one => one.skipped)),
    arrived,
    cancelled,
    liveUpdates: {
      accepted: load.accepted.size,
      arrived: load.accepted.intersection(new Set(arrivals.live.keys())).size,
    },
  };
  return { ...figures, broken: judge(figures) };
}

async function park(options: ReplayLoadOptions, databaseUrl: string): Promise<void> {
  const count = Math.floor(options.deliveries / options.rounds);
  for (let round = 0; round < options.rounds; round += 1) {
    const firstId = FIRST_PARKED_ID + round * count;
    await insertParked({ databaseUrl, firstId, count, status: FIRST_STATUS + round });
  }
  await insertParked({ databaseUrl, firstId: CANCELLED_FIRST_ID, count, status: CANCELLED_STATUS });
  options.log(`${count * (options.rounds + 1)} deliveries are parked`);
}

interface Window {
  readonly replaying: boolean;
  readonly from: number;
  readonly to: number;
  readonly replayed: number;
}

async function inWindow(
  { arrivals }: Stage,
  replaying: boolean,
  work: () => Promise<unknown>,
): Promise<Window> {
  const before = arrivals.replayed.size;
  const from = performance.now();
  await work();
  return { replaying, from, to: performance.now(), replayed: arrivals.replayed.size - before };
}

/** Seldom: what is measured is not to feel it. */
const POLL_MS = 500;

async function isUnderWay(pool: pg.Pool, id: string): Promise<boolean> {
  const replay = await readReplay(pool, id);
  return replay !== null && (replay.state === 'trickle' || replay.state === 'running' || replay.open > 0);
}

interface Ended {
  readonly announced: number;
  readonly released: number;
  readonly skipped: number;
}

async function replayRound({ options, pool, command }: Stage, round: number): Promise<Ended> {
  const cause = `receiver ${FIRST_STATUS + round}`;
  const { id, announced } = await command.start({ cause, rate: options.replayRate });
  while (await isUnderWay(pool, id)) await delay(POLL_MS);
  const { state, released, skipped } = await command.status(id);
  options.log(
    `round ${round + 1}: ${state}, ${announced} announced, ${released} released, ${skipped} skipped`,
  );
  return { announced, released, skipped };
}

async function cancelInTheMiddle({
  options,
  pool,
  command,
  arrivals,
}: Stage): Promise<ReplayLoadFigures['cancelled']> {
  const inAll = arrivals.replayed.size;
  const cause = `receiver ${CANCELLED_STATUS}`;
  const each = options.deliveries / options.rounds;
  const rate = Math.min(options.replayRate, Math.ceil(each / CANCELLED_SECONDS));
  const { id, announced } = await command.start({ cause, rate });
  await waitFor(async () => ((await readReplay(pool, id))?.released ?? 0) > announced / 4, {
    timeoutMs: DRAIN_LIMIT_MS,
    what: 'a quarter of a replay',
  });
  await command.cancel(id);
  const before = arrivals.replayed.size - inAll;
  await waitFor(async () => (await readReplay(pool, id))?.open === 0, { timeoutMs: DRAIN_LIMIT_MS });
  await delay(SETTLE_MS);
  return { announced, before, after: arrivals.replayed.size - inAll - before };
}

function describePhase({ replaying, from, to, replayed }: Window, { load, arrivals }: Stage): LivePhase {
  const times = load.attempts.flatMap(({ updateId, dueAt }) => {
    const arrivedAt = arrivals.live.get(updateId);
    return dueAt < from || dueAt >= to || arrivedAt === undefined ? [] : [arrivedAt - dueAt];
  });
  return {
    replaying,
    seconds: (to - from) / 1_000,
    live: times.length,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    replayed,
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

type Counts = Pick<
  ReplayLoadFigures,
  'announced' | 'released' | 'skipped' | 'arrived' | 'cancelled' | 'liveUpdates'
>;

function judge({ announced, released, skipped, arrived, cancelled, liveUpdates }: Counts): readonly string[] {
  const missing = liveUpdates.accepted - liveUpdates.arrived;
  return [
    announced === released + skipped
      ? ''
      : `${announced} announced, ${released} released and ${skipped} skipped`,
    arrived === released ? '' : `${released} released, and ${arrived} arrived`,
    cancelled.after <= MAX_AFTER_CANCEL ? '' : `${cancelled.after} were sent after the cancel`,
    missing === 0 ? '' : `${missing} live updates did not arrive`,
  ].filter(line => line !== '');
}

function p99sOf(phases: readonly LivePhase[], replaying: boolean): readonly number[] {
  return phases.filter(phase => phase.replaying === replaying).map(({ p99 }) => p99);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}
