import type { PoolFigures, PoolState } from '@ackline/handlers/thread/thread-pool';
import type { HandlerDestinationConfig } from '@ackline/shared/config/types';
import type { EnvelopeMeta } from '@ackline/shared/envelope';
import type { OutboundWebhook } from '@ackline/shared/outbound-headers';
import type { AttemptResult } from '../outcomes/outcome.ts';

/** One attempt, whatever its destination is. */
export interface OutboundDelivery {
  /** Where to, as `addressOf` has it: what is behind a URL's host may change with a reload, and its connections stay. */
  readonly url: string;
  readonly webhook: OutboundWebhook;
  readonly event: EnvelopeMeta;
  /** From 1; a replay begins anew. */
  readonly attempt: number;
  /** Aborts the attempt: its time-out, or the end of the process. */
  readonly signal: AbortSignal;
  /** From now until the time-out. */
  readonly timeoutMs: number;
  /** Hears what a handler says of its call; not there: its event has no trace. */
  readonly onAttribute?: (name: string, value: string | number | boolean) => void;
}

/** The connections to one destination. */
export interface Connections {
  /** Never throws: whatever happened is the result. */
  send(delivery: OutboundDelivery): Promise<AttemptResult>;
  /** Takes no more, and closes its connections as what it has ends. */
  retire(): void;
  close(): Promise<void>;
  /** The threads of a handler; other destinations have none. */
  readonly handler?: HandlerThreads;
}

/** Connections, and who needs them. */
export interface DestinationSender extends Connections {
  /** They stay open until the returned function is called, though they are retired meanwhile. */
  hold(): () => void;
}

/** False: it is a handler that is not loaded, and what its destination has left is held. */
export function isReady({ handler }: Pick<Connections, 'handler'>): boolean {
  return handler === undefined || handler.state.kind === 'ready';
}

/** Whether sources count: not, as they are now, or once two looks in a row saw the same, so that none is half written. */
export type FileLook = 'none' | 'now' | 'settled';

/** What runs a handler. */
export interface HandlerThreads {
  readonly state: PoolState;
  readonly figures: PoolFigures;
  /** Starts other threads where something differs: the configuration, a secret, or its sources. */
  look(config: HandlerDestinationConfig, files: FileLook): Promise<void>;
  /** Starts other threads. */
  renew(): Promise<void>;
}
