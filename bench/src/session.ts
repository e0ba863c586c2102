import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KafkaContainer, startKafka } from '@ackline/testkit/containers';
import { createTestDatabase } from '@ackline/testkit/database';
import { createTopic } from './kafka-records.ts';
import type { LoadShape, UpdateNumbers } from './load-run.ts';
import type { Stage } from './program.ts';
import type { Say } from './rounds.ts';
import { USUAL_BODY_BYTES } from './wire-request.ts';

export const ACKLINE = 'Ackline';
export const PEERS_TOPIC = 'bench.peers';
/** More than can be under way at the rate within the longest answer time that still counts as one. */
const FIXED_RATE_CONNECTIONS = 256;
export const CLOSED_LOOP_CONNECTIONS = 64;
/** In every round, for what went cold while the others had theirs. */
const WARM_UP_MS = 1_000;

export interface SessionOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Requests a second of the parts with a fixed rate. */
  readonly rate: number;
  readonly cacheDirectory: string;
  readonly say: Say;
}

/** One Kafka and one PostgreSQL for all that is measured. */
export interface Session {
  readonly options: SessionOptions;
  readonly stage: Stage;
  readonly kafka: KafkaContainer;
  readonly numbers: UpdateNumbers;
}

/** The stack gets what has to be closed. */
export async function openSession(options: SessionOptions, stack: AsyncDisposableStack): Promise<Session> {
  options.say('starting Kafka and PostgreSQL');
  const directory = await mkdtemp(join(tmpdir(), 'ackline-bench-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const database = await createTestDatabase();
  stack.defer(() => database.close());
  const kafka = stack.use(await startKafka());
  await createTopic(kafka.brokers, PEERS_TOPIC);
  const stage = { brokers: kafka.brokers, topic: PEERS_TOPIC, databaseUrl: database.url, directory };
  return { options, stage, kafka, numbers: { next: 1 } };
}

export function fixedRateShape(options: Pick<SessionOptions, 'rate' | 'seconds'>): LoadShape {
  return {
    connections: FIXED_RATE_CONNECTIONS,
    bodyBytes: USUAL_BODY_BYTES,
    warmUpMs: WARM_UP_MS,
    measureMs: options.seconds * 1_000,
    ratePerS: options.rate,
  };
}

export function closedLoopShape(options: Pick<SessionOptions, 'seconds'>): LoadShape {
  return {
    connections: CLOSED_LOOP_CONNECTIONS,
    bodyBytes: USUAL_BODY_BYTES,
    warmUpMs: WARM_UP_MS,
    measureMs: options.seconds * 1_000,
    ratePerS: null,
  };
}
