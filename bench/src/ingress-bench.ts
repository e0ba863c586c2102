import { ackline } from './ackline.ts';
import { countRecords } from './kafka-records.ts';
import { fullBuffer, type FullBuffer, kafkaDead, type KafkaDead } from './fault-parts.ts';
import { peers } from './peers.ts';
import type { Program } from './program.ts';
import { type Absentee, type Contender, interleavedRounds, type Series, startContenders } from './rounds.ts';
import {
  ACKLINE,
  fixedRateShape,
  openSession,
  PEERS_TOPIC,
  type Session,
  type SessionOptions,
  WARM_UP_MS,
} from './session.ts';
import { USUAL_BODY_BYTES } from './wire-request.ts';

/** What `--parts` can choose from, in the order in which they run. */
export const PARTS = ['fixed-rate', 'closed-loop', 'processes', 'full-buffer', 'kafka-dead'] as const;
export type Part = (typeof PARTS)[number];

/** Of the ingress; a record there is an event that it acked. */
const ACKLINE_TOPIC = 'ackline.events.v1';
export const CLOSED_LOOP_CONNECTIONS = 64;
/** Compilers and caches of all programs are warm by then. */
const FIRST_WARM_UP_MS = 5_000;

export interface IngressBenchOptions extends SessionOptions {
  readonly parts: readonly Part[];
  /** Names of programs; null: all. */
  readonly only: readonly string[] | null;
}

export interface IngressFigures {
  readonly contenders: readonly Pick<Contender, 'name' | 'meaning' | 'version'>[];
  readonly absentees: readonly Absentee[];
  readonly fixedRate: readonly Series[] | null;
  readonly closedLoop: readonly Series[] | null;
  /** One process without a parent, and INGRESS_PROCESSES=2. */
  readonly processes: readonly Series[] | null;
  readonly fullBuffer: FullBuffer | null;
  readonly kafkaDead: KafkaDead | null;
}

export const allPrograms: readonly Program[] = [ackline(ACKLINE), ...peers];

/** The whole comparison on one Kafka and one PostgreSQL. */
export async function runIngressBench(options: IngressBenchOptions): Promise<IngressFigures> {
  await using stack = new AsyncDisposableStack();
  const session = await openSession(options, stack);
  const programs = allPrograms.filter(({ name }) => options.only?.includes(name) ?? true);
  const has = (part: Part): boolean => options.parts.includes(part);

  const started = await startContenders(programs, { ...options, stage: session.stage });
  let fixedRate: Series[] | null = null;
  let closedLoop: Series[] | null = null;
  {
    await using _running = started.stack;
    // Memory at the fixed rate is that of processes which have seen no more than it.
    if (has('fixed-rate')) fixedRate = await fixedRateRounds(session, started.contenders, 'fixed rate');
    if (has('closed-loop')) closedLoop = await closedLoopRounds(session, started.contenders);
  }
  const durable = programs.filter(
    ({ name, meaning }) => meaning.durable && started.contenders.some(each => each.name === name),
  );
  return {
    contenders: started.contenders,
    absentees: started.absentees,
    fixedRate,
    closedLoop,
    processes: has('processes') ? await processesRounds(session) : null,
    fullBuffer: has('full-buffer') ? await fullBuffer(session) : null,
    kafkaDead: has('kafka-dead') ? await kafkaDead(session, durable) : null,
  };
}

async function fixedRateRounds(
  session: Session,
  contenders: readonly Contender[],
  what: string,
): Promise<Series[]> {
  const { options, numbers } = session;
  const shape = fixedRateShape(options);
  const common = { numbers, say: options.say };
  await interleavedRounds(contenders, {
    ...common,
    what: `${what}, warm-up`,
    rounds: 1,
    shape: { ...shape, measureMs: Math.min(FIRST_WARM_UP_MS, shape.measureMs) },
    countRecords: null,
  });
  const countRecordsOf = recordCounter(session);
  return interleavedRounds(contenders, {
    ...common,
    what,
    rounds: options.rounds,
    shape,
    countRecords: countRecordsOf,
  });
}

async function closedLoopRounds(session: Session, contenders: readonly Contender[]): Promise<Series[]> {
  const { options, numbers } = session;
  const shape = {
    connections: CLOSED_LOOP_CONNECTIONS,
    bodyBytes: USUAL_BODY_BYTES,
    warmUpMs: WARM_UP_MS,
    measureMs: options.seconds * 1_000,
    ratePerS: null,
  };
  const common = { numbers, say: options.say };
  await interleavedRounds(contenders, {
    ...common,
    what: 'closed loop, warm-up',
    rounds: 1,
    shape: { ...shape, measureMs: Math.min(FIRST_WARM_UP_MS, shape.measureMs) },
    countRecords: null,
  });
  return interleavedRounds(contenders, {
    ...common,
    what: 'closed loop',
    rounds: options.rounds,
    shape,
    countRecords: recordCounter(session),
  });
}

function recordCounter({ kafka }: Session): (contender: Contender) => Promise<number> {
  return ({ name }) => countRecords(kafka.brokers, name.startsWith(ACKLINE) ? ACKLINE_TOPIC : PEERS_TOPIC);
}

/** The same rate on one process and on two. */
async function processesRounds(session: Session): Promise<Series[]> {
  const variants = [
    ackline(`${ACKLINE}, one process`),
    ackline(`${ACKLINE}, INGRESS_PROCESSES=2`, { env: { INGRESS_PROCESSES: '2' } }),
  ];
  const { contenders, stack } = await startContenders(variants, {
    ...session.options,
    stage: session.stage,
  });
  await using _running = stack;
  return fixedRateRounds(session, contenders, 'processes');
}
