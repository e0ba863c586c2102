import { pauseDestination } from '@ackline/store/destinations';
import { scrape } from '../load-run.ts';
import { runBareInsert } from './bare-work.ts';
import { DESTINATION, ROUTE, startProcessor, WORKERS } from './processor-program.ts';
import type { NumberRange } from './sample-events.ts';
import { type BenchDatabase, openDatabase, type ProcessorSession, warmUpEvents } from './session.ts';
import { measured, type StoreRound, usPerEvent, waitUntilStored } from './stored-events.ts';
import { lastSeq, storedBatches } from './tables.ts';

export interface StoreRate {
  readonly processor: readonly StoreRound[];
  readonly bare: readonly StoreRound[];
}

/** Nobody listens there: the destination is paused. */
const NO_RECEIVER = 'http://127.0.0.1:9';

/** A backlog stored by the processor, and the same rows by bare inserts, in turn, each into a new database. */
export async function storeRate(session: ProcessorSession): Promise<StoreRate> {
  const { options, source } = session;
  const warmUp = warmUpEvents(options);
  const range = session.newNumbers(warmUp + options.events);
  options.say(`store rate: ${range.count} events into the log`);
  await source.renew();
  await source.offer(range);
  const processor: StoreRound[] = [];
  const bare: StoreRound[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    const ours = await processorRound(session, range, warmUp);
    processor.push(ours);
    options.say(`store rate, round ${round} of ${options.rounds}, processor: ${describe(ours)}`);
    const theirs = await bareRound(range, warmUp);
    bare.push(theirs);
    options.say(`store rate, round ${round} of ${options.rounds}, bare inserts: ${describe(theirs)}`);
  }
  return { processor, bare };
}

async function processorRound(
  session: ProcessorSession,
  range: NumberRange,
  warmUp: number,
): Promise<StoreRound> {
  await using database = await openDatabase();
  await session.source.handTo(database.url);
  return await storeBacklog(session, database, { events: range.count, warmUpEvents: warmUp });
}

/** Starts a processor that delivers nothing, and waits until it has stored what the log has. */
export async function storeBacklog(
  { source, directory }: ProcessorSession,
  database: BenchDatabase,
  expected: { readonly events: number; readonly warmUpEvents: number },
): Promise<StoreRound> {
  const { url: databaseUrl, pool } = database;
  await pauseDestination(pool, DESTINATION, { reason: 'bench', actor: 'bench' });
  const afterSeq = await lastSeq(pool);
  const { brokers } = source;
  await using running = await startProcessor({ databaseUrl, brokers, receiverUrl: NO_RECEIVER, directory });
  const scraping = scrape(running.plan.metricsUrl);
  try {
    return await waitUntilStored(pool, { ...expected, afterSeq }, running);
  } finally {
    clearInterval(scraping);
  }
}

async function bareRound(range: NumberRange, warmUp: number): Promise<StoreRound> {
  await using database = await openDatabase();
  const { endMs } = await runBareInsert({
    databaseUrl: database.url,
    firstUpdate: range.first,
    events: range.count,
    connections: WORKERS,
    route: ROUTE,
    destination: DESTINATION,
  });
  return measured(await storedBatches(database.pool, 0), warmUp, endMs);
}

export function describe(round: StoreRound): string {
  return `${(round.events / round.seconds).toFixed(0)} events/s, ${usPerEvent(round).toFixed(0)} µs each`;
}
