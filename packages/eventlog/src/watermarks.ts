import { ListOffsetTimestamps } from '@platformatic/kafka';
import { closeKafkaClient, createKafkaAdmin, withDeadline } from './kafka-client.ts';
import type { KafkaCluster } from './kafka-cluster.ts';
import type { OpenedTopic } from './kafka-topic.ts';

/** Beyond this the broker counts as one that does not answer: an inbox row must not wait on a question. */
const DEADLINE_MS = 1_000;

/** Offsets by lane (partition). Each question rejects with ACKLINE_KAFKA_UNAVAILABLE when any leader fails to answer in time. */
export interface Watermarks {
  /** The offset that the next record will get: all before it are replicated. */
  highWatermarks(deadlineMs?: number): Promise<ReadonlyMap<number, bigint>>;
  /** The first offset that is still there. */
  lowWatermarks(deadlineMs?: number): Promise<ReadonlyMap<number, bigint>>;
  close(): Promise<void>;
}

export interface WatermarksOptions extends KafkaCluster {
  readonly topic: Pick<OpenedTopic, 'name' | 'partitions'>;
}

export function createWatermarks({ topic, brokers, security }: WatermarksOptions): Watermarks {
  const admin = createKafkaAdmin({ brokers, security });

  async function list(timestamp: bigint): Promise<ReadonlyMap<number, bigint>> {
    const lanes = Array.from({ length: topic.partitions }, (_, lane) => ({
      partitionIndex: lane,
      timestamp,
    }));
    const listed = await admin.listOffsets({ topics: [{ name: topic.name, partitions: lanes }] });
    return new Map(
      listed.flatMap(({ partitions }) => partitions.map(p => [p.partitionIndex, p.offset] as const)),
    );
  }

  return {
    highWatermarks: (deadlineMs = DEADLINE_MS) => withDeadline(list(ListOffsetTimestamps.LATEST), deadlineMs),
    lowWatermarks: (deadlineMs = DEADLINE_MS) =>
      withDeadline(list(ListOffsetTimestamps.EARLIEST), deadlineMs),
    close: () => closeKafkaClient(admin),
  };
}
