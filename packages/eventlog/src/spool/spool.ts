import { AppError } from '@ackline/shared/app-error';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { newEventId } from '@ackline/shared/event-id';
import type { Logger } from '@ackline/runtime/logger';
import type { InboxRow } from '@ackline/store/inbox';
import type { AppendReceipt } from '../event-log.ts';
import { MAX_BUFFERED_BYTES, MAX_BUFFERED_EVENTS, toRow } from '../inbox-log.ts';
import { createMicroBatcher, type MicroBatcher } from '../micro-batcher.ts';
import { listSpoolFiles, prepareSpoolDirectory, spoolFileName } from './spool-directory.ts';
import { createSpoolGauge, type SpoolGauge, type SpoolSnapshot } from './spool-gauge.ts';
import { packRows, type SpoolReply, type ReadPlaces, type StoredBatch } from './spool-protocol.ts';
import { createSpoolThread, type SpoolThread, type StartSpoolWorker } from './spool-thread.ts';

/**
 * The event log on disk, for the minute when neither Kafka nor PostgreSQL takes an event.
 *
 * SP8. An append resolves only after its transaction did (SP1, spool-file.ts), and every append settles by its deadline.
 * SP9. While the disk is in trouble no append asks it: one probe a second does, and its success ends the trouble.
 * SP10. What waits in memory, lies on disk and how old it may be is bounded; above that an append rejects at once, and what
 *       is there stays and is drained. A row that a target refuses while it takes others is not what makes the spool too old.
 * SP11. The thread that holds the files starts with the first event, or the first file that somebody left: it costs 20 to 30 MB,
 *       and an ingress whose other logs serve never needs it. It ends after REST_AFTER_MS without an event or trouble above.
 */
export interface Spool {
  /**
   * Fsynced when it resolves. Rejects with ACKLINE_NOT_DURABLE (the snapshot's state says why; an event whose batch failed may
   * be there all the same), ACKLINE_APPEND_TIMEOUT (outcome unknown), ACKLINE_ENVELOPE_INVALID, ACKLINE_LOG_CLOSED.
   */
  append(event: EventEnvelope, place: SpoolPlace): Promise<AppendReceipt>;
  /**
   * Starts the thread and opens the file where they are not (SP11): for the moment when a log above fails, so that the first
   * event does not wait for it. Called again and again it costs nothing.
   */
  warm(): void;
  /** From memory. */
  snapshot(): SpoolSnapshot;
  /** Writes what is pending and lets go of the files. What no other log has stays in them for the next start. */
  close(): Promise<void>;
}

export interface SpoolPlace {
  /** The greatest offset known to be acked in the event's Kafka partition; -1n: none. */
  readonly afterOffset: bigint;
  readonly deadlineMs: number;
}

/** What the relay needs of it. */
export interface SpoolRows {
  /** The first rows that were not removed, of the oldest file that has any behind its place; null: there are none. */
  read(maxEvents: number, maxBytes: number, behind: ReadPlaces): Promise<StoredBatch | null>;
  /** Another log has the rows of this file up to this one. */
  remove(file: string, n: number): Promise<void>;
  /** The target was asked for every row there is, and is there: what it did not take is refused for itself (SP10). */
  passed(): void;
  /** The row is no event that any log could take: it is kept and out of the way. */
  quarantine(file: string, n: number, reason: string): Promise<void>;
}

export interface OpenSpool extends Spool {
  readonly rows: SpoolRows;
}

export interface SpoolOptions {
  /** Shared by the processes of one ingress, each with a file of its own. */
  readonly directory: string;
  /** Of all files in it. */
  readonly maxBytes: number;
  /** Of the oldest event. */
  readonly maxAgeMs: number;
  /** A filesystem that ends with the container or with the machine's power will do. */
  readonly allowEphemeral: boolean;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** A batch of so many events is about to be written. */
  readonly onBatch?: (events: number) => void;
}

/** A start waits so long for what others left: the logs above may be well, and need no disk. */
const START_WAIT_MS = 1_000;
/** How often the directory is listed and a disk in trouble is tried (SP9). A listing takes some 100 µs, off the main thread. */
const TICK_MS = 1_000;
/** Longer than between two trials of a log that is away: the thread stays while anything above is in trouble. */
const REST_AFTER_MS = 10 * 60_000;
/** How often files of other processes are tried for their locks. */
const ADOPT_EVERY_TICKS = 3;
/** One transaction's rows: above a few hundred the fsync is a small part of it. */
const BATCH_EVENTS = 500;
/** A larger body goes alone. What is under way is in memory once more in the worker. */
const BATCH_BYTES = 1024 * 1024;
/** While one transaction is synced the next one collects: more under way would only make them smaller. */
const MAX_BATCHES_IN_FLIGHT = 1;

/**
 * Throws ACKLINE_SPOOL_NOT_DURABLE for storage that does not outlive the process, the pod or the machine's power. A disk that
 * is full, read-only, damaged or away does not throw: the snapshot says so, appends reject, and it recovers by itself. One that
 * does not answer is not waited for.
 */
export async function openSpool(options: SpoolOptions, startWorker?: StartSpoolWorker): Promise<OpenSpool> {
  const trouble = await prepareSpoolDirectory(options.directory, options.allowEphemeral);
  const { directory, allowEphemeral, maxBytes, maxAgeMs, now = Date.now, onBatch = () => {} } = options;
  const gauge = createSpoolGauge({ maxBytes, maxAgeMs, now, trouble, waitingMs: () => thread.waitingMs });
  const watch = createStateLog(gauge, options.log);
  const thread = createSpoolThread({
    data: { directory, allowEphemeral },
    onReply(reply: SpoolReply) {
      gauge.held(reply.holdings, reply.trouble);
      watch();
    },
    onEnd(detail) {
      gauge.ended(detail);
      watch();
    },
    ...(startWorker === undefined ? {} : { startWorker }),
  });
  watch();
  const spool = new DiskSpool({ directory, gauge, thread, now, watch, onBatch });
  await spool.start();
  return spool;
}

interface Parts {
  readonly directory: string;
  readonly gauge: SpoolGauge;
  readonly thread: SpoolThread;
  readonly now: () => number;
  /** Logs what changed. */
  readonly watch: () => void;
  readonly onBatch: (events: number) => void;
}

class DiskSpool implements OpenSpool {
  readonly rows: SpoolRows;
  readonly #parts: Parts;
  readonly #batcher: MicroBatcher<InboxRow>;
  #timer: NodeJS.Timeout | null = null;
  #ticks = 0;
  #closed = false;
  #warm = false;
  /** When the thread was started, an event came or trouble above was told. */
  #neededAt: number;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#neededAt = parts.now();
    const { thread, gauge, now, onBatch } = parts;
    this.#batcher = createMicroBatcher({
      flush: async rows => {
        onBatch(rows.length);
        await thread.request({ kind: 'append', rows: packRows(rows), now: now(), newFile: newFileName() });
        return null;
      },
      maxItems: MAX_BUFFERED_EVENTS,
      maxBytes: MAX_BUFFERED_BYTES,
      batchItems: BATCH_EVENTS,
      batchBytes: BATCH_BYTES,
      maxInFlight: MAX_BATCHES_IN_FLIGHT,
      timedOut: () => new AppError('ACKLINE_APPEND_TIMEOUT', 'The spool did not confirm the event in time'),
    });
    this.rows = {
      read: async (maxEvents, maxBytes, behind) =>
        (await thread.request({ kind: 'read', maxEvents, maxBytes, behind })).batch,
      remove: async (file, n) => {
        const { removed } = await thread.request({ kind: 'remove', file, n });
        gauge.relayedMore(removed);
      },
      passed: () => gauge.passed(),
      quarantine: async (file, n, reason) => {
        await thread.request({ kind: 'quarantine', file, n, reason });
      },
    };
  }

  /** Looks once, then every second. */
  async start(): Promise<void> {
    const looked = this.#tick().finally(() => this.#schedule());
    const waited = Promise.withResolvers<void>();
    const limit = setTimeout(waited.resolve, START_WAIT_MS);
    await Promise.race([looked, waited.promise]);
    clearTimeout(limit);
  }

  async append(event: EventEnvelope, { afterOffset, deadlineMs }: SpoolPlace): Promise<AppendReceipt> {
    if (this.#closed) throw new AppError('ACKLINE_LOG_CLOSED');
    this.#neededAt = this.#parts.now();
    const row = toRow(event, afterOffset);
    const bytes = row.meta.byteLength + row.body.byteLength;
    const refusal = this.#parts.gauge.take(bytes); // (SP10)
    if (refusal !== null) {
      this.#parts.watch();
      throw new AppError('ACKLINE_NOT_DURABLE', `The spool takes no event now: ${refusal}`);
    }
    try {
      await this.#batcher.add(row, { owner: event.source, bytes, deadlineMs });
      return { tier: 'spool' };
    } finally {
      this.#parts.gauge.give(bytes);
    }
  }

  warm(): void {
    this.#neededAt = this.#parts.now();
    if (this.#warm || this.#closed) return;
    this.#warm = true;
    void this.#probe();
  }

  snapshot(): SpoolSnapshot {
    return this.#parts.gauge.snapshot();
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#batcher.close();
    await this.#parts.thread.close();
  }

  /** (SP11) Asked every second; a clock that was set back only makes it sooner. */
  #restIfQuiet(): void {
    const { gauge, thread, now } = this.#parts;
    if (!gauge.isEmpty || Math.abs(now() - this.#neededAt) < REST_AFTER_MS) return;
    if (!thread.rest()) return;
    gauge.rested();
    this.#warm = false;
  }

  async #probe(): Promise<void> {
    await this.#parts.thread.request({ kind: 'probe', newFile: newFileName() }).catch(() => undefined); // the state tells
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      void this.#tick().finally(() => this.#schedule());
    }, TICK_MS);
    this.#timer.unref();
  }

  async #tick(): Promise<void> {
    const { directory, gauge, thread, watch } = this.#parts;
    await listSpoolFiles(directory).then(
      files => gauge.listed(files),
      () => undefined, // what is wrong with the directory is told by the next write to it
    );
    if (this.#closed) return;
    if (gauge.trouble !== null) await this.#probe(); // (SP9)
    const { foreign, adopted } = gauge;
    if (this.#ticks % ADOPT_EVERY_TICKS === 0 && foreign.length + adopted > 0) {
      if (!thread.isRunning) this.#neededAt = this.#parts.now();
      await thread.request({ kind: 'adopt', files: foreign }).catch(() => undefined);
    }
    this.#restIfQuiet();
    this.#ticks += 1;
    watch();
  }
}

/** Names grow with time: files are drained in the order of their making. */
function newFileName(): string {
  return spoolFileName(newEventId());
}

/** Says once what the spool's state came to, which files can't be read, and how many rows are quarantined. */
function createStateLog(gauge: SpoolGauge, log: SpoolOptions['log']): () => void {
  let state: SpoolSnapshot['state'] = 'ready';
  let quarantined = 0;
  const corrupt = new Set<string>();
  return () => {
    const now = gauge.snapshot();
    if (now.state !== state) {
      const fields = { from: state, to: now.state, detail: now.detail, events: now.events };
      if (now.state === 'ready') log.info(fields, 'spool.state-changed');
      else log.warn(fields, 'spool.state-changed');
      state = now.state;
    }
    for (const file of now.corruptFiles) {
      if (!corrupt.has(file)) log.error({ file }, 'spool.file-unreadable');
      corrupt.add(file);
    }
    if (now.quarantined > quarantined) log.error({ rows: now.quarantined }, 'spool.row-quarantined');
    quarantined = now.quarantined;
  };
}
