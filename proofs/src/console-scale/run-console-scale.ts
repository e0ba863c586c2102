// The console on a database with millions of rows: how long each page's calls take, what they read by, and what ten clients of the live
// stream cost those who send webhooks. Rounds without and with them take turns.
import { setTimeout as delay } from 'node:timers/promises';
import { createToken } from '@ackline/store/console-tokens';
import { createTestDatabase } from '@ackline/testkit/database';
import pg from 'pg';
import { type PacedLoad, startPacedLoad } from '../paced-load.ts';
import { createSystem, type System } from '../system.ts';
import { type PlanFigure, readPlans } from './console-plans.ts';
import { fill } from './fill.ts';
import { startFollowers } from './live-followers.ts';
import { type CallFigure, measure, pathsOf, readKnown } from './measured-calls.ts';

export interface ConsoleScaleOptions {
  readonly events: number;
  readonly parked: number;
  /** Of each path. */
  readonly calls: number;
  /** Live updates a second. */
  readonly rate: number;
  readonly roundSeconds: number;
  /** Of each kind; 0: the stream is not tried. */
  readonly rounds: number;
  readonly log: (line: string) => void;
}

export interface LiveRound {
  readonly followed: boolean;
  /** Of each answer, ms. */
  readonly times: readonly number[];
}

export interface ConsoleScaleFigures {
  readonly fillSeconds: number;
  readonly databaseBytes: number;
  readonly calls: readonly CallFigure[];
  readonly plans: readonly PlanFigure[];
  readonly rounds: readonly LiveRound[];
  /** Events that followers got, and that they had to get. */
  readonly followed: { readonly seen: number; readonly accepted: number };
}

const FOLLOWERS = 10;
/** A caller has five streams. */
const STREAMS_A_TOKEN = 5;
const SCOPES = ['view', 'payload'] as const;
const WARM_UP_S = 5;
const FIRST_LIVE_ID = 100_000_000;
const LIVE_CHATS = 200;
const CONNECTIONS = 4;

export async function runConsoleScale(options: ConsoleScaleOptions): Promise<ConsoleScaleFigures> {
  await using stack = new AsyncDisposableStack();
  const database = await createTestDatabase();
  stack.defer(() => database.close());
  const pool = new pg.Pool({ connectionString: database.url, max: CONNECTIONS });
  stack.defer(() => pool.end());
  const from = performance.now();
  await fill({ ...options, databaseUrl: database.url });
  const fillSeconds = (performance.now() - from) / 1_000;
  const { rows } = await pool.query<{ bytes: string }>(
    'select pg_database_size(current_database()) as bytes',
  );
  // Nobody listens there: what is live is stored and not delivered, and all that is measured is on its way in.
  const system = stack.use(
    await createSystem({ databaseUrl: database.url, brokers: null, receiverUrl: 'http://127.0.0.1:9/' }),
  );
  const consoleUrl = await system.startConsole();
  const tokens = await makeTokens(pool);
  const apiUrl = `${consoleUrl}/api/v1`;
  const known = await readKnown(pool);
  const get = getter(apiUrl, tokens[0] ?? '');
  await get('/caller'); // the way there, and nothing of the tables
  const calls = await measure(get, pathsOf(known), options.calls);
  options.log('calls are measured');
  const plans = await readPlans(pool, known);
  const live = await measureLive(options, { system, apiUrl, tokens });
  return { fillSeconds, databaseBytes: Number(rows[0]?.bytes ?? 0), calls, plans, ...live };
}

async function makeTokens(pool: pg.Pool): Promise<readonly string[]> {
  const tokens: string[] = [];
  for (let n = 0; n < FOLLOWERS / STREAMS_A_TOKEN; n += 1) {
    const token = await createToken(pool, {
      name: `follower-${n}`,
      scopes: [...SCOPES],
      tenant: null,
      expiresInMs: null,
      actor: 'proof',
    });
    if (token !== null) tokens.push(token);
  }
  return tokens;
}

function getter(apiUrl: string, token: string) {
  return async (path: string) => {
    const response = await fetch(apiUrl + path, { headers: { authorization: `Bearer ${token}` } });
    return { status: response.status, bytes: (await response.arrayBuffer()).byteLength };
  };
}

interface LiveParts {
  readonly system: System;
  readonly apiUrl: string;
  readonly tokens: readonly string[];
}

async function measureLive(
  { rate, roundSeconds, rounds, log }: ConsoleScaleOptions,
  { system, apiUrl, tokens }: LiveParts,
): Promise<Pick<ConsoleScaleFigures, 'rounds' | 'followed'>> {
  if (rounds === 0) return { rounds: [], followed: { seen: 0, accepted: 0 } };
  await system.startIngress();
  await system.startProcessor();
  const load = startPacedLoad({
    url: system.webhookUrl,
    firstId: FIRST_LIVE_ID,
    rate,
    chats: LIVE_CHATS,
    resends: false,
    repeatEvery: 0,
  });
  await delay(WARM_UP_S * 1_000);
  const measured: LiveRound[] = [];
  let seen = 0;
  let accepted = 0;
  for (let round = 0; round < rounds; round += 1) {
    measured.push(await inRound(load, false, roundSeconds));
    await using followers = await startFollowers({ apiUrl, tokens, streams: STREAMS_A_TOKEN });
    const before = load.accepted.size;
    measured.push(await inRound(load, true, roundSeconds));
    accepted += load.accepted.size - before;
    seen += await followers.seen();
    log(`round ${round + 1} of ${rounds}`);
  }
  await load.finish(0);
  return { rounds: measured, followed: { seen, accepted: accepted * FOLLOWERS } };
}

async function inRound(load: PacedLoad, followed: boolean, seconds: number): Promise<LiveRound> {
  const from = load.attempts.length;
  await delay(seconds * 1_000);
  return { followed, times: load.attempts.slice(from).map(({ ms }) => ms) };
}
