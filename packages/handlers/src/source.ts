import type { HeaderPairs } from '@ackline/shared/envelope';
import type { Clients } from './handler-context.ts';

/** What is there before the body is understood. */
export interface RawEvent {
  readonly id: string;
  readonly type: string;
  /** The name of its source in ackline.yaml. */
  readonly source: string;
  readonly tenant: string;
  readonly provider: string;
  /** Chat, customer, contact, …; null: no order is promised. */
  readonly orderingKey: string | null;
  readonly receivedAt: Date;
  /** By the provider; null where it does not say. */
  readonly occurredAt: Date | null;
  /** From 1. */
  readonly attempt: number;
  /** A person sent it once more. */
  readonly isReplay: boolean;
  /** In order, duplicates kept. */
  readonly headers: HeaderPairs;
  /** The exact bytes. */
  readonly body: Uint8Array;
}

export interface HandlerEvent<Payload = unknown> extends RawEvent {
  readonly payload: Payload;
}

/** How the events of a provider are read, and answered to. */
export interface Source<Payload> {
  /** Events of another provider are parked as undecodable; null: it takes all. */
  readonly provider: string | null;
  /** Throws `undecodable(…)` for a body that is not what the provider sends. Nothing of the body in its words. */
  decode(event: RawEvent): Payload;
  /** Sends a text to where the event came from; not there: `ctx.reply` is refused. */
  reply?(event: HandlerEvent<Payload>, text: string, clients: Clients): Promise<void>;
}
