import type { HttpDestinationConfig, KafkaDestinationConfig } from './types.ts';

/** Where a destination is, for people: its URL, or the topic. */
export function addressOf(
  destination: Pick<HttpDestinationConfig, 'type' | 'url'> | Pick<KafkaDestinationConfig, 'type' | 'topic'>,
): string {
  return destination.type === 'http' ? destination.url : `kafka:${destination.topic}`;
}
