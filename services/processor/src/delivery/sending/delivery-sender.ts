import type { OutboundWebhook } from './outbound-headers.ts';
import type { AttemptResult } from '../outcomes/outcome.ts';

/** One attempt, whatever its destination is. */
export interface OutboundDelivery {
  /** Where to, as `addressOf` has it: what is behind a URL's host may change with a reload, and its connections stay. */
  readonly url: string;
  readonly webhook: OutboundWebhook;
  readonly event: { readonly id: string; readonly orderingKey: string | null };
  /** Aborts the attempt: its time-out, or the end of the process. */
  readonly signal: AbortSignal;
}

/** The connections to one destination. */
export interface Connections {
  /** Never throws: whatever happened is the result. */
  send(delivery: OutboundDelivery): Promise<AttemptResult>;
  /** Takes no more, and closes its connections as what it has ends. */
  retire(): void;
  close(): Promise<void>;
}

/** Connections, and who needs them. */
export interface DestinationSender extends Connections {
  /** They stay open until the returned function is called, though they are retired meanwhile. */
  hold(): () => void;
}
