import type { EventEnvelope } from '@ackline/shared/envelope';

/**
 * A durable log of events. `append` resolves only when the event is durable (A1); when it rejects, the event may or may
 * not be in the log (a time-out leaves that open), and the dedup key makes one of two copies.
 */
export interface EventLog {
  readonly name: string;
  append(event: EventEnvelope): Promise<AppendReceipt>;
  /** Appends what is pending, takes no more, and closes the connections. */
  close(): Promise<void>;
}

/** Which tier holds the event. */
export interface AppendReceipt {
  readonly tier: 'kafka' | 'inbox' | 'spool';
}
