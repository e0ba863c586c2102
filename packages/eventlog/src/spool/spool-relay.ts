import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@ackline/shared/app-error';
import type { EventEnvelope } from '@ackline/shared/envelope';
import type { Logger } from '@ackline/runtime/logger';
import type { AppendReceipt } from '../event-log.ts';
import { type StoredBatch, unpackRows } from './spool-protocol.ts';
import { openRow } from './spool-row.ts';
import type { OpenSpool } from './spool.ts';

/**
 * Takes what is in the spool to a log that is better than it.
 *
 * SP12. One batch at a time, bounded in events and bytes; the next is read when this one was taken or set aside, whole.
 * SP13. Rows of one record key go one after the other, in the order of the file; the first failure stops the batch, and what
 *       was taken of it is not sent again by this process. Other keys go side by side.
 * SP14. A row goes from the file only when the target has it and all before it (SP4): a relay that is killed sends some
 *       again, and their dedup keys make one of two.
 * SP15. A row that is no event any more is set aside; whatever else a target says is tried again.
 */
export interface SpoolRelay {
  /** Ends when the appends under way are settled; what is left waits for the next start. */
  close(): Promise<void>;
}

export interface SpoolTarget {
  /** Kafka or else the inbox; rejects when neither takes it now. */
  append(event: EventEnvelope, afterOffset: bigint): Promise<AppendReceipt>;
  /** False: trying would fail, or would disturb who is ahead of the relay. */
  readonly isOpen: boolean;
}

export interface SpoolRelayDeps {
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** Waits between two looks. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** As many as the inbox writes in one statement. */
const BATCH_EVENTS = 500;
/** In memory once, beside what the target buffers of it. */
const BATCH_BYTES = 1024 * 1024;
/** A look at figures in memory: what is spooled goes on within this time of its target's return. */
const IDLE_WAIT_MS = 200;
const FIRST_BACKOFF_MS = 100;
/** A target that comes back is used within this time. */
const MAX_BACKOFF_MS = 5_000;

/** Drains the spool, own file and files of dead processes, oldest first, whenever the target is open. Close it before the spool. */
export function startSpoolRelay(spool: OpenSpool, target: SpoolTarget, deps: SpoolRelayDeps): SpoolRelay {
  const stop = new AbortController();
  const relay = new Relay(spool, target, deps);
  const ended = relay.run(stop.signal);
  return {
    close() {
      stop.abort();
      return ended;
    },
  };
}

interface PendingRow {
  readonly n: number;
  readonly keyHash: number;
  readonly afterOffset: bigint;
  readonly event: EventEnvelope;
}

interface PendingBatch {
  readonly file: string;
  /** Every row of it, also those that were set aside. */
  readonly lastN: number;
  /** In the order of the file; shrinks from both what was taken and what was set aside. */
  rows: PendingRow[];
}

class Relay {
  readonly #spool: OpenSpool;
  readonly #target: SpoolTarget;
  readonly #deps: SpoolRelayDeps;
  /** What is under way, kept over failures (SP13). */
  #batch: PendingBatch | null = null;
  #failing = false;
  /** The target took a row in the round that is under way, or was the last. */
  #progressed = false;

  constructor(spool: OpenSpool, target: SpoolTarget, deps: SpoolRelayDeps) {
    this.#spool = spool;
    this.#target = target;
    this.#deps = deps;
  }

  async run(signal: AbortSignal): Promise<void> {
    const wait = this.#deps.wait ?? waitFor;
    let backoffMs = FIRST_BACKOFF_MS;
    while (!signal.aborted) {
      if (!this.#target.isOpen || (this.#batch === null && this.#spool.snapshot().events === 0)) {
        await wait(IDLE_WAIT_MS, signal);
        continue;
      }
      try {
        const found = await this.#round(signal);
        if (!found) await wait(IDLE_WAIT_MS, signal); // counted, but not readable just now
        if (this.#failing) this.#deps.log.info('spool.relay-recovered');
        this.#failing = false;
        backoffMs = FIRST_BACKOFF_MS;
      } catch (error) {
        if (!this.#failing) this.#deps.log.warn({ err: error }, 'spool.relay-failed');
        this.#failing = true;
        if (this.#progressed) backoffMs = FIRST_BACKOFF_MS; // a target that takes most is not away
        await wait(backoffMs * (0.5 + Math.random() / 2), signal); // jitter: processes of one pod come back together
        backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS);
      }
    }
  }

  /** One batch, or what is left of it; false: there was none. */
  async #round(signal: AbortSignal): Promise<boolean> {
    this.#progressed = false;
    this.#batch ??= await this.#read();
    const batch = this.#batch;
    if (batch === null) return false;
    const failure = await this.#send(batch, signal);
    const firstLeft = batch.rows[0];
    const upTo = firstLeft === undefined ? batch.lastN : firstLeft.n - 1;
    await this.#spool.rows.remove(batch.file, upTo); // (SP14)
    if (failure !== null) throw failure;
    if (firstLeft === undefined) this.#batch = null;
    return true;
  }

  async #read(): Promise<PendingBatch | null> {
    const stored = await this.#spool.rows.read(BATCH_EVENTS, BATCH_BYTES);
    if (stored === null) return null;
    const rows: PendingRow[] = [];
    let lastN = 0;
    for (const { head, row } of unpackRows(stored.rows)) {
      const opened = openRow(row);
      if (opened.kind === 'event') rows.push({ ...head, event: opened.event });
      else await this.#setAside(stored, head.n, opened.reason);
      lastN = head.n;
    }
    return { file: stored.file, lastN, rows };
  }

  async #setAside({ file }: Pick<StoredBatch, 'file'>, n: number, reason: string): Promise<void> {
    this.#deps.log.warn({ file, n, reason }, 'spool.row-unreadable'); // (SP15)
    await this.#spool.rows.quarantine(file, n, reason);
  }

  /** (SP13) The first failure, or null when the target has all, or as much as it had when the relay was told to end. */
  async #send(batch: PendingBatch, signal: AbortSignal): Promise<Error | null> {
    let failure: Error | null = null;
    const done = new Set<PendingRow>();
    const sendOfOneKey = async (rows: readonly PendingRow[]): Promise<void> => {
      for (const row of rows) {
        if (failure !== null || signal.aborted) return;
        try {
          await this.#sendRow(batch, row);
          done.add(row);
        } catch (error) {
          failure ??= error instanceof Error ? error : new Error('The target failed without an error');
        }
      }
    };
    await Promise.all([...Map.groupBy(batch.rows, row => row.keyHash).values()].map(sendOfOneKey));
    batch.rows = batch.rows.filter(row => !done.has(row));
    this.#progressed = done.size > 0;
    return failure;
  }

  async #sendRow(batch: PendingBatch, { n, event, afterOffset }: PendingRow): Promise<void> {
    try {
      await this.#target.append(event, afterOffset);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'ACKLINE_ENVELOPE_INVALID') throw error;
      await this.#setAside(batch, n, error.code);
    }
  }
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
