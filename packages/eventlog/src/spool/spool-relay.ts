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
 * SP12. One batch at a time, bounded in events and bytes. A round is one batch where all of it was taken; else it goes on behind
 *       it, to the end or to a bound, and the next round begins at the front again.
 * SP13. Rows of one record key go one after the other, in the order of the files. A row that was not taken holds up its key
 *       for that round and no other. Other keys go side by side, and what was taken is not sent again by this process.
 * SP14. A row goes from the file only when the target has it and all before it (SP4): a relay that is killed sends some
 *       again, and their dedup keys make one of two.
 * SP15. A row that is no event any more is quarantined; whatever else a target says is tried again.
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

export interface RelayedEvent {
  readonly event: EventEnvelope;
  readonly tier: AppendReceipt['tier'];
  /** Epoch milliseconds. */
  readonly startMs: number;
}

export interface SpoolRelayDeps {
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** Told of each row that the target has. Never throws. */
  readonly onRelayed?: (relayed: RelayedEvent) => void;
  /** Waits between two looks. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** As many as the inbox writes in one statement. */
const BATCH_EVENTS = 500;
/** In memory once, beside what the target buffers of it. */
const BATCH_BYTES = 1024 * 1024;
/** (SP12) A round reads no further: what is sent again after a kill, and the numbers that are remembered. */
const ROUND_ROWS = 20_000;
/** (SP12) A round that nothing is taken of is repeated every few seconds: what that may read of the disk. */
const ROUND_BYTES = 64 * 1024 * 1024;
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
  /** Every row of it, also those that were taken before, quarantined or left. */
  readonly lastN: number;
  /** In the order of the file: what is to be sent now. */
  readonly rows: readonly PendingRow[];
}

/** What is known of a round from its beginning at the front. */
interface Round {
  /** By file: the last row that was read. */
  readonly behind: Map<string, number>;
  /** By file: the first row that the target does not have (SP14). */
  readonly firstLeft: Map<string, number>;
  /** (SP13) Keys with a row that was not taken. */
  readonly heldKeys: Set<number>;
  rows: number;
  bytes: number;
  /** The first one. */
  failure: Error | null;
}

class Relay {
  readonly #spool: OpenSpool;
  readonly #target: SpoolTarget;
  readonly #deps: SpoolRelayDeps;
  /** By file: rows that the target has and that lie behind one that it has not (SP13). Within ROUND_ROWS of the front. */
  readonly #taken = new Map<string, Set<number>>();
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
      if (!this.#target.isOpen || this.#spool.snapshot().events === 0) {
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

  /** From the front (SP12); false: there was nothing. */
  async #round(signal: AbortSignal): Promise<boolean> {
    this.#progressed = false;
    const round: Round = {
      behind: new Map(),
      firstLeft: new Map(),
      heldKeys: new Set(),
      rows: 0,
      bytes: 0,
      failure: null,
    };
    do {
      const batch = await this.#read(round);
      if (batch === null) {
        // A target that is away took nothing for another reason than the rows'.
        if (round.failure !== null && this.#target.isOpen) this.#spool.rows.passed(); // (SP10)
        break;
      }
      await this.#send(batch, round, signal);
      const upTo = (round.firstLeft.get(batch.file) ?? batch.lastN + 1) - 1;
      await this.#spool.rows.remove(batch.file, upTo); // (SP14)
      this.#forget(batch.file, upTo);
    } while (round.failure !== null && this.#goesOn(round, signal));
    if (round.failure !== null) throw round.failure;
    return round.rows > 0;
  }

  /** (SP12) A target that is away is not asked for every row. */
  #goesOn({ rows, bytes }: Round, signal: AbortSignal): boolean {
    return !signal.aborted && this.#target.isOpen && rows < ROUND_ROWS && bytes < ROUND_BYTES;
  }

  async #read(round: Round): Promise<PendingBatch | null> {
    const stored = await this.#spool.rows.read(BATCH_EVENTS, BATCH_BYTES, round.behind);
    if (stored === null) return null;
    const { file } = stored;
    const taken = this.#taken.get(file);
    const rows: PendingRow[] = [];
    let lastN = 0;
    for (const { head, row } of unpackRows(stored.rows)) {
      lastN = head.n;
      if (taken?.has(head.n)) continue;
      if (round.heldKeys.has(head.keyHash)) {
        leave(round, file, head.n);
        continue;
      }
      const opened = openRow(row);
      if (opened.kind === 'event') rows.push({ ...head, event: opened.event });
      else await this.#setAside(stored, head.n, opened.reason);
    }
    round.behind.set(file, lastN);
    round.rows += stored.rows.heads.length;
    round.bytes += stored.rows.bytes.byteLength;
    return { file, lastN, rows };
  }

  async #setAside({ file }: Pick<StoredBatch, 'file'>, n: number, reason: string): Promise<void> {
    this.#deps.log.warn({ file, n, reason }, 'spool.row-unreadable'); // (SP15)
    await this.#spool.rows.quarantine(file, n, reason);
  }

  /** (SP13) All that the target takes, or as much as it had when the relay was told to end. */
  async #send(batch: PendingBatch, round: Round, signal: AbortSignal): Promise<void> {
    const taken = this.#taken.get(batch.file) ?? new Set();
    this.#taken.set(batch.file, taken);
    const sendOfOneKey = async (rows: readonly PendingRow[]): Promise<void> => {
      for (const row of rows) {
        if (signal.aborted) return;
        try {
          await this.#sendRow(batch, row);
          taken.add(row.n);
          this.#progressed = true;
        } catch (error) {
          round.failure ??= error instanceof Error ? error : new Error('The target failed without an error');
          round.heldKeys.add(row.keyHash);
          return;
        }
      }
    };
    await Promise.all([...Map.groupBy(batch.rows, row => row.keyHash).values()].map(sendOfOneKey));
    for (const { n } of batch.rows) if (!taken.has(n)) leave(round, batch.file, n);
  }

  /** The file does not tell these again. */
  #forget(file: string, upTo: number): void {
    const taken = this.#taken.get(file);
    if (taken === undefined) return;
    for (const n of taken) if (n <= upTo) taken.delete(n);
    if (taken.size === 0) this.#taken.delete(file);
  }

  async #sendRow(batch: PendingBatch, { n, event, afterOffset }: PendingRow): Promise<void> {
    const startMs = Date.now();
    try {
      const { tier } = await this.#target.append(event, afterOffset);
      this.#deps.onRelayed?.({ event, tier, startMs });
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'ACKLINE_ENVELOPE_INVALID') throw error;
      await this.#setAside(batch, n, error.code);
    }
  }
}

function leave({ firstLeft }: Round, file: string, n: number): void {
  firstLeft.set(file, Math.min(firstLeft.get(file) ?? n, n));
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
