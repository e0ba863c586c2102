import { createSample } from '../latency-sample.ts';
import { addDue, claimOnce, type ExplainedCall, explainCalls, findDueOnce } from './claim-calls.ts';
import { DESTINATION } from './processor-program.ts';
import { SOURCE } from './sample-events.ts';
import { type BenchDatabase, openDatabase, type ProcessorSession, warmUpEvents } from './session.ts';
import { describe, storeBacklog } from './store-rate-part.ts';
import type { StoreRound } from './stored-events.ts';
import { clearRound, fillWithWaiting, settle } from './tables.ts';

/** One database in one round. */
export interface MillionRound {
  readonly claimP50Ms: number;
  readonly findDueP50Ms: number;
  readonly store: StoreRound;
}

export interface Million {
  readonly rows: number;
  readonly empty: readonly MillionRound[];
  readonly filled: readonly MillionRound[];
  /** Of the filled one. */
  readonly plans: readonly ExplainedCall[];
}

const CLAIMS = 500;
/** What a dispatcher asks for with some slots free. */
const CLAIM_LIMIT = 10;
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
  await addDueTo([filled], session, INSERTED_AT_A_TIME);
  const plans = await explainCalls(filled.pool, session.newNumbers(CLAIM_LIMIT), DESTINATION);
  return { rows: options.rows, ...figures, plans };
}

type Pair<T> = readonly [empty: T, filled: T];

async function oneRound(
  session: ProcessorSession,
  databases: Pair<BenchDatabase>,
): Promise<Pair<MillionRound>> {
  const [empty, filled] = databases;
  await addDueTo(databases, session, CLAIMS * CLAIM_LIMIT);
  const calls = await callsInTurn(databases);
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
    { ...calls[0], store: await store(empty) },
    { ...calls[1], store: await store(filled) },
  ] as const;
  await Promise.all(databases.map(({ pool }) => clearRound(pool)));
  return rounds;
}

async function addDueTo(
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

type Calls = Pick<MillionRound, 'claimP50Ms' | 'findDueP50Ms'>;

/** One call here, one there: what the machine does meanwhile meets both alike. */
async function callsInTurn(databases: Pair<BenchDatabase>): Promise<Pair<Calls>> {
  const samples = databases.map(database => ({ database, claims: createSample(), finds: createSample() }));
  for (let call = 0; call < CLAIMS; call += 1) {
    for (const { database, claims, finds } of samples) {
      finds.add(await timed(() => findDueOnce(database.pool, DESTINATION)));
      const claim = { destination: DESTINATION, limit: CLAIM_LIMIT };
      const claimed = await timed(async () => {
        const found = await claimOnce(database.pool, claim);
        if (found !== CLAIM_LIMIT) throw new Error(`a claim found ${found} of ${CLAIM_LIMIT} due deliveries`);
      });
      claims.add(claimed);
    }
  }
  const [empty, filled] = samples.map(({ claims, finds }) => ({
    claimP50Ms: claims.quantile(0.5),
    findDueP50Ms: finds.quantile(0.5),
  }));
  if (empty === undefined || filled === undefined) throw new Error('there are two databases');
  return [empty, filled];
}

async function timed(call: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await call();
  return performance.now() - startedAt;
}

function describeRound({ claimP50Ms, findDueP50Ms, store }: MillionRound): string {
  return `claim ${claimP50Ms.toFixed(2)} ms, find ${findDueP50Ms.toFixed(2)} ms, ${describe(store)}`;
}
