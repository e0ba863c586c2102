import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { claimDue, findDue, type ClaimRequest } from '@ackline/store/delivery-claims';
import {
  type DeliveryOutcome,
  type RecordedOutcomes,
  recordOutcomes,
} from '@ackline/store/delivery-outcomes';
import { listPausedDestinations, pauseDestination } from '@ackline/store/destinations';
import { sweepExpiredLeases } from '@ackline/store/expired-leases';
import type { Pool } from 'pg';
import { openClaimed } from '../../../src/delivery/attempting/attempt.ts';
import { createFairTurns, type FairTurns } from '../../../src/delivery/claiming/fair-turns.ts';
import { type AttemptResult, decideOutcome, toRow } from '../../../src/delivery/outcomes/outcome.ts';
import { createOutcomeWriter, type OutcomeWriter } from '../../../src/delivery/outcomes/outcome-writer.ts';
import type { DeliveryDesk, Reservation } from '../../../src/storing/desk.ts';
import { createLaneStorer, type LaneStorer } from '../../../src/storing/lane-storer.ts';
import { answerOf, isDeadly } from './receivers.ts';
import {
  type Attempt,
  BLOCKING,
  destinations,
  LANES,
  noteDeadlock,
  noteFailure,
  ON_PARK,
  openJitteredPool,
  SCHEDULE_MS,
  type World,
} from './world.ts';

const LEASE_MS = 60_000;
const SLOTS = 4;
const CLAIM_BYTES = 16 * 1024 * 1024;
const LOST_ANSWERS = 0.05;

/** One life of a processor: a crash ends it, with its connections, and another begins. */
export interface Processor {
  readonly name: string;
  readonly pool: Pool;
  readonly storer: LaneStorer;
  readonly writer: OutcomeWriter;
  /** Attempts under way. */
  readonly held: Set<Attempt>;
  /** Destinations that it knows to be paused. */
  pauses: ReadonlySet<string>;
  /** By destination. */
  readonly slotsInUse: Map<string, number>;
  readonly turns: FairTurns;
  dead: boolean;
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} } as never;

export function startProcessor(world: World, name: string): Processor {
  const calm = { url: world.url, isCalm: () => world.healed };
  const pool = openJitteredPool(calm, { name, seed: world.upTo(2 ** 31) });
  const processor: Omit<Processor, 'storer' | 'writer'> = {
    name,
    pool,
    held: new Set(),
    pauses: new Set(),
    slotsInUse: new Map(),
    turns: createFairTurns(() => 1),
    dead: false,
  };
  const writer = createOutcomeWriter({
    store: { record: outcomes => record(world, processor, outcomes) },
    log: quiet,
    onPromoted: () => undefined,
    onForgotten: () => undefined, // each route keeps its history
    now: () => (processor.dead ? Number.POSITIVE_INFINITY : 0), // then nothing is tried again
    wait: () => nextTurn(),
  });
  const alive = Object.assign(processor, {
    writer,
    storer: createLaneStorer({
      pool,
      lanes: () => LANES,
      rules: () => ({ ...world.rules.storing, desk: createDesk(world, processor) }),
      listener: {
        stored: () => undefined,
        quarantined: (origin, reason) => world.faults.push(`${origin} is in quarantine: ${reason}`),
        refused: reason => world.faults.push(`PostgreSQL refuses everything: ${reason}`),
      },
    }),
  });
  return alive;
}

/** Sometimes PostgreSQL's answer is lost, and the writer writes the same once more. */
async function record(
  world: World,
  processor: Pick<Processor, 'pool' | 'dead'>,
  outcomes: readonly DeliveryOutcome[],
): Promise<RecordedOutcomes> {
  if (processor.dead) throw new Error('dead');
  try {
    const recorded = await recordOutcomes(processor.pool, outcomes);
    if (!world.healed && world.chance(LOST_ANSWERS)) throw new LostAnswer();
    return recorded;
  } catch (error) {
    if (!(error instanceof LostAnswer)) noteErrorOf(world, processor, { what: 'writing outcomes', error });
    throw error;
  }
}

class LostAnswer extends Error {}

export function noteErrorOf(
  world: World,
  { dead }: Pick<Processor, 'dead'>,
  { what, error }: { what: string; error: unknown },
): void {
  if (dead) noteDeadlock(world, what, error);
  else noteFailure(world, what, error);
}

type Desked = Pick<Processor, 'pauses' | 'slotsInUse' | 'held' | 'dead'>;

function createDesk(world: World, processor: Desked): DeliveryDesk {
  return {
    tryReserve(name) {
      if (processor.dead || processor.pauses.has(name) || freeSlots(processor, name) === 0) return null;
      return reserve(processor, name);
    },
    start(starts) {
      for (const { reservation, delivery, event } of starts) {
        const { id, eventId } = delivery;
        const lease = { leaseId: reservation.leaseId, destination: reservation.destination, tries: 0 };
        const body = Buffer.from(event.body).toString();
        launch(world, processor, { ...lease, delivery: id, eventId, body, inOrder: true });
      }
    },
    wake: () => undefined,
  };
}

const freeSlots = ({ slotsInUse }: Pick<Processor, 'slotsInUse'>, name: string): number =>
  SLOTS - (slotsInUse.get(name) ?? 0);

function takeSlots({ slotsInUse }: Pick<Processor, 'slotsInUse'>, name: string, count: number): void {
  slotsInUse.set(name, (slotsInUse.get(name) ?? 0) + count);
}

function reserve(processor: Pick<Processor, 'slotsInUse'>, destination: string): Reservation {
  takeSlots(processor, destination, 1);
  let open = true;
  const giveBack = () => {
    if (open) takeSlots(processor, destination, -1);
    open = false;
  };
  const leaseId = randomUUID();
  return {
    destination,
    leaseId,
    leaseMs: LEASE_MS,
    leaseEndsAt: 0,
    lendRoom() {},
    begin: () => Promise.resolve(true),
    finish: giveBack,
    giveBack,
    giveBackUnheard: giveBack,
  };
}

type Launch = Pick<
  Attempt,
  'delivery' | 'leaseId' | 'eventId' | 'destination' | 'tries' | 'body' | 'inOrder'
>;

/** The slot is taken already. One whose lease has no time left is not made (D3), and a dead process makes none. */
function launch(world: World, processor: Desked, start: Launch): void {
  if (processor.dead || world.lapsed.has(`${start.delivery} ${start.leaseId}`)) {
    takeSlots(processor, start.destination, -1);
    return;
  }
  const startedAt = world.tick();
  const attempt: Attempt = {
    ...start,
    at: new Date(startedAt).toISOString(),
    startedAt,
    endedAt: null,
    answeredOk: false,
  };
  world.attempts.push(attempt);
  processor.held.add(attempt);
}

/** Claims what is due at a destination, for the slots that are free there. */
export async function claim(world: World, processor: Processor, destination: string): Promise<void> {
  const slots = Math.min(freeSlots(processor, destination), 1 + world.upTo(SLOTS));
  if (processor.pauses.has(destination) || slots === 0) return;
  takeSlots(processor, destination, slots);
  let used = 0;
  try {
    const due = await findDue(processor.pool, [destination]);
    const request = { destination, leaseMs: LEASE_MS, maxBytes: CLAIM_BYTES };
    const wishes: ClaimRequest['from'][] = due.replays.length > 0 ? ['replays'] : [];
    if (due.flows.length > 0) wishes.unshift(processor.turns.plan(due.flows, slots, () => true));
    for (const from of wishes) {
      if (used === slots) break;
      const leaseId = randomUUID();
      const rows = await claimDue(processor.pool, { ...request, limit: slots - used, leaseId, from });
      const blocking = await whichBlock(
        processor.pool,
        rows.filter(row => row.replay),
      );
      for (const row of rows) {
        used += 1;
        const { id, eventId, tries, replay } = row;
        const body = Buffer.from(openClaimed(row).body).toString();
        const inOrder = !replay || blocking.has(id);
        launch(world, processor, { delivery: id, leaseId, eventId, destination, tries, body, inOrder });
      }
    }
  } catch (error) {
    noteErrorOf(world, processor, { what: 'claiming', error });
  } finally {
    takeSlots(processor, destination, used - slots);
  }
}

/** A replay that blocks its key has its old place in the order; that does not change while it is leased. */
async function whichBlock(pool: Pool, rows: readonly { id: string }[]): Promise<ReadonlySet<string>> {
  if (rows.length === 0) return new Set();
  const found = await pool.query<{ id: string }>(
    'select id from deliveries where id = any($1::uuid[]) and blocks',
    [rows.map(row => row.id)],
  );
  return new Set(found.rows.map(row => row.id));
}

/** Some attempts get their answers, and the outcomes are written. */
export async function finishSome(world: World, processor: Processor, most: number): Promise<void> {
  const answered = [...processor.held].filter(attempt => !isDeadly(attempt)).slice(0, most);
  for (const attempt of answered) {
    if (!processor.held.has(attempt)) continue; // it ended while a pause was noted
    const isGone = settle(world, processor, { attempt, result: answerOf(world, attempt) });
    if (isGone) await pause(world, processor, attempt.destination);
  }
  await processor.writer.flush();
}

/** Whether the destination is gone. */
function settle(
  world: World,
  processor: Processor,
  { attempt, result }: { attempt: Attempt; result: AttemptResult },
): boolean {
  const outcome = decideOutcome(result, attempt.tries, {
    retry: { scheduleMs: SCHEDULE_MS, jitter: 'none' },
    random: world.random,
  });
  attempt.endedAt ??= world.tick();
  attempt.answeredOk = outcome.kind === 'delivered';
  processor.held.delete(attempt);
  takeSlots(processor, attempt.destination, -1);
  const { delivery: id, leaseId, eventId, destination } = attempt;
  const onPark = BLOCKING.includes(destination) ? 'block' : 'continue';
  const delivery = { id, leaseId, eventId };
  const startedAt = new Date(attempt.at);
  processor.writer.write(toRow({ delivery, result, outcome, startedAt, ms: 1, onPark }), {
    leaseEndsAt: 1,
    awaited: true,
  });
  return outcome.kind === 'hold' && outcome.reason === 'gone';
}

async function pause(world: World, processor: Processor, destination: string): Promise<void> {
  processor.pauses = processor.pauses.union(new Set([destination]));
  await pauseDestination(processor.pool, destination, { reason: '410', actor: processor.name }).catch(
    (error: unknown) => noteErrorOf(world, processor, { what: 'pausing', error }),
  );
}

/** SIGTERM: what is in flight is aborted and given back. */
export async function giveBack(world: World, processor: Processor): Promise<void> {
  for (const attempt of processor.held) {
    settle(world, processor, { attempt, result: { kind: 'error', errorClass: 'aborted' } });
  }
  await processor.writer.flush();
}

/** kill -9: its requests and its connections break wherever they are. */
export async function kill(world: World, processor: Processor): Promise<void> {
  processor.dead = true;
  const endedAt = world.tick();
  for (const attempt of processor.held) attempt.endedAt ??= endedAt;
  processor.held.clear();
  await world.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = $1`,
    [`interleavings-${processor.name}`],
  );
}

/** Attempts that never end take their processes down, or hang them. */
export function loseDeadly(world: World, processor: Processor): void {
  for (const attempt of [...processor.held].filter(isDeadly)) {
    attempt.endedAt ??= world.tick();
    processor.held.delete(attempt);
    takeSlots(processor, attempt.destination, -1);
  }
}

/** As its heartbeat does. */
export async function learnPauses(world: World, processor: Processor): Promise<void> {
  try {
    const paused = await listPausedDestinations(processor.pool);
    processor.pauses = new Set(paused.map(({ name }) => name));
  } catch (error) {
    noteErrorOf(world, processor, { what: 'learning pauses', error });
  }
}

export async function sweep(world: World, processor: Processor): Promise<void> {
  try {
    await sweepExpiredLeases(processor.pool, ON_PARK);
  } catch (error) {
    noteErrorOf(world, processor, { what: 'sweeping', error });
  }
}

export const names = destinations.map(({ name }) => name);
