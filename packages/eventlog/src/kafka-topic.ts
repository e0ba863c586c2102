import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@ackline/shared/app-error';
import { EVENTS_TOPIC } from '@ackline/shared/events-topic';
import { type Admin, ConfigResourceTypes, findErrorBy, ListOffsetTimestamps } from '@platformatic/kafka';
import { closeKafkaClient, createKafkaAdmin, withDeadline, withReason } from './kafka-client.ts';
import type { KafkaCluster } from './kafka-cluster.ts';
import { judgeDurability, TIMESTAMP_TYPE, type TopicSettings } from './topic-durability.ts';

export { EVENTS_TOPIC };
/** Most processors that can share the work; more later would move keys to other lanes. */
const PARTITIONS = 12;
const WANTED_REPLICATION = 3;
const RETENTION_MS = 14 * 86_400_000;
/** Room for a body of CLAIM_CHECK_BYTES with its headers; Kafka's own default, said so that a broker's other default does not hold. */
const MAX_MESSAGE_BYTES = 1_048_588;
/** A topic that was just made is known to all brokers a moment later. */
const METADATA_RETRY_MS = 100;

/** `single-node` declares that a topic weaker than the ack contract is meant. */
export type KafkaDurability = 'cluster' | 'single-node';

export interface OpenTopicOptions extends KafkaCluster {
  readonly topic?: string;
  readonly durability: KafkaDurability;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** False: a topic that is not there counts as a Kafka that does not answer. Default true. */
  readonly create?: boolean;
  /** True: nothing is appended, so that a topic that is there is opened however weak it is: what was acked in it is read (A2). */
  readonly readOnly?: boolean;
}

export interface OpenedTopic {
  readonly name: string;
  /** Changes when the topic is deleted and made anew: offsets of the old one mean nothing then. */
  readonly topicId: string;
  readonly partitions: number;
  readonly minInsyncReplicas: number;
  readonly replicationFactor: number;
  /** How many the cluster has. */
  readonly brokers: number;
  /** Largest batch of records that the topic takes. */
  readonly maxMessageBytes: number;
  /** -1: records are kept without end. */
  readonly retentionMs: number;
  /** What a segment of a partition spans at most. */
  readonly segmentMs: number;
  readonly weaknesses: readonly string[];
  /** Of what makes it weaker, what is no reason not to use it. */
  readonly tolerated: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * How long a record may be in the topic; -1: without end. A broker removes whole segments, and counts from the last record of one:
 * of a partition that gets few, the first record of a segment outlives `retention.ms` by what the segment spans (a week by default).
 */
export function longestStayMs({
  retentionMs,
  segmentMs,
}: Pick<OpenedTopic, 'retentionMs' | 'segmentMs'>): number {
  return retentionMs === -1 ? -1 : retentionMs + segmentMs;
}

/**
 * Creates the topic, or checks the one that is there. Throws ACKLINE_KAFKA_NOT_DURABLE naming each setting that is weaker
 * than the ack contract (unless that is declared, or it is only read), ACKLINE_KAFKA_UNAVAILABLE where no broker answers in time, and
 * what a person has to change of the way there by a code of its own (kafka-faults.ts).
 */
export async function openTopic(options: OpenTopicOptions): Promise<OpenedTopic> {
  const admin = createKafkaAdmin(options);
  const expiry = AbortSignal.timeout(options.deadlineMs);
  try {
    return await withDeadline(
      withReason(admin.connections, open(admin, options, expiry)),
      options.deadlineMs,
      options.signal,
    );
  } finally {
    await closeKafkaClient(admin);
  }
}

async function open(admin: Admin, options: OpenTopicOptions, expiry: AbortSignal): Promise<OpenedTopic> {
  const { topic: name = EVENTS_TOPIC, durability, brokers } = options;
  const existing = await describe(admin, name);
  if (existing === null && options.create === false) {
    throw new AppError('ACKLINE_KAFKA_UNAVAILABLE', `The topic ${name} is not there`);
  }
  if (existing === null) await create(admin, name, options);
  const described = existing ?? (await describeWhenServed(admin, name, expiry));
  const verdict = judgeDurability(described.settings, name, brokers);
  if (verdict.weaknesses.length > 0 && durability !== 'single-node' && options.readOnly !== true) {
    throw new AppError(
      'ACKLINE_KAFKA_NOT_DURABLE',
      [
        `The topic ${name} is weaker than the ack contract:`,
        ...[...verdict.weaknesses, ...verdict.tolerated].map(weakness => `  ${weakness}`),
        'Repair it:',
        ...verdict.fixes.map(fix => `  ${fix}`),
        'Or declare that this is meant: KAFKA_DURABILITY=single-node.',
      ].join('\n'),
    );
  }
  return {
    name,
    topicId: described.topicId,
    partitions: described.partitions,
    minInsyncReplicas: described.settings.minInsyncReplicas,
    replicationFactor: described.settings.replicationFactor,
    brokers: described.brokers,
    maxMessageBytes: described.maxMessageBytes,
    retentionMs: described.settings.retentionMs,
    segmentMs: described.segmentMs,
    weaknesses: verdict.weaknesses,
    tolerated: verdict.tolerated,
    warnings: verdict.warnings,
  };
}

/** A cluster with too few brokers is refused before a topic is made that somebody would have to repair. */
async function create(admin: Admin, name: string, { durability }: OpenTopicOptions): Promise<void> {
  const { brokers } = await admin.metadata({ topics: [] });
  if (brokers.size < WANTED_REPLICATION && durability !== 'single-node') {
    throw new AppError(
      'ACKLINE_KAFKA_NOT_DURABLE',
      `The Kafka cluster has ${brokers.size} of the ${WANTED_REPLICATION} brokers that the ack contract needs for the topic ${name}. Start the others, or declare KAFKA_DURABILITY=single-node.`,
    );
  }
  const replicas = Math.min(WANTED_REPLICATION, brokers.size);
  try {
    await admin.createTopics({
      topics: [name],
      partitions: PARTITIONS,
      replicas,
      configs: [
        { name: 'min.insync.replicas', value: String(Math.max(1, replicas - 1)) },
        { name: 'retention.ms', value: String(RETENTION_MS) },
        { name: 'retention.bytes', value: '-1' },
        { name: 'cleanup.policy', value: 'delete' },
        { name: 'unclean.leader.election.enable', value: 'false' },
        { name: 'message.timestamp.type', value: TIMESTAMP_TYPE },
        { name: 'max.message.bytes', value: String(MAX_MESSAGE_BYTES) },
      ],
    });
  } catch (error) {
    const raced = error instanceof Error && findErrorBy(error, 'apiId', 'TOPIC_ALREADY_EXISTS') !== null;
    if (!raced) throw error; // another process made it at the same time: it is checked like any other
  }
}

/** Metadata names leaders a moment before these serve: the first appends would fail. */
async function describeWhenServed(admin: Admin, name: string, expiry: AbortSignal): Promise<DescribedTopic> {
  while (!expiry.aborted) {
    const described = await describe(admin, name);
    if (described !== null && (await isServed(admin, name, described.partitions))) return described;
    await delay(METADATA_RETRY_MS, undefined, { signal: expiry }).catch(() => undefined);
  }
  throw new AppError('ACKLINE_KAFKA_UNAVAILABLE', `The topic ${name} did not come up in time`);
}

async function isServed(admin: Admin, name: string, partitionCount: number): Promise<boolean> {
  const partitions = Array.from({ length: partitionCount }, (_, partitionIndex) => ({
    partitionIndex,
    timestamp: ListOffsetTimestamps.LATEST,
  }));
  return admin.listOffsets({ topics: [{ name, partitions }] }).then(
    () => true,
    () => false,
  );
}

interface DescribedTopic {
  readonly topicId: string;
  readonly partitions: number;
  readonly brokers: number;
  readonly maxMessageBytes: number;
  readonly segmentMs: number;
  readonly settings: TopicSettings;
}

/** null: there is no such topic (yet). */
async function describe(admin: Admin, name: string): Promise<DescribedTopic | null> {
  const metadata = await admin.metadata({ topics: [name], forceUpdate: true }).catch((error: unknown) => {
    if (isUnknownTopic(error)) return null;
    throw error;
  });
  const topic = metadata?.topics.get(name);
  if (metadata === null || topic === undefined || topic.partitionsCount === 0) return null;
  const configs = await topicConfigs(admin, name);
  if (configs === null) return null;
  return {
    topicId: topic.id,
    partitions: topic.partitionsCount,
    brokers: metadata.brokers.size,
    maxMessageBytes: integer(configs, 'max.message.bytes'),
    segmentMs: integer(configs, 'segment.ms'),
    settings: {
      replicationFactor: Math.min(...topic.partitions.map(partition => partition.replicas.length)),
      minInsyncReplicas: integer(configs, 'min.insync.replicas'),
      uncleanLeaderElection: configs.get('unclean.leader.election.enable') === 'true',
      retentionMs: integer(configs, 'retention.ms'),
      retentionBytes: integer(configs, 'retention.bytes'),
      cleanupPolicy: configs.get('cleanup.policy') ?? 'unknown',
      timestampType: configs.get('message.timestamp.type') ?? 'unknown',
    },
  };
}

async function topicConfigs(admin: Admin, name: string): Promise<ReadonlyMap<string, string> | null> {
  try {
    const described = await admin.describeConfigs({
      resources: [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: name }],
    });
    const configs = described.flatMap(resource => resource.configs);
    return new Map(configs.map(config => [config.name, config.value ?? '']));
  } catch (error) {
    if (isUnknownTopic(error)) return null; // known to the broker that was asked first, not yet to this one
    throw error;
  }
}

export function isUnknownTopic(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.message.startsWith('Unknown topic ')) return true; // what the client makes of it in metadata()
  return findErrorBy(error, 'apiId', 'UNKNOWN_TOPIC_OR_PARTITION') !== null;
}

/** An unreadable number is refused as weak rather than taken as good. */
function integer(configs: ReadonlyMap<string, string>, name: string): number {
  const value = Number(configs.get(name) ?? 'NaN');
  return Number.isSafeInteger(value) || value > Number.MAX_SAFE_INTEGER ? value : 0;
}
