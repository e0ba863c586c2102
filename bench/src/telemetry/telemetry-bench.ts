import { loadavg } from 'node:os';
import { EVENTS_TOPIC } from '@ackline/eventlog/kafka-topic';
import { metricTable } from '@ackline/runtime/metric-table';
import { scrape } from '@ackline/testkit/scrape';
import { ackline, type AcklineOptions, commit } from '../ackline.ts';
import { countRecords } from '../kafka-records.ts';
import type { UpdateNumbers } from '../load-run.ts';
import { type CpuRound, deliverBacklog, describe } from '../processor/end-to-end-part.ts';
import { type NullReceiver, startNullReceiver } from '../processor/null-receiver.ts';
import { openDatabase, openSession, type ProcessorSession, warmUpEvents } from '../processor/session.ts';
import type { RunningProgram } from '../program.ts';
import { type RoundsOptions, type Series, startContenders, warmRounds } from '../rounds.ts';
import { closedLoopShape, fixedRateShape } from '../session.ts';

/** What `--parts` can choose from, in the order in which they run. */
export const PARTS = ['ingress', 'processor'] as const;
export type Part = (typeof PARTS)[number];

/** Of the traces. */
export const TRACED_RATIO = 0.1;

export interface TelemetryBenchOptions {
  readonly parts: readonly Part[];
  readonly rounds: number;
  /** Of each round of the ingress. */
  readonly seconds: number;
  /** Requests a second; null: a closed loop. */
  readonly rate: number | null;
  /** The processor delivers in a round. */
  readonly events: number;
  readonly log: 'kafka' | 'inbox';
  readonly cacheDirectory: string;
  readonly say: (line: string) => void;
}

/** One service without telemetry and with it, in turn. */
export interface OffAndOn {
  readonly off: readonly CpuRound[];
  readonly on: readonly CpuRound[];
  /** That the collector never got: what they would have cost is not in the figures. */
  readonly droppedSpans: number;
}

export interface TelemetryFigures {
  readonly version: string;
  /** Of the last minute, before and after. */
  readonly loads: readonly [before: number, after: number];
  /** Requests that the collector answered. */
  readonly batches: number;
  readonly ingress: (OffAndOn & Pick<Series, 'recordsPer200'>) | null;
  readonly processor: OffAndOn | null;
}

type Telemetry = Pick<AcklineOptions, 'env' | 'isNotScraped'>;
const OFF: Telemetry = { isNotScraped: true };

interface Place {
  readonly options: TelemetryBenchOptions;
  readonly session: ProcessorSession;
  /** Its metrics are scraped, and its spans go to a collector that costs it no more than it must. */
  readonly on: Telemetry;
}

/** What traces and scraped metrics cost. The collector and who scrapes are processes of their own, and not in it. */
export async function runTelemetryBench(options: TelemetryBenchOptions): Promise<TelemetryFigures> {
  const has = (part: Part): boolean => options.parts.includes(part);
  const before = load();
  await using stack = new AsyncDisposableStack();
  const session = await openSession({ ...options, rate: options.rate ?? 0, rows: 0 }, stack);
  const collector: NullReceiver = stack.use(await startNullReceiver(session.directory));
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER_ARG: String(TRACED_RATIO) };
  const place: Place = { options, session, on: { env } };
  const measured = async <Rounds>(
    part: Part,
    measure: (place: Place) => Promise<Rounds>,
  ): Promise<Rounds> => {
    const earlier = await collector.count();
    const rounds = await measure(place);
    if ((await collector.count()) === earlier) throw new Error(`the collector got no span of the ${part}`);
    return rounds;
  };
  const ingress = has('ingress') ? await measured('ingress', ingressRounds) : null;
  const processor = has('processor') ? await measured('processor', processorRounds) : null;
  return {
    version: `${commit()}, Node ${process.versions.node}`,
    loads: [before, load()],
    batches: await collector.count(),
    ingress,
    processor,
  };
}

/** Each round in new processes: two of one program differ by more than the rounds of one process do. */
async function ingressRounds({ options, session, on }: Place): Promise<TelemetryFigures['ingress']> {
  const numbers: UpdateNumbers = { next: 1 };
  const off: CpuRound[] = [];
  const withAll: CpuRound[] = [];
  const shares: number[] = [];
  let dropped = 0;
  await using database = await openDatabase();
  const { directory, source } = session;
  const stage = { brokers: source.brokers ?? '', topic: '', databaseUrl: database.url, directory };
  for (let round = 1; round <= options.rounds; round += 1) {
    const { contenders, absentees, stack } = await startContenders(
      [ackline('ingress, off', OFF), ackline('ingress, on', on)],
      { ...options, stage },
    );
    await using _running = stack;
    if (absentees[0] !== undefined) throw new Error(`${absentees[0].name} ${absentees[0].reason}`);
    const what = `${options.rate === null ? 'closed loop' : 'fixed rate'} ${round} of ${options.rounds}`;
    const series = await warmRounds(contenders, { ...loadOf(options, source), what, rounds: 1, numbers });
    off.push(...cpuRounds(series[0]));
    withAll.push(...cpuRounds(series[1]));
    shares.push(...series.flatMap(({ recordsPer200 }) => recordsPer200 ?? []));
    dropped += await droppedSpans(contenders[1]?.running);
  }
  const recordsPer200 = shares.length === 0 ? null : Math.min(...shares);
  return { off, on: withAll, droppedSpans: dropped, recordsPer200 };
}

function loadOf(
  options: TelemetryBenchOptions,
  { brokers }: ProcessorSession['source'],
): Pick<RoundsOptions, 'shape' | 'countRecords' | 'say'> {
  const { rate, say } = options;
  return {
    shape: rate === null ? closedLoopShape(options) : fixedRateShape({ ...options, rate }),
    countRecords: brokers === null ? null : () => countRecords(brokers, EVENTS_TOPIC),
    say,
  };
}

function cpuRounds(series: Series | undefined): CpuRound[] {
  return (series?.rounds ?? []).map(({ ok, seconds, cpuMs }) => ({ events: ok, seconds, cpuMs }));
}

async function processorRounds({ options, session, on }: Place): Promise<OffAndOn> {
  await using receiver = await startNullReceiver(session.directory);
  const range = session.newNumbers(warmUpEvents(options) + options.events);
  const off: CpuRound[] = [];
  const withAll: CpuRound[] = [];
  let dropped = 0;
  const onMeasured = async (running: RunningProgram): Promise<void> => {
    dropped += await droppedSpans(running);
  };
  for (let round = 1; round <= options.rounds; round += 1) {
    const told = `a backlog, round ${round} of ${options.rounds}, processor`;
    await session.source.renew();
    await session.source.offer(range);
    off.push(await deliverBacklog(session, receiver, { ...OFF, range, counts: false }));
    options.say(`${told}, off: ${describe(off.at(-1))}`);
    // An ingress with traces gives each event the place in its own.
    const traced = { ...range, tracedRatio: TRACED_RATIO };
    await session.source.renew();
    await session.source.offer(traced);
    withAll.push(
      await deliverBacklog(session, receiver, { ...on, range: traced, counts: false, onMeasured }),
    );
    options.say(`${told}, on: ${describe(withAll.at(-1))}`);
  }
  return { off, on: withAll, droppedSpans: dropped };
}

async function droppedSpans(running: RunningProgram | undefined): Promise<number> {
  const { origin } = new URL(running?.plan.metricsUrl ?? '');
  return (await scrape(origin)).value(metricTable.traceSpansDropped.name) ?? 0;
}

function load(): number {
  return loadavg()[0] ?? Number.NaN;
}
