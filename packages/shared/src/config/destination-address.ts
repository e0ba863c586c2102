import type { HandlerDestinationConfig, HttpDestinationConfig, KafkaDestinationConfig } from './types.ts';

type Addressed =
  | Pick<HttpDestinationConfig, 'type' | 'url'>
  | Pick<KafkaDestinationConfig, 'type' | 'topic'>
  | Pick<HandlerDestinationConfig, 'type' | 'module' | 'handler'>;

/** Where a destination is: its URL, the topic, or the module and which of its handlers. */
export function addressOf(destination: Addressed): string {
  switch (destination.type) {
    case 'http':
      return destination.url;
    case 'kafka':
      return `kafka:${destination.topic}`;
    case 'handler': {
      const { module, handler } = destination;
      return `handler:${module}${handler === null ? '' : `#${handler}`}`;
    }
    default: {
      const never: never = destination;
      return never;
    }
  }
}

/** The same for lists: the path and query of a URL may be, or hold, a secret, and are not shown. */
export function shownAddress(destination: Addressed): string {
  if (destination.type !== 'http') return addressOf(destination);
  const url = URL.parse(destination.url);
  if (url === null) return '…';
  return url.pathname === '/' && url.search === '' ? url.origin : `${url.origin}/…`;
}
