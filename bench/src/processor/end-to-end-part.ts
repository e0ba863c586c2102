import { setTimeout as delay } from 'node:timers/promises';
import type { AcklineOptions } from '../ackline.ts';
import { scrape } from '../load-run.ts';
import { usageOf } from '../process-usage.ts';
import { type RunningProgram, waitWhileRuns } from '../program.ts';
import { type BarePostResult, runBarePost } from './bare-work.ts';
import { appendChunk } from './event-source.ts';
import { type NullReceiver, startNullReceiver } from './null-receiver.ts';
import { CONCURRENCY, startProcessor } from './processor-program.ts';
import { type NumberRange, sampleEvents } from './sample-events.ts';
import { type BenchDatabase, openDatabase, type ProcessorSession, warmUpEvents } from './session.ts';
import { type StatementCounts, startStatementCounter } from './statement-counter.ts';
import { countUnfinished } from './tables.ts';

/** Events from the log to the receiver's answer, and what the processor spent on them. */
export interface DeliveryRound {
  readonly events: number;
  readonly seconds: number;
  /** User and system time of the processor. */
  readonly cpuMs: number;
  /** That the processor had PostgreSQL run, by their names; null: not counted. */
  readonly statements: Readonly<Record<string, number>> | null;
}

/** What CPU time is told of. */
export type CpuRound = Pick<DeliveryRound, 'cpuMs' | 'events' | 'seconds'>;

export interface EndToEnd {
  /** A backlog: all events are in the log before the processor starts. */
  readonly backlog: readonly DeliveryRound[];
  readonly barePost: readonly BarePostResult[];
  /** The backlog again, through a proxy that counts statements: its CPU is not compared. */
  readonly counted: readonly DeliveryRound[];
  /** Events that come at a fixed rate, through the same proxy. */
  readonly paced: readonly DeliveryRound[];
}

const PACE_MS = 20;
const PACED_WARM_UP_S = 3;

export async function endToEnd(session: ProcessorSession): Promise<EndToEnd> {
  const { options, directory } = session;
  await using receiver = await startNullReceiver(directory);
  const figures = {
    backlog: [] as DeliveryRound[],
    barePost: [] as BarePostResult[],
    counted: [] as DeliveryRound[],
    paced: [] as DeliveryRound[],
  };
  const { backlog, barePost, counted, paced } = figures;
  const range = session.newNumbers(warmUpEvents(options) + options.events);
  for (let round = 1; round <= options.rounds; round += 1) {
    const told = `end to end, round ${round} of ${options.rounds}`;
    await session.source.renew();
    await session.source.offer(range);
    backlog.push(await deliverBacklog(session, receiver, { range, counts: false }));
    options.say(`${told}, processor: ${describe(backlog.at(-1))}`);
    barePost.push(await postBare(session, receiver, range));
    options.say(`${told}, bare POSTs: ${describe(barePost.at(-1))}`);
    counted.push(await deliverBacklog(session, receiver, { range, counts: true }));
    options.say(`${told}, statements of a backlog: ${describe(counted.at(-1))}`);
    paced.push(await deliverPaced(session, receiver));
    options.say(`${told}, statements at ${options.rate}/s: ${describe(paced.at(-1))}`);
  }
  return figures;
}

function postBare(
  { options }: ProcessorSession,
  { url }: NullReceiver,
  range: NumberRange,
): Promise<BarePostResult> {
  return runBarePost({
    url,
    firstUpdate: range.first,
    events: range.count,
    warmUpEvents: warmUpEvents(options),
    connections: CONCURRENCY,
  });
}

export interface BacklogOptions extends Pick<AcklineOptions, 'env' | 'isNotScraped'> {
  readonly range: NumberRange;
  /** Statements, too. */
  readonly counts: boolean;
  /** Asks the processor something when all is measured. */
  readonly onMeasured?: (running: RunningProgram) => Promise<void>;
}

/** What the source was offered, delivered by a new processor into a new database. */
export async function deliverBacklog(
  session: ProcessorSession,
  receiver: NullReceiver,
  how: BacklogOptions,
): Promise<DeliveryRound> {
  await using database = await openDatabase();
  await session.source.handTo(database.url);
  const before = await receiver.count();
  const warmUp = warmUpEvents(session.options);
  return await withProcessor(session, { ...how, database, receiver }, async meter => {
    const delivered = async () => (await receiver.count()) - before;
    await meter.until(`${warmUp} deliveries`, async () => (await delivered()) >= warmUp);
    const start = await meter.read();
    await meter.until(
      `${how.range.count} deliveries`,
      async () => (await delivered()) >= how.range.count && (await countUnfinished(database.pool)) === 0,
    );
    return meter.since(start);
  });
}

async function deliverPaced(session: ProcessorSession, receiver: NullReceiver): Promise<DeliveryRound> {
  const { options, source } = session;
  await source.renew();
  await using database = await openDatabase();
  const log = await source.openLog(database.url);
  try {
    return await withProcessor(session, { database, receiver, counts: true }, async meter => {
      const range = session.newNumbers(Math.ceil(options.rate * (PACED_WARM_UP_S + options.seconds)));
      const stop = new AbortController();
      const appending = appendPaced(log, { range, ratePerS: options.rate, signal: stop.signal });
      appending.catch(() => undefined); // told by the await below, which may come later
      try {
        await delay(PACED_WARM_UP_S * 1_000);
        const start = await meter.read();
        await appending;
        return await meter.since(start);
      } finally {
        stop.abort();
      }
    });
  } finally {
    await log.close();
  }
}

async function appendPaced(
  log: Parameters<typeof appendChunk>[0],
  pace: { readonly range: NumberRange; readonly ratePerS: number; readonly signal: AbortSignal },
): Promise<void> {
  const { first, count } = pace.range;
  const startedAt = performance.now();
  const appends: Promise<void>[] = [];
  for (let given = 0; given < count && !pace.signal.aborted; ) {
    const due = Math.min(count, Math.ceil(((performance.now() - startedAt) / 1_000) * pace.ratePerS));
    if (due > given) {
      const append = appendChunk(log, sampleEvents({ first: first + given, count: due - given }));
      append.catch(() => undefined); // told by the await below
      appends.push(append);
    }
    given = Math.max(given, due);
    await delay(PACE_MS);
  }
  await Promise.all(appends);
}

interface Reading {
  readonly atMs: number;
  readonly delivered: number;
  readonly cpuMs: number;
  readonly statements: StatementCounts | null;
}

interface Meter {
  until(what: string, done: () => Promise<boolean>): Promise<void>;
  read(): Promise<Reading>;
  since(start: Reading): Promise<DeliveryRound>;
}

interface Place extends Omit<BacklogOptions, 'range'> {
  readonly database: BenchDatabase;
  readonly receiver: NullReceiver;
}

/** Starts a processor, directly on the database or through a counter of statements, and measures what `use` says. */
async function withProcessor(
  { source, directory }: ProcessorSession,
  { database, receiver, counts, onMeasured, ...options }: Place,
  use: (meter: Meter) => Promise<DeliveryRound>,
): Promise<DeliveryRound> {
  await using stack = new AsyncDisposableStack();
  const counter = counts ? stack.use(await startStatementCounter(database.url)) : null;
  const databaseUrl = counter?.url ?? database.url;
  const receiverUrl = receiver.url;
  const running: RunningProgram = stack.use(
    await startProcessor({ ...options, databaseUrl, brokers: source.brokers, receiverUrl, directory }),
  );
  const scraping = scrape(running.plan.metricsUrl);
  stack.defer(() => clearInterval(scraping));
  const read = async (): Promise<Reading> => {
    const delivered = await receiver.count();
    const { cpuMs } = usageOf(running.pid);
    return { atMs: performance.now(), delivered, cpuMs, statements: counter?.read() ?? null };
  };
  const round = await use({
    read,
    until: (what, done) => waitWhileRuns(running, { what, done }),
    async since(start) {
      const end = await read();
      return {
        events: end.delivered - start.delivered,
        seconds: (end.atMs - start.atMs) / 1_000,
        cpuMs: end.cpuMs - start.cpuMs,
        statements: between(start.statements, end.statements),
      };
    },
  });
  await onMeasured?.(running);
  return round;
}

function between(start: StatementCounts | null, end: StatementCounts | null): DeliveryRound['statements'] {
  if (start === null || end === null) return null;
  return Object.fromEntries([...end].map(([name, count]) => [name, count - (start.get(name) ?? 0)]));
}

/** Microseconds of CPU for each event; NaN where there was none. */
export function cpuUsPerEvent({ cpuMs, events }: CpuRound): number {
  return events === 0 ? Number.NaN : (cpuMs * 1_000) / events;
}

export function statementsPerEvent({ statements, events }: DeliveryRound): number {
  if (statements === null || events === 0) return Number.NaN;
  return Object.values(statements).reduce((sum, count) => sum + count, 0) / events;
}

export function describe(round: CpuRound | DeliveryRound | undefined): string {
  if (round === undefined) return '–';
  const counted =
    'statements' in round && round.statements !== null
      ? `, ${statementsPerEvent(round).toFixed(3)} statements each`
      : '';
  const rate = (round.events / round.seconds).toFixed(0);
  return `${rate} events/s, ${cpuUsPerEvent(round).toFixed(0)} µs CPU each${counted}`;
}
