import type { EventEnvelope } from '../envelope.ts';

/** What routing looks at. */
export type RoutableEvent = Pick<
  EventEnvelope,
  'source' | 'tenant' | 'type' | 'provider' | 'headers' | 'body'
>;
