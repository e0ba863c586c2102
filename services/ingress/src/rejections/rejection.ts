import type { ReceivedRequest } from '@ackline/shared/provider';
import type { Endpoint } from '../sources/source-table.ts';

/** A request that was refused after it had been read. */
export interface Rejection {
  readonly requestId: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly endpoint: Endpoint;
  readonly request: ReceivedRequest;
  /** Of the answer. */
  readonly code: string;
  readonly reason: string;
  readonly detail: string | null;
}
