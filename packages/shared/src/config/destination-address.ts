import type { HttpDestinationConfig, KafkaDestinationConfig } from './types.ts';

/** Where a destination is: its URL, or the topic. */
export function addressOf(
  destination: Pick<HttpDestinationConfig, 'type' | 'url'> | Pick<KafkaDestinationConfig, 'type' | 'topic'>,
): string {
  return destination.type === 'http' ? destination.url : `kafka:${destination.topic}`;
}

/** The same for lists: the path and query of a URL may be, or hold, a secret, and are not shown. */
export function shownAddress(destination: Parameters<typeof addressOf>[0]): string {
  if (destination.type !== 'http') return addressOf(destination);
  const url = URL.parse(destination.url);
  if (url === null) return '…';
  return url.pathname === '/' && url.search === '' ? url.origin : `${url.origin}/…`;
}
