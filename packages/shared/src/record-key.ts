import type { EventEnvelope } from './envelope.ts';

/** What decides the lane (Kafka partition) of an event: source + ordering key, or the event alone. */
export function recordKey(event: Pick<EventEnvelope, 'id' | 'source' | 'orderingKey'>): string {
  return event.orderingKey === null ? event.id : `${event.source}\u0000${event.orderingKey}`;
}
