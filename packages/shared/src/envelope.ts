/** Ordered header pairs as they arrived: names keep their case, duplicates stay. */
export type HeaderPairs = readonly (readonly [name: string, value: string])[];

export type Priority = 'normal' | 'high';

/**
 * What Ackline keeps of one accepted webhook. The raw body and the ordered headers travel to the end unchanged (A3),
 * except bearer secrets, whose value is replaced before the append (see `bearer-headers.ts`).
 */
export interface EventEnvelope {
  /** UUIDv7, given by the ingress; they only grow in one process, which their end tells. Between two they decide an order only where nothing else tells: clocks differ. */
  readonly id: string;
  readonly source: string;
  readonly tenant: string;
  readonly provider: string;
  readonly type: string;
  /** The provider's own event id; the event's own `id` where nothing better is known. Unique per source. */
  readonly dedupKey: string;
  /** Chat, customer, contact, …; null: no order is promised. */
  readonly orderingKey: string | null;
  /** When it happened, by the provider; epoch milliseconds, null where the provider does not say. */
  readonly occurredAt: number | null;
  /** When the ingress had read it; epoch milliseconds. */
  readonly receivedAt: number;
  readonly method: string;
  /** The URL that was called, on the declared public base URL. */
  readonly url: string;
  readonly headers: HeaderPairs;
  readonly body: Uint8Array;
  readonly priority: Priority;
  readonly traceparent: string | null;
  /** Over a source's limit: no delivery of it starts before this time (epoch milliseconds). null in all other events. */
  readonly notBefore: number | null;
}

/** All of the envelope but the body: what travels beside it. */
export type EnvelopeMeta = Omit<EventEnvelope, 'body'>;
