import { type Base, type metadataV12, ResponseError } from '@platformatic/kafka';

/** Node ids by partition; null: nobody leads that one now. */
export type Leaders = readonly (number | null)[];

/** Who leads the partitions of a topic. Rejects where no broker answers, or knows the topic. */
export async function askLeaders(client: Pick<Base, 'metadata'>, topic: string): Promise<Leaders> {
  try {
    const metadata = await client.metadata({ topics: [topic], forceUpdate: true });
    const partitions = metadata.topics.get(topic)?.partitions ?? [];
    return Array.from(partitions, known => nodeOf(known?.leader));
  } catch (error) {
    const leaders = leadersIn(error, topic);
    if (leaders === null) throw error;
    return leaders;
  }
}

/**
 * The client takes an answer for a failure where one partition of it has an error, and that it has no leader is one. The whole
 * answer is on what it throws.
 */
function leadersIn(error: unknown, name: string): Leaders | null {
  if (!(error instanceof ResponseError)) return null;
  const response = error['response'] as Partial<metadataV12.MetadataResponse> | undefined;
  const topic = response?.topics?.find(answered => answered.name === name);
  if (topic === undefined || topic.errorCode !== 0) return null;
  const leaders = Array<number | null>(topic.partitions.length).fill(null);
  for (const { partitionIndex, leaderId } of topic.partitions) leaders[partitionIndex] = nodeOf(leaderId);
  return leaders;
}

/** Kafka says -1 for nobody. */
function nodeOf(leader: number | undefined): number | null {
  return leader === undefined || leader < 0 ? null : leader;
}
