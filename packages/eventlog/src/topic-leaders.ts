import { type Broker, type metadataV9, ResponseError } from '@platformatic/kafka';

/** The leader of each partition, as one broker said it; null: nobody leads that one now. */
export type Leaders = readonly (Readonly<Broker> | null)[];

/** Reads who leads a topic from a broker's answer. Rejects as the answer does, or where the broker does not know the topic. */
export async function leadersIn(
  answer: Promise<metadataV9.MetadataResponse>,
  name: string,
): Promise<Leaders> {
  const { brokers, topics } = await answer.catch((error: unknown) => wholeAnswerIn(error, name));
  const addresses = new Map(brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
  const partitions = topics.find(topic => topic.name === name)?.partitions ?? [];
  const leaders = Array<Broker | null>(partitions.length).fill(null);
  for (const { partitionIndex, leaderId } of partitions)
    leaders[partitionIndex] = addresses.get(leaderId) ?? null; // Kafka says -1 for nobody
  return leaders;
}

/**
 * The client takes an answer for a failure where one partition of it has an error, and that it has no leader is one. The whole
 * answer is on what it throws.
 */
function wholeAnswerIn(error: unknown, name: string): metadataV9.MetadataResponse {
  if (!(error instanceof ResponseError)) throw error;
  const response = error['response'] as metadataV9.MetadataResponse | undefined;
  const topic = response?.topics.find(answered => answered.name === name);
  if (response === undefined || topic?.errorCode !== 0) throw error;
  return response;
}
