import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPool } from '@ackline/store/pool';
import { startKafka } from '@ackline/testkit/containers';
import { createTestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import type { Say } from '../rounds.ts';
import { type EventSource, inboxSource, kafkaSource } from './event-source.ts';
import type { NumberRange } from './sample-events.ts';

export interface ProcessorBenchOptions {
  readonly rounds: number;
  /** Measured in a round. */
  readonly events: number;
  /** Of the rounds at a fixed rate. */
  readonly seconds: number;
  /** Events a second of those. */
  readonly rate: number;
  /** Parked and scheduled deliveries of the million's part. */
  readonly rows: number;
  readonly log: 'kafka' | 'inbox';
  readonly say: Say;
}

/** One PostgreSQL, and one Kafka or none, for all that is measured. */
export interface ProcessorSession {
  readonly options: ProcessorBenchOptions;
  readonly source: EventSource;
  readonly directory: string;
  /** Numbers that no event of the session has had. */
  newNumbers(count: number): NumberRange;
}

/** Of the events before those that are measured: compilers and caches are warm then. */
const WARM_UP_PART = 0.25;
/** Making a million rows takes minutes. */
const WORK_LIMIT_MS = 1_800_000;

/** The stack gets what has to be closed. */
export async function openSession(
  options: ProcessorBenchOptions,
  stack: AsyncDisposableStack,
): Promise<ProcessorSession> {
  const directory = await mkdtemp(join(tmpdir(), 'ackline-bench-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  options.say(options.log === 'kafka' ? 'starting Kafka and PostgreSQL' : 'starting PostgreSQL');
  // Held to the end, so that the server stays while databases come and go.
  const first = await createTestDatabase();
  stack.defer(() => first.close());
  const source = options.log === 'kafka' ? kafkaSource(stack.use(await startKafka()).brokers) : inboxSource();
  let next = 1;
  return {
    options,
    source,
    directory,
    newNumbers(count) {
      const range = { first: next, count };
      next += count;
      return range;
    },
  };
}

export function warmUpEvents({ events }: Pick<ProcessorBenchOptions, 'events'>): number {
  return Math.ceil(events * WARM_UP_PART);
}

/** A database of its own, and a pool for the bench itself. */
export interface BenchDatabase extends AsyncDisposable {
  readonly url: string;
  readonly pool: Pool;
}

export async function openDatabase(): Promise<BenchDatabase> {
  const database = await createTestDatabase();
  const pool = createPool({
    connectionString: database.url,
    applicationName: 'ackline-bench',
    max: 2,
    limitMs: WORK_LIMIT_MS,
    onError: () => undefined,
  });
  return {
    url: database.url,
    pool,
    async [Symbol.asyncDispose]() {
      await pool.end();
      await database.close();
    },
  };
}
