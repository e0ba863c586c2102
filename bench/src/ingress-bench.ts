import { ackline } from './ackline.ts';
import type { LoadShape } from './load-run.ts';
import { countRecords } from './kafka-records.ts';
import { fullBuffer, type FullBuffer, kafkaDead, type KafkaDead } from './fault-parts.ts';
import { peers } from './peers.ts';
import { type Profile, profileAckline } from './profile-part.ts';
import type { Program } from './program.ts';
import { type Absentee, type Contender, type Series, startContenders, warmRounds } from './rounds.ts';
import {
  ACKLINE,
  closedLoopShape,
  fixedRateShape,
  openSession,
  PEERS_TOPIC,
  type Session,
  type SessionOptions,
} from './session.ts';

/** What `--parts` can choose from, in the order in which they run. */
export const PARTS = [
  'fixed-rate',
  'closed-loop',
  'processes',
  'full-buffer',
  'profile',
  'kafka-dead',
] as const;
export type Part = (typeof PARTS)[number];

/** Of the ingress; a record there is an event that it acked. */
const ACKLINE_TOPIC = 'ackline.events.v1';

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
  readonly profile: Profile | null;
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
    if (has('fixed-rate'))
      fixedRate = await measured(session, started.contenders, {
        what: 'fixed rate',
        shape: fixedRateShape(options),
      });
    if (has('closed-loop'))
      closedLoop = await measured(session, started.contenders, {
        what: 'closed loop',
        shape: closedLoopShape(options),
      });
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
    profile: has('profile') ? await profileAckline(session) : null,
    kafkaDead: has('kafka-dead') ? await kafkaDead(session, durable) : null,
  };
}

function measured(
  session: Session,
  contenders: readonly Contender[],
  how: { readonly what: string; readonly shape: LoadShape },
): Promise<Series[]> {
  const { options, numbers } = session;
  const { rounds, say } = options;
  return warmRounds(contenders, { ...how, rounds, numbers, say, countRecords: recordCounter(session) });
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
  return await measured(session, contenders, { what: 'processes', shape: fixedRateShape(session.options) });
}
