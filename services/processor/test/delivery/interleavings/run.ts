import { ensureLanes } from '@ackline/store/lanes';
import type { Pool } from 'pg';
import { arrive, reassign, type Reading, routeLate, storeInbox, storeLate, storeNext } from './arrivals.ts';
import { checkKeys, checkRun } from './checks.ts';
import { discard, discardOne, discardOneCause, pauseOne, replay, replayOne, resumeAll } from './people.ts';
import {
  claim,
  finishSome,
  giveBack,
  kill,
  learnPauses,
  loseDeadly,
  names,
  type Processor,
  startProcessor,
  sweep,
} from './processors.ts';
import { holdHead, letLeasesLapse, letTimePass } from './time.ts';
import { createWorld, LANES, noteFailure, type World } from './world.ts';

const PROCESSORS = 3;
const MOST_STORED = 5;
const MOST_ANSWERS = 6;
/** A key's rows go one after the other, the deadly ones need ten rounds: what takes longer hangs. */
const DRAIN_ROUNDS = 300;
const TURNS_A_ROUND = 6;

export interface RunOptions {
  readonly url: string;
  readonly seed: number;
  readonly steps: number;
}

export interface RunResult {
  /** What did not hold; empty: all did. */
  readonly broken: readonly string[];
  readonly events: number;
  readonly sends: number;
  readonly slow: number;
}

/** The processors of a run and who reads which lane, as they are now. */
interface Cast {
  readonly processors: Processor[];
  readonly readings: Reading[];
  readonly ended: Processor[];
  lives: number;
}

const TABLES = `lanes, inbox, event_keys, events, unrouted_events, deliveries, finished_deliveries, paused_destinations, audit`;

/** One run: so many steps, two to six of them at once; then all that is left is brought to its end, and counted. */
export async function runInterleavings({ url, seed, steps }: RunOptions): Promise<RunResult> {
  const world = createWorld(url, seed);
  const cast: Cast = { processors: [], readings: [], ended: [], lives: 0 };
  try {
    await world.pool.query(`truncate ${TABLES}`);
    await ensureLanes(world.pool, LANES);
    for (let n = 0; n < PROCESSORS; n++) cast.processors.push(nextLife(world, cast));
    for (let lane = 0; lane < LANES; lane++) await moveLane(world, cast, lane);
    await takeSteps(world, cast, steps);
    if (world.faults.length === 0) {
      await drain(world, cast);
      world.faults.push(...(await checkRun(world)));
    }
    const broken = [...new Set(world.faults)];
    return { broken, events: world.accepted.size, sends: world.attempts.length, slow: world.slow };
  } finally {
    const pools: readonly Pool[] = [...cast.ended, ...cast.processors].map(({ pool }) => pool);
    await Promise.all([...pools, world.pool].map(pool => pool.end()));
  }
}

function nextLife(world: World, cast: Cast): Processor {
  cast.lives += 1;
  return startProcessor(world, `processor-${cast.lives}`);
}

async function takeSteps(world: World, cast: Cast, steps: number): Promise<void> {
  const underWay = new Set<Promise<void>>();
  for (let step = 0; step < steps; step++) {
    const together = 2 + world.upTo(5);
    while (underWay.size >= together) await Promise.race(underWay);
    const taking = takeStep(world, cast)
      .catch((error: unknown) => noteFailure(world, 'a step', error))
      .finally(() => underWay.delete(taking));
    underWay.add(taking);
  }
  await Promise.all(underWay);
}

type Step = (world: World, cast: Cast) => Promise<unknown>;

const one = (world: World, cast: Cast): Processor => world.pick(cast.processors) ?? cast.processors[0]!;

/** How often each kind of step is taken, of the sum of all. */
const STEPS: readonly (readonly [number, Step])[] = [
  [12, arrive],
  [16, (world, cast) => storeNext(world, cast.readings[world.upTo(LANES)]!, MOST_STORED)],
  [3, (world, cast) => storeLate(world, one(world, cast))],
  [4, (world, cast) => moveLane(world, cast, world.upTo(LANES))],
  [4, (world, cast) => storeInbox(world, one(world, cast))],
  [2, (world, cast) => routeLate(world, one(world, cast))],
  [20, (world, cast) => claim(world, one(world, cast), world.pick(names) ?? 'go')],
  [24, (world, cast) => finishSome(world, one(world, cast), 1 + world.upTo(MOST_ANSWERS))],
  [2, crash],
  [1, (world, cast) => giveBack(world, one(world, cast))],
  [8, world => letLeasesLapse(world, 0.4)],
  [6, (world, cast) => sweep(world, one(world, cast))],
  [5, letTimePass],
  [8, holdHead],
  [6, replayOne],
  [3, discardOne],
  [1, discardOneCause],
  [1, pauseOne],
  [3, resumeAll],
  [4, (world, cast) => learnPauses(world, one(world, cast))],
  [4, look],
];
const ALL_STEPS = STEPS.flatMap(([weight, step]) => Array<Step>(weight).fill(step));

async function takeStep(world: World, cast: Cast): Promise<void> {
  await (world.pick(ALL_STEPS) ?? look)(world, cast);
}

/** What is committed holds at any moment, whatever is under way. */
async function look(world: World): Promise<void> {
  world.faults.push(...(await checkKeys(world.pool)));
}

/** Until somebody has it who lives. */
async function moveLane(world: World, cast: Cast, lane: number): Promise<void> {
  const reading = await reassign(world, lane, one(world, cast));
  if (reading !== null && !reading.processor.dead) cast.readings[lane] = reading;
  else if (world.faults.length === 0) await moveLane(world, cast, lane);
}

/** A processor dies with all that it has; another takes its place, and its lanes go to whoever. */
async function crash(world: World, cast: Cast): Promise<void> {
  const index = world.upTo(PROCESSORS);
  const dying = cast.processors[index];
  if (dying === undefined || dying.dead) return;
  cast.ended.push(dying);
  cast.processors[index] = nextLife(world, cast);
  await kill(world, dying);
  for (let lane = 0; lane < LANES; lane++) {
    if (cast.readings[lane]?.processor.dead === true) await moveLane(world, cast, lane);
  }
}

/** Receivers are well again, nobody is killed, people look after what blocks: everything comes to its end. */
async function drain(world: World, cast: Cast): Promise<void> {
  world.healed = true;
  for (let round = 0; round < DRAIN_ROUNDS && world.faults.length === 0; round++) {
    await resumeAll(world);
    await Promise.all(cast.processors.map(processor => drainOf(world, cast, processor)));
    await letLeasesLapse(world, 0);
    await Promise.all([...cast.processors.map(processor => sweep(world, processor)), letTimePass(world)]);
    if ((await freeBlocked(world)) === 0 && (await isDrained(world, cast))) return;
  }
  if (world.faults.length === 0)
    world.faults.push(`it does not come to an end: ${JSON.stringify(await unfinished(world))}`);
}

async function drainOf(world: World, cast: Cast, processor: Processor): Promise<void> {
  await learnPauses(world, processor);
  await Promise.all([
    storeInbox(world, processor),
    routeLate(world, processor),
    ...cast.readings
      .filter(reading => reading.processor === processor)
      .map(reading => storeNext(world, reading, 50)),
  ]);
  for (let turn = 0; turn < TURNS_A_ROUND; turn++) {
    await finishSome(world, processor, 50);
    await claim(world, processor, world.pick(names) ?? 'go');
  }
  loseDeadly(world, processor);
  await finishSome(world, processor, 50);
}

/** Each parked delivery that blocks its key is replayed or discarded. Returns how many there were. */
async function freeBlocked(world: World): Promise<number> {
  const { rows } = await world.pool.query<{ id: string }>(
    "select id from deliveries where state = 'parked' and blocks order by id",
  );
  await Promise.all(rows.map(({ id }) => (world.chance(0.7) ? discard(world, id) : replay(world, id))));
  return rows.length;
}

async function unfinished(world: World): Promise<Record<string, number>> {
  const { rows } = await world.pool.query<{ what: string; count: number }>(
    `select what, count(*)::int as count from (
       select destination || ' ' || state as what from deliveries where state <> 'parked'
       union all select 'inbox' from inbox
       union all select 'unrouted' from unrouted_events) left_over group by what`,
  );
  return Object.fromEntries(rows.map(({ what, count }) => [what, count]));
}

async function isDrained(world: World, cast: Cast): Promise<boolean> {
  const isStored = cast.readings.every(({ lane, position }) => position >= world.lanes[lane]!.events.length);
  return isStored && Object.keys(await unfinished(world)).length === 0;
}
