import { AppError } from '@ackline/shared/app-error';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { encodeMeta } from '@ackline/shared/envelope-codec';
import { recordKey } from '@ackline/shared/record-key';
import { seal } from '@ackline/shared/seal';
import { appendLargeToInbox, appendToInbox, type InboxRow } from '@ackline/store/inbox';
import type { Pool } from 'pg';
import type { AppendReceipt, EventLog } from './event-log.ts';
import { ACK_BUDGET_MS, isLarge } from './large-bodies.ts';
import { keyHash } from './lane.ts';
import { createMicroBatcher, type MicroBatcher, type MicroBatcherOptions } from './micro-batcher.ts';
import { writeIsolating } from './refused-items.ts';

/** As many events as the buffer in front of any log holds. */
export const MAX_BUFFERED_EVENTS = 10_000;
/** What an ingress process may hold in memory for a log that is slow. */
export const MAX_BUFFERED_BYTES = 64 * 1024 * 1024;
/** One statement's rows: its parse and plan are paid already at a few hundred. */
const BATCH_EVENTS = 500;
/**
 * The statement is put together on the event loop. When bodies went as hexadecimal text, sixty of 512 KiB at a time held it up for 0.2 s
 * with batches of 8 MiB, for 0.04 s with these, and went faster; as bytes they take less than half. 500 events of 4 KiB are one.
 */
const BATCH_BYTES = 2 * 1024 * 1024;
/** With the one for large bodies under the ingress pool's 5 connections, so that the gate's question finds one free. */
const MAX_STATEMENTS_IN_FLIGHT = 3;
/** One at a time: two would share the same disk, and take a connection more for it. */
const MAX_LARGE_IN_FLIGHT = 1;
/** Four of the largest bodies (25 MiB) of one source, and room for one of another. The request has them in memory anyway. */
const MAX_LARGE_BYTES = 128 * 1024 * 1024;
/** A large body that had to wait longer for its turn would hardly be done in time. */
const LARGE_WAIT_SHARE = 2 / 3;

export interface InboxLog extends EventLog {
  /**
   * Committed when it resolves. `afterOffset` is the greatest offset known to be acked in the event's Kafka partition, -1n
   * for none. Rejects with ACKLINE_APPEND_TIMEOUT (outcome unknown), ACKLINE_NOT_DURABLE (buffer full),
   * ACKLINE_ENVELOPE_INVALID (also where PostgreSQL can never hold the row), ACKLINE_LOG_CLOSED, or the driver's error.
   */
  append(event: EventEnvelope, afterOffset?: bigint, deadlineMs?: number): Promise<AppendReceipt>;
  readonly size: number;
}

const NO_OFFSET = -1n;
const INBOX_RECEIPT: AppendReceipt = { tier: 'inbox' };
/** SQLSTATE classes of a statement that can pass without some of its rows: data exceptions, broken constraints, a program limit. */
const REFUSED_ROWS = /^(?:22|23|54)/;
/** Those that speak of the values alone. A constraint may as well be wrong for every row. */
const REFUSED_VALUES = /^(?:22|54)/;

export interface InboxLogOptions {
  readonly pool: Pick<Pool, 'query'>;
  /** A batch of so many events is about to be written. */
  readonly onBatch?: (events: number) => void;
  /** PostgreSQL had a batch, by settings that are too weak for an ack: it has failed, and all that follows would. */
  readonly onWeak?: (error: AppError) => void;
}

/**
 * The PostgreSQL event log: one statement a batch. The pool stays the caller's: `close` does not end it.
 *
 * Large bodies go their own way, one a statement, on one connection, however many of them come and time out: those that are
 * not large always find another (A6).
 */
export function createInboxLog({ pool, onBatch = () => {}, onWeak = () => {} }: InboxLogOptions): InboxLog {
  const telling = async (append: Promise<void>): Promise<void> => {
    try {
      await append;
    } catch (error) {
      if (error instanceof AppError && error.code === 'ACKLINE_POSTGRES_NOT_DURABLE') onWeak(error);
      throw error;
    }
  };
  const usual = createWriter(rows => telling(appendToInbox(pool, rows)), {
    onBatch,
    maxBytes: MAX_BUFFERED_BYTES,
    batchItems: BATCH_EVENTS,
    maxInFlight: MAX_STATEMENTS_IN_FLIGHT,
  });
  const large = createWriter(rows => telling(oneByOne(pool, rows)), {
    onBatch,
    maxBytes: MAX_LARGE_BYTES,
    batchItems: 1,
    maxInFlight: MAX_LARGE_IN_FLIGHT,
    keepsSlots: true,
    waitShare: LARGE_WAIT_SHARE,
  });
  return {
    name: 'inbox',
    get size() {
      return usual.size + large.size;
    },
    async append(event, afterOffset = NO_OFFSET, deadlineMs = ACK_BUDGET_MS) {
      const row = toRow(event, afterOffset);
      const bytes = row.meta.byteLength + row.body.byteLength;
      await (isLarge(event) ? large : usual).add(row, { owner: event.source, bytes, deadlineMs });
      return INBOX_RECEIPT;
    },
    async close() {
      await Promise.all([usual.close(), large.close()]);
    },
  };
}

async function oneByOne(pool: Pick<Pool, 'query'>, rows: readonly InboxRow[]): Promise<void> {
  for (const row of rows) await appendLargeToInbox(pool, row);
}

function createWriter(
  write: (rows: readonly InboxRow[]) => Promise<void>,
  {
    onBatch,
    ...limits
  }: Pick<
    MicroBatcherOptions<InboxRow>,
    'maxBytes' | 'batchItems' | 'maxInFlight' | 'keepsSlots' | 'waitShare'
  > &
    Required<Pick<InboxLogOptions, 'onBatch'>>,
): MicroBatcher<InboxRow> {
  return createMicroBatcher<InboxRow>({
    async flush(batch) {
      onBatch(batch.length);
      return judgeRefused(await writeIsolating(batch, { write, isRefusal }), batch.length);
    },
    maxItems: MAX_BUFFERED_EVENTS,
    batchBytes: BATCH_BYTES,
    timedOut: () => new AppError('ACKLINE_APPEND_TIMEOUT', 'PostgreSQL did not commit in time'),
    ...limits,
  });
}

function isRefusal(error: unknown): boolean {
  return REFUSED_ROWS.test(sqlState(error));
}

/** Which of the refused rows can never be held, and which may have met a fault of the table. */
function judgeRefused(
  refused: ReadonlyMap<InboxRow, Error> | null,
  batchRows: number,
): ReadonlyMap<InboxRow, Error> | null {
  if (refused === null) return null;
  const rowsOf = Map.groupBy(refused.values(), error => error);
  const othersPassed = refused.size < batchRows;
  return new Map(
    [...refused].map(([row, cause]) => {
      const alone = rowsOf.get(cause)?.length === 1;
      const never = alone && (othersPassed || REFUSED_VALUES.test(sqlState(cause)));
      if (!never) return [row, cause] as const;
      const text = 'PostgreSQL can not hold the event';
      return [row, new AppError('ACKLINE_ENVELOPE_INVALID', text, { cause })] as const;
    }),
  );
}

function sqlState(error: unknown): string {
  const state = error instanceof Error && 'code' in error ? error.code : null;
  return typeof state === 'string' ? state : '';
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
