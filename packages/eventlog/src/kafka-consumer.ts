import { AppError } from '@ackline/shared/app-error';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import type { LaneOffset } from '@ackline/store/lanes';
import { type Consumer, Kafka, logLevel } from 'kafkajs';
import { KAFKA_CLIENT_ID } from './kafka-client.ts';
import { type KafkaCluster, kafkajsOptions } from './kafka-cluster.ts';
import { kafkaFault } from './kafka-faults.ts';
import { EVENTS_TOPIC } from './kafka-topic.ts';
import type { LaneBatch } from './lane-batch.ts';
import { createLanePositions, type LanePositions } from './lane-positions.ts';
import { createLaneProgress, type LaneProgress } from './lane-progress.ts';
import { type BatchContext, HEARTBEAT_MS, type Pending, readBatch } from './read-batch.ts';
import { createWatermarks, type Watermarks } from './watermarks.ts';

export type { KafkaRecord, LaneBatch } from './lane-batch.ts';

/**
 * Reads the lanes (partitions) that the group gives to this process and hands their records over in order.
 *
 * C1. An offset is committed to Kafka only after `storeLane` resolved for all records before it. A commit that fails is only
 *     logged: PostgreSQL's offset, written by `storeLane`, is the truth.
 * C2. At every assignment each lane starts where PostgreSQL says; until that is known nothing of it is handed over.
 * C3. Each batch begins exactly where the one before it ended. A batch that does not (the client moved by itself) is dropped
 *     and the lane is positioned anew: nothing is skipped by comparing offsets.
 * C4. What was fetched under an earlier assignment is neither resolved nor committed.
 * C5. A failing `storeLane` stops its own lane only: its offset stays, and it is tried again after a bounded backoff.
 * C6. The group hears a heartbeat while a batch is stored.
 * C7. A batch handed over is bounded in records and bytes (lane-batch.ts).
 * C8. Any end that was not asked for makes `run` throw, so that the supervisor starts the consumer again. A group whose
 *     coordinator is still loading is one: the client does not try again by itself.
 * C9. When asked to end, the batch in hand is finished and committed, and the group is left.
 * C10. PostgreSQL's offset that is behind what it was seen to be (a failover to a server that lacks the last commits, a power loss
 *     without fsync) starts the lane there anew: what was stored of it and is gone is in Kafka still. No batch is stored behind
 *     such a gap, and a lane that nothing comes for is looked at all the same.
 */
export interface KafkaConsumer extends Component {
  snapshot(): KafkaConsumerSnapshot;
}

export interface KafkaConsumerSnapshot {
  readonly state: 'stopped' | 'joining' | 'reading';
  readonly lanes: readonly number[];
  /** Lanes whose last batch could not be stored. */
  readonly retrying: readonly number[];
  /** Records of this process's lanes that are not stored yet, as of the last fetch of each. */
  readonly lag: number;
  /** When the first of them was appended, in epoch milliseconds, as far as it is known; null: there is none. */
  readonly lagSince: number | null;
  /** As `lagSince`, without lanes of which nothing was stored for minutes. */
  readonly movingSince: number | null;
  /** Records read and not committed, and the bytes of their values. */
  readonly pending: Readonly<Pending>;
  readonly stored: number;
}

export interface KafkaConsumerOptions extends KafkaCluster {
  readonly topic: { readonly topicId: string; readonly partitions: number; readonly name?: string };
  /** Lanes stored at a time: each takes a connection of the pool that deliveries use too. */
  readonly lanesAtATime: number;
  /** Where each lane of the topic with this id stands in PostgreSQL. */
  readOffsets(topicId: string): Promise<readonly LaneOffset[]>;
  /** PostgreSQL's offset never goes back by itself: a lane whose log became shorter is set back by this. */
  setLaneBack(lane: { lane: number; topicId: string; from: bigint; to: bigint }): Promise<unknown>;
  /** Stores the records and the lane's next offset in one transaction. Has to end within PostgreSQL's own limits. */
  storeLane(batch: LaneBatch): Promise<void>;
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
}

const GROUP = 'ackline-processor';
/** A processor that died is noticed after this; shorter, and one long pause of the event loop costs a rebalance. */
const SESSION_TIMEOUT_MS = 8_000;
/** How long the group waits for members that are busy storing: over the statement limit of 5 s, so that none is thrown out. */
const REBALANCE_TIMEOUT_MS = 15_000;
/** How long the broker holds an idle fetch; also how long a resumed lane or a stop may wait for one. */
const FETCH_WAIT_MS = 250;
/** A fetch of one lane: two records of the largest size, or a few hundred usual ones. */
const FETCH_LANE_BYTES = 2 * 1024 * 1024;
const FETCH_BYTES = 16 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 10_000;
/** Small outages are ridden out in the client, about 6 s; longer ones by the supervisor's restarts (C8). */
const RETRY = { retries: 6, initialRetryTime: 200, maxRetryTime: 2_000 };
/** The batch in hand, its commit and the leave; a broker that is away must not hold up the drain longer. */
const STOP_DEADLINE_MS = 8_000;

export function createKafkaConsumer(options: KafkaConsumerOptions): KafkaConsumer {
  const counts: Counts = {
    stored: 0,
    pending: { records: 0, bytes: 0 },
    progress: createLaneProgress(),
  };
  let running: Running | null = null;
  return {
    name: 'kafka-consumer',
    snapshot() {
      const positions = running?.positions;
      return {
        state: running === null ? 'stopped' : running.positions.epoch === 0 ? 'joining' : 'reading',
        lanes: positions?.lanes ?? [],
        retrying: positions?.retrying ?? [],
        ...(running?.behind() ?? NOT_BEHIND),
        pending: { ...counts.pending },
        stored: counts.stored,
      };
    },
    async run(signal) {
      if (signal.aborted) return;
      running = createRunning(options, counts);
      try {
        await running.untilEnd(signal);
      } finally {
        running = null;
      }
    },
  };
}

/** Kept over the lives of the client: a batch of the last one may still be in hand. */
interface Counts {
  stored: number;
  readonly pending: Pending;
  readonly progress: LaneProgress;
}

type Behind = Pick<KafkaConsumerSnapshot, 'lag' | 'lagSince' | 'movingSince'>;

const NOT_BEHIND: Behind = { lag: 0, lagSince: null, movingSince: null };

interface Running {
  readonly positions: LanePositions;
  behind(): Behind;
  untilEnd(signal: AbortSignal): Promise<void>;
}

/** One life of the client: it is never used again after a crash. */
function createRunning(options: KafkaConsumerOptions, counts: Counts): Running {
  const { log, topic } = options;
  const name = topic.name ?? EVENTS_TOPIC;
  const watermarks: Watermarks = createWatermarks({ ...options, topic: { ...topic, name } });
  const consumer = createClient(options, log);
  const lags = new Map<number, number>();
  const firstAt = new Map<number, number>();
  const grown = Promise.withResolvers<never>();
  grown.promise.catch(() => undefined); // it may come when nobody waits any more
  const positions = createLanePositions({
    reader: {
      pause: lanes => consumer.pause([{ topic: name, partitions: [...lanes] }]),
      resume: lanes => consumer.resume([{ topic: name, partitions: [...lanes] }]),
      seek: (lane, offset) => consumer.seek({ topic: name, partition: lane, offset: String(offset) }),
    },
    topicId: topic.topicId,
    readOffsets: topicId => options.readOffsets(topicId),
    setLaneBack: lane => options.setLaneBack(lane),
    watermarks,
    log,
  });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    lags.clear();
    firstAt.clear();
    const lanes = payload.memberAssignment[name] ?? [];
    if (lanes.some(lane => lane >= topic.partitions)) grown.reject(topicHasGrown(name)); // (C8)
    positions.assign(lanes); // (C2) synchronously: no fetch of this assignment has started
    log.info({ lanes }, 'kafka.lanes-assigned');
  });
  const context: BatchContext = {
    topic: name,
    topicId: topic.topicId,
    storeLane: batch => options.storeLane(batch),
    positions,
    counts,
    pending: counts.pending,
    lags,
    firstAt,
    progress: counts.progress,
    log,
  };
  return {
    positions,
    behind: () => behindOf(context, counts.progress),
    async untilEnd(signal) {
      try {
        await runClient(consumer, {
          signal,
          context,
          log,
          lanesAtATime: options.lanesAtATime,
          grown: grown.promise,
        });
      } finally {
        positions.stop();
        await watermarks.close();
      }
    },
  };
}

function behindOf({ lags, firstAt }: Pick<BatchContext, 'lags' | 'firstAt'>, progress: LaneProgress): Behind {
  return {
    lag: lags.values().reduce((sum, lag) => sum + lag, 0),
    lagSince: firstAt.size === 0 ? null : Math.min(...firstAt.values()),
    movingSince: progress.earliest(firstAt),
  };
}

function topicHasGrown(name: string): AppError {
  return new AppError(
    'ACKLINE_KAFKA_UNAVAILABLE',
    `The topic ${name} has more partitions now: it is opened anew`,
  );
}

/** By a code of its own where a person has to change something. */
function consumerEnded(cause: Error): AppError {
  const fault = kafkaFault(cause);
  const what = fault?.what ?? 'The Kafka consumer ended';
  return new AppError(fault?.code ?? 'ACKLINE_KAFKA_UNAVAILABLE', what, { cause });
}

interface ClientRun {
  readonly signal: AbortSignal;
  readonly context: BatchContext;
  readonly log: KafkaConsumerOptions['log'];
  readonly lanesAtATime: number;
  /** Rejects when the group gave a lane that the topic did not have when it was opened. */
  readonly grown: Promise<never>;
}

/** Until the signal aborts; throws when the client ends by itself (C8). The group is left in both cases (C9). */
async function runClient(consumer: Consumer, run: ClientRun): Promise<void> {
  const { signal } = run;
  const crashed = Promise.withResolvers<never>();
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    crashed.reject(consumerEnded(payload.error));
  });
  const aborted = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => aborted.resolve(), { once: true });
  const started = start(consumer, run);
  try {
    await Promise.race([started, crashed.promise, run.grown, aborted.promise]);
    await Promise.race([crashed.promise, run.grown, aborted.promise]);
  } finally {
    await leave(consumer, started, run.log);
    crashed.promise.catch(() => undefined); // it may come when nobody waits any more
  }
}

async function start(consumer: Consumer, { context, signal, lanesAtATime }: ClientRun): Promise<void> {
  await consumer.connect();
  await consumer.subscribe({ topics: [context.topic], fromBeginning: true });
  if (signal.aborted) return;
  await consumer.run({
    autoCommit: false, // (C1)
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: lanesAtATime,
    eachBatch: payload => readBatch(payload, context),
  });
}

/** A client that is told to disconnect while it still joins would join all the same: it is told when it has. */
async function leave(
  consumer: Consumer,
  started: Promise<void>,
  log: KafkaConsumerOptions['log'],
): Promise<void> {
  const left = started
    .catch(() => undefined)
    .then(() => consumer.disconnect())
    .catch((error: unknown) => log.warn({ err: error }, 'kafka.leave-failed'));
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    log.warn({ deadlineMs: STOP_DEADLINE_MS }, 'kafka.leave-timed-out');
    late.resolve();
  }, STOP_DEADLINE_MS);
  await Promise.race([left, late.promise]);
  clearTimeout(timer);
}

function createClient(cluster: KafkaCluster, log: KafkaConsumerOptions['log']): Consumer {
  const kafka = new Kafka({
    clientId: KAFKA_CLIENT_ID,
    brokers: [...cluster.brokers],
    ...kafkajsOptions(cluster),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: RETRY,
    logLevel: logLevel.INFO,
    // What matters of it reaches the log as events of this consumer; the client's own lines help only when looking closely.
    logCreator: () => entry =>
      log.debug({ namespace: entry.namespace, text: entry.log.message }, 'kafka.client'),
  });
  return kafka.consumer({
    groupId: GROUP,
    sessionTimeout: SESSION_TIMEOUT_MS,
    rebalanceTimeout: REBALANCE_TIMEOUT_MS,
    heartbeatInterval: HEARTBEAT_MS,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    maxBytesPerPartition: FETCH_LANE_BYTES,
    maxBytes: FETCH_BYTES,
    allowAutoTopicCreation: false,
    retry: { ...RETRY, restartOnFailure: () => Promise.resolve(false) }, // (C8)
  });
}
