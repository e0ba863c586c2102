import type { DestinationConfig, RouteConfig } from '@ackline/shared/config/types';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { createPool } from '@ackline/store/pool';
import type { Pool } from 'pg';
import { createRules, type Rules } from '../../../src/rules.ts';
import { destinationConfig, routeConfig, sourceConfig } from '../../configs.ts';
import { seededRandom } from '../../seeded-random.ts';
import { jitter } from './jitter.ts';

export const LANES = 3;
/** Two retries: three outcomes use the schedule up. */
export const SCHEDULE_MS = [0, 1];
/** Its events are stored before the storers know it. The order of these is not promised. */
export const LATE_SOURCE = 'late';

/** One request to a destination, from the moment in which its process knows of the lease. */
export interface Attempt {
  /** Its record's time: names it among the attempts that PostgreSQL keeps. */
  readonly at: string;
  readonly delivery: string;
  readonly leaseId: string;
  readonly eventId: string;
  readonly destination: string;
  readonly tries: number;
  readonly body: string;
  /** False: a replay that takes no place in the order. */
  readonly inOrder: boolean;
  /** By the clock of the world, which counts what happens. */
  readonly startedAt: number;
  /** Its answer was there, its process was lost, or its lease was about to end. */
  endedAt: number | null;
  answeredOk: boolean;
}

/** What is kept of a lane's log: an offset is an index. */
export interface LaneLog {
  readonly events: EventEnvelope[];
  /** Batches that somebody was given, the newest last. */
  readonly handedOver: { readonly from: number; readonly to: number }[];
}

/** All that one run knows, beside what PostgreSQL does. */
export interface World {
  readonly seed: number;
  readonly random: () => number;
  readonly url: string;
  /** The people's, and the test's own. */
  readonly pool: Pool;
  /** What the storers know, and all that is configured. */
  readonly rules: { readonly storing: Rules; readonly all: Rules };
  readonly lanes: readonly LaneLog[];
  /** Every event that a log has acknowledged, by its dedup key: repeats have the same. */
  readonly accepted: Map<string, EventEnvelope>;
  /** What came, by the event's id. */
  readonly bodies: Map<string, string>;
  readonly attempts: Attempt[];
  /** Leases whose time was over: `<delivery> <lease>`. */
  readonly lapsed: Set<string>;
  readonly replays: Map<string, number>;
  /** Of a delivery, or of a destination's cause: then which ones is not known. */
  readonly discards: { readonly of: string; readonly count: number; readonly calledAt: number }[];
  readonly faults: string[];
  /** How often a limit of time was met: a busy machine, not a fault. */
  slow: number;
  /** From here on receivers answer 200, and nobody dies. */
  healed: boolean;
  tick(): number;
  chance(probability: number): boolean;
  /** A whole number from 0 to below `limit`. */
  upTo(limit: number): number;
  pick<T>(list: readonly T[]): T | undefined;
}

export const destinations: readonly DestinationConfig[] = [
  { name: 'go', ordering: 'key', onPark: 'continue' } as const,
  { name: 'stop', ordering: 'key', onPark: 'block' } as const,
  { name: 'loose', ordering: 'none', onPark: 'continue' } as const,
].map(known => destinationConfig({ ...known, retry: { scheduleMs: SCHEDULE_MS, jitter: 'none' } }));
const namesOf = (onPark: 'block' | 'continue') =>
  destinations.filter(d => d.onPark === onPark).map(d => d.name);
export const BLOCKING = namesOf('block');
export const ON_PARK = { block: BLOCKING, continue: namesOf('continue') };

const route = (name: string, type: string | null, destination: string): RouteConfig =>
  routeConfig({ name, match: { source: null, type, tenant: null, where: null }, destination });

/** A message goes to two destinations, an edit to three and twice to one of them, a note to one, a ping to none. */
const routes = [
  route('messages-go', 'message', 'go'),
  route('messages-stop', 'message', 'stop'),
  route('edits-go', 'edit', 'go'),
  route('edits-go-again', 'edit', 'go'),
  route('edits-stop', 'edit', 'stop'),
  route('edits-loose', 'edit', 'loose'),
  route('notes-stop', 'note', 'stop'),
];
export const TYPES = ['message', 'message', 'message', 'edit', 'note', 'ping'];

const sources = [sourceConfig(), sourceConfig({ name: LATE_SOURCE, path: '/webhook/late' })];

export function createWorld(url: string, seed: number): World {
  const random = seededRandom(seed);
  let now = 0;
  const upTo = (limit: number) => Math.floor(random() * limit);
  const world: World = {
    seed,
    random,
    url,
    pool: openJitteredPool({ url, isCalm: () => world.healed }, { name: 'people', seed }),
    rules: {
      storing: createRules({ sources: sources.slice(0, 1), tenants: [], routes, destinations }),
      all: createRules({ sources, tenants: [], routes, destinations }),
    },
    lanes: Array.from({ length: LANES }, () => ({ events: [], handedOver: [] })),
    accepted: new Map(),
    bodies: new Map(),
    attempts: [],
    lapsed: new Set(),
    replays: new Map(),
    discards: [],
    faults: [],
    slow: 0,
    healed: false,
    tick: () => ++now,
    chance: probability => random() < probability,
    upTo,
    pick: list => list[upTo(list.length)],
  };
  return world;
}

export function openJitteredPool(
  { url, isCalm }: { readonly url: string; readonly isCalm: () => boolean },
  { name, seed }: { readonly name: string; readonly seed: number },
): Pool {
  const pool = createPool({
    connectionString: url,
    applicationName: `interleavings-${name}`,
    max: 5,
    onError: () => undefined,
  });
  const random = seededRandom(seed ^ 0x5eed);
  jitter(pool, () => (isCalm() ? 1 : random()));
  return pool;
}

const SLOW = /^(?:55P03|57014)$|timeout/i;

/** Errors of a living process: none is expected, but for those of a machine that is too busy. */
export function noteFailure(world: World, what: string, error: unknown): void {
  const all = causesOf(error);
  if (
    !all.some(({ code }) => code === '40P01') &&
    all.some(({ code, message }) => SLOW.test(code) || SLOW.test(message))
  ) {
    world.slow += 1;
    return;
  }
  world.faults.push(`${what}: ${all.map(({ code, message }) => `${code} ${message}`).join(' < ')}`);
}

/** Of a process that was killed meanwhile only this can be somebody else's fault. */
export function noteDeadlock(world: World, what: string, error: unknown): void {
  if (causesOf(error).some(({ code }) => code === '40P01')) world.faults.push(`${what}: deadlock`);
}

function causesOf(error: unknown): { code: string; message: string }[] {
  const found: { code: string; message: string }[] = [];
  for (let next = error; next instanceof Error; next = next.cause) {
    found.push({ code: 'code' in next ? String(next.code) : next.name, message: next.message });
  }
  return found;
}
