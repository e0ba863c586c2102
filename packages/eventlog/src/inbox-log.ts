import { AppError } from '@ackline/shared/app-error';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { encodeMeta } from '@ackline/shared/envelope-codec';
import { recordKey } from '@ackline/shared/record-key';
import { seal } from '@ackline/shared/seal';
import { appendToInbox, type InboxRow } from '@ackline/store/inbox';
import type { Pool } from 'pg';
import type { AppendReceipt, EventLog } from './event-log.ts';
import { keyHash } from './lane.ts';
import { createMicroBatcher, type MicroBatcher } from './micro-batcher.ts';

/** Longer than a commit on a busy disk takes, short enough that a provider still gets its answer (most wait 5 to 15 s). */
const APPEND_DEADLINE_MS = 2_000;
/** As many events as the buffer in front of any log holds. */
export const MAX_BUFFERED_EVENTS = 10_000;
/** What an ingress process may hold in memory for a log that is slow. */
export const MAX_BUFFERED_BYTES = 64 * 1024 * 1024;
/** One statement's rows: its parse and plan are paid already at a few hundred. */
const BATCH_EVENTS = 500;
/** The driver sends bytea as hexadecimal text: a batch takes twice this on the wire. A larger body goes alone. */
const BATCH_BYTES = 8 * 1024 * 1024;
/** Under the ingress pool's 5 connections, so that health reads and a hung statement find one free. */
const MAX_STATEMENTS_IN_FLIGHT = 3;

export interface InboxLog extends EventLog {
  /**
   * Committed when it resolves. `afterOffset` is the greatest offset known to be acked in the event's Kafka partition, -1n
   * for none. Rejects with ACKLINE_APPEND_TIMEOUT (outcome unknown), ACKLINE_NOT_DURABLE (buffer full),
   * ACKLINE_ENVELOPE_INVALID, ACKLINE_LOG_CLOSED, or the driver's error.
   */
  append(event: EventEnvelope, afterOffset?: bigint): Promise<AppendReceipt>;
  readonly size: number;
}

const NO_OFFSET = -1n;

/** The PostgreSQL event log: one statement a batch. The pool stays the caller's: `close` does not end it. */
export function createInboxLog({ pool }: { pool: Pick<Pool, 'query'> }): InboxLog {
  const batcher: MicroBatcher<InboxRow> = createMicroBatcher({
    flush: rows => appendToInbox(pool, rows),
    maxItems: MAX_BUFFERED_EVENTS,
    maxBytes: MAX_BUFFERED_BYTES,
    batchItems: BATCH_EVENTS,
    batchBytes: BATCH_BYTES,
    maxInFlight: MAX_STATEMENTS_IN_FLIGHT,
    deadlineMs: APPEND_DEADLINE_MS,
    timedOut: () =>
      new AppError('ACKLINE_APPEND_TIMEOUT', `PostgreSQL did not commit within ${APPEND_DEADLINE_MS} ms`),
  });
  return {
    name: 'inbox',
    get size() {
      return batcher.size;
    },
    async append(event, afterOffset = NO_OFFSET) {
      const row = toRow(event, afterOffset);
      await batcher.add(row, row.meta.byteLength + row.body.byteLength);
      return { tier: 'inbox' };
    },
    close: () => batcher.close(),
  };
}

/** The row that keeps an event, in the inbox and in the spool. */
export function toRow(event: EventEnvelope, afterOffset: bigint): InboxRow {
  const { body, ...meta } = event;
  const sealedMeta = seal(encodeMeta(meta));
  const sealedBody = seal(body);
  return {
    id: event.id,
    keyHash: keyHash(recordKey(event)),
    afterOffset,
    keyId: sealedMeta.keyId,
    meta: sealedMeta.bytes,
    body: sealedBody.bytes,
  };
}
