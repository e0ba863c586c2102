import { createSample } from '../latency-sample.ts';
import {
  addDue,
  type Claim,
  claimOnce,
  type ExplainedCall,
  explainCalls,
  findDueOnce,
} from './claim-calls.ts';
import { DESTINATION } from './processor-program.ts';
import { SOURCE } from './sample-events.ts';
import { type BenchDatabase, openDatabase, type ProcessorSession, warmUpEvents } from './session.ts';
import { describe, storeBacklog } from './store-rate-part.ts';
import type { StoreRound } from './stored-events.ts';
import { clearRound, fillWithWaiting, settle } from './tables.ts';

export interface CallTimes {
  readonly claimP50Ms: number;
  readonly findDueP50Ms: number;
}

/** One database in one round. */
export interface MillionRound {
  /** Far more is due than the claim asks for. */
  readonly fewOfMany: CallTimes;
  /** The claim takes all that is due, and asks for more: how it is while a destination keeps up. */
  readonly allOfFew: CallTimes;
  readonly store: StoreRound;
}

export interface Million {
  readonly rows: number;
  readonly empty: readonly MillionRound[];
  readonly filled: readonly MillionRound[];
  /** Of the filled one. */
  readonly plans: readonly ExplainedCall[];
}

const CLAIMS_OF_MANY = 500;
/** Fewer: each may have to look at all rows of the database. */
const CLAIMS_OF_FEW = 100;
const CLAIMED_ROWS = 10;
/** The most that a dispatcher asks for. */
const LARGEST_CLAIM = 50;
const INSERTED_AT_A_TIME = 500;

/** The same calls and the same backlog on two databases, in turn: one is empty, one is full of rows that nobody may claim yet. */
export async function million(session: ProcessorSession): Promise<Million> {
  const { options } = session;
  await using empty = await openDatabase();
  await using filled = await openDatabase();
  options.say(`million: making ${options.rows} rows`);
  await fillWithWaiting(filled.pool, { rows: options.rows, destination: DESTINATION, source: SOURCE });
  await clearRound(empty.pool);
  const figures = { empty: [] as MillionRound[], filled: [] as MillionRound[] };
  for (let round = 1; round <= options.rounds; round += 1) {
    const [first, second] = await oneRound(session, [empty, filled]);
    figures.empty.push(first);
    figures.filled.push(second);
    const told = `million, round ${round} of ${options.rounds}`;
    options.say(`${told}, empty: ${describeRound(first)}`);
    options.say(`${told}, ${options.rows} rows: ${describeRound(second)}`);
  }
  await addDue(filled.pool, session.newNumbers(CLAIMED_ROWS), DESTINATION);
  const claim = { destination: DESTINATION, limit: LARGEST_CLAIM };
  const plans = await explainCalls(filled.pool, session.newNumbers(CLAIMED_ROWS), claim);
  return { rows: options.rows, ...figures, plans };
}

type Pair<T> = readonly [empty: T, filled: T];

async function oneRound(
  session: ProcessorSession,
  databases: Pair<BenchDatabase>,
): Promise<Pair<MillionRound>> {
  const [empty, filled] = databases;
  await addMany(databases, session, CLAIMS_OF_MANY * CLAIMED_ROWS);
  const fewOfMany = await callsInTurn(databases, { calls: CLAIMS_OF_MANY, limit: CLAIMED_ROWS });
  await Promise.all(databases.map(({ pool }) => clearRound(pool)));
  const allOfFew = await callsInTurn(databases, {
    calls: CLAIMS_OF_FEW,
    limit: LARGEST_CLAIM,
    before: ({ pool }) => addDue(pool, session.newNumbers(CLAIMED_ROWS), DESTINATION),
  });
  await Promise.all(databases.map(({ pool }) => clearRound(pool)));
  const { options, source } = session;
  const warmUp = warmUpEvents(options);
  const range = session.newNumbers(warmUp + options.events);
  await source.renew();
  await source.offer(range);
  const store = async (database: BenchDatabase): Promise<StoreRound> => {
    await source.handTo(database.url);
    return storeBacklog(session, database, { events: range.count, warmUpEvents: warmUp });
  };
  const rounds = [
    { fewOfMany: fewOfMany[0], allOfFew: allOfFew[0], store: await store(empty) },
    { fewOfMany: fewOfMany[1], allOfFew: allOfFew[1], store: await store(filled) },
  ] as const;
  await Promise.all(databases.map(({ pool }) => clearRound(pool)));
  return rounds;
}

async function addMany(
  databases: readonly BenchDatabase[],
  session: ProcessorSession,
  count: number,
): Promise<void> {
  for (let given = 0; given < count; given += INSERTED_AT_A_TIME) {
    const range = session.newNumbers(INSERTED_AT_A_TIME);
    for (const { pool } of databases) await addDue(pool, range, DESTINATION);
  }
  for (const { pool } of databases) await settle(pool);
}

interface CallPlan {
  readonly calls: number;
  readonly limit: number;
  /** Makes each claim's rows. */
  readonly before?: (database: BenchDatabase) => Promise<void>;
}

/** One call here, one there: what the machine does meanwhile meets both alike. */
async function callsInTurn(databases: Pair<BenchDatabase>, plan: CallPlan): Promise<Pair<CallTimes>> {
  const samples = databases.map(database => ({ database, claims: createSample(), finds: createSample() }));
  for (let call = 0; call < plan.calls; call += 1) {
    for (const { database, claims, finds } of samples) {
      await plan.before?.(database);
      finds.add(await timed(() => findDueOnce(database.pool, DESTINATION)));
      const claim = { destination: DESTINATION, limit: plan.limit };
      claims.add(await timed(() => claimExactly(database, claim)));
    }
  }
  const [empty, filled] = samples.map(({ claims, finds }) => ({
    claimP50Ms: claims.quantile(0.5),
    findDueP50Ms: finds.quantile(0.5),
  }));
  if (empty === undefined || filled === undefined) throw new Error('there are two databases');
  return [empty, filled];
}

async function claimExactly({ pool }: BenchDatabase, claim: Claim): Promise<void> {
  const found = await claimOnce(pool, claim);
  if (found !== CLAIMED_ROWS) throw new Error(`a claim found ${found} due deliveries, not ${CLAIMED_ROWS}`);
}

async function timed(call: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await call();
  return performance.now() - startedAt;
}

function describeRound({ fewOfMany, allOfFew, store }: MillionRound): string {
  const claims = `claim ${fewOfMany.claimP50Ms.toFixed(2)} ms of many, ${allOfFew.claimP50Ms.toFixed(2)} ms of few`;
  return `${claims}, find ${allOfFew.findDueP50Ms.toFixed(2)} ms, ${describe(store)}`;
}
