import { AppError } from '@ackline/shared/app-error';

/**
 * Collects single appends into batches: one round trip then pays for many.
 *
 * G1. Every append settles by its own deadline, counted from `add`, whatever its batch does.
 * G2. A failing batch fails its own members and nobody else.
 * G3. What waits and what is under way is bounded in items and bytes; above that `add` rejects at once.
 * G4. A slot is free again when its batch settles or when no member waits for it any more: a hung batch delays those behind
 *     it by what is left of its own deadline at most.
 * G5. Items leave in the order of `add`.
 * G6. Members of one batch that fail together, or run out of time together, get the same error object: a breaker can count
 *     them as the one failure that they are.
 */
export interface MicroBatcher<T> {
  /** Resolves when the item's batch is written; rejects with the batch's error, `timedOut()`, or ACKLINE_NOT_DURABLE when full. */
  add(item: T, bytes: number): Promise<void>;
  hasRoom(bytes: number): boolean;
  /** Items waiting or under way that somebody still waits for. */
  readonly size: number;
  /** Takes no more and resolves when all have settled: by G1 within one deadline. */
  close(): Promise<void>;
}

export interface MicroBatcherOptions<T> {
  /** Writes one batch. Has to settle at some time, also long after the deadline. */
  flush(items: readonly T[]): Promise<void>;
  /** G3, over everything that waits or is under way. */
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly batchItems: number;
  /** An item larger than this goes alone. */
  readonly batchBytes: number;
  /** Batches under way at a time. */
  readonly maxInFlight: number;
  readonly deadlineMs: number;
  /** A new error of the caller's choice for G1. */
  timedOut(): Error;
}

/** While a batch is under way, the next one collects this long: under a round trip, so it costs no latency that is felt. */
const LINGER_MS = 1;

interface Batch {
  waiting: number;
  released: boolean;
  timeoutError: Error | null;
}

interface Entry<T> {
  readonly item: T;
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  timer: NodeJS.Timeout | null;
  settled: boolean;
  batch: Batch | null;
}

export function createMicroBatcher<T>(options: MicroBatcherOptions<T>): MicroBatcher<T> {
  return new Batcher(options);
}

class Batcher<T> implements MicroBatcher<T> {
  readonly #options: MicroBatcherOptions<T>;
  #pending: Entry<T>[] = [];
  #pendingBytes = 0;
  #items = 0;
  #bytes = 0;
  #inFlight = 0;
  #immediate: NodeJS.Immediate | null = null;
  #linger: NodeJS.Timeout | null = null;
  #closed = false;
  #whenEmpty: (() => void)[] = [];

  constructor(options: MicroBatcherOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#items;
  }

  hasRoom(bytes: number): boolean {
    return this.#items < this.#options.maxItems && this.#bytes + bytes <= this.#options.maxBytes;
  }

  add(item: T, bytes: number): Promise<void> {
    if (this.#closed) return Promise.reject(new AppError('ACKLINE_LOG_CLOSED'));
    if (!this.hasRoom(bytes)) {
      return Promise.reject(new AppError('ACKLINE_NOT_DURABLE', 'The buffer in front of the log is full')); // (G3)
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const entry: Entry<T> = { item, bytes, resolve, reject, timer: null, settled: false, batch: null };
    entry.timer = setTimeout(() => this.#expire(entry), this.#options.deadlineMs); // (G1)
    this.#pending.push(entry);
    this.#pendingBytes += bytes;
    this.#items += 1;
    this.#bytes += bytes;
    this.#arm();
    return promise;
  }

  close(): Promise<void> {
    this.#closed = true;
    if (this.#items === 0) return Promise.resolve();
    return new Promise(resolve => this.#whenEmpty.push(resolve));
  }

  /** Idle, or a batch is full: at once, after what is already in the event loop's hands. Else after the linger. */
  #arm(): void {
    const { maxInFlight, batchItems, batchBytes } = this.#options;
    if (this.#pending.length === 0 || this.#inFlight >= maxInFlight || this.#immediate !== null) return;
    const full = this.#pending.length >= batchItems || this.#pendingBytes >= batchBytes;
    if (this.#inFlight === 0 || full) {
      this.#immediate = setImmediate(() => {
        this.#immediate = null;
        this.#send();
      });
    } else if (this.#linger === null) {
      this.#linger = setTimeout(() => {
        this.#linger = null;
        this.#send();
      }, LINGER_MS);
    }
  }

  #send(): void {
    while (this.#inFlight < this.#options.maxInFlight) {
      const entries = this.#takeBatch();
      if (entries.length === 0) break;
      void this.#write(entries);
    }
    this.#arm();
  }

  /** (G5) The first of those who still wait, up to the batch's limits. */
  #takeBatch(): Entry<T>[] {
    const { batchItems, batchBytes } = this.#options;
    const taken: Entry<T>[] = [];
    let bytes = 0;
    let next = 0;
    for (; next < this.#pending.length && taken.length < batchItems; next += 1) {
      const entry = this.#pending[next];
      if (entry === undefined || entry.settled) continue;
      if (taken.length > 0 && bytes + entry.bytes > batchBytes) break;
      taken.push(entry);
      bytes += entry.bytes;
    }
    this.#pending = this.#pending.slice(next);
    this.#pendingBytes -= bytes;
    return taken;
  }

  async #write(entries: readonly Entry<T>[]): Promise<void> {
    const batch: Batch = { waiting: entries.length, released: false, timeoutError: null };
    this.#inFlight += 1;
    for (const entry of entries) entry.batch = batch;
    try {
      await this.#options.flush(entries.map(entry => entry.item));
      for (const entry of entries) this.#settle(entry, null);
    } catch (error) {
      const failure = error instanceof Error ? error : new Error('The log failed without an error');
      for (const entry of entries) this.#settle(entry, failure); // (G2, G6)
    }
    this.#release(batch);
  }

  #expire(entry: Entry<T>): void {
    const { batch } = entry;
    if (batch === null) {
      this.#pendingBytes -= entry.bytes;
      this.#settle(entry, this.#options.timedOut());
      return;
    }
    batch.timeoutError ??= this.#options.timedOut(); // (G6)
    this.#settle(entry, batch.timeoutError);
    batch.waiting -= 1;
    if (batch.waiting === 0) this.#release(batch); // (G4)
  }

  #settle(entry: Entry<T>, error: Error | null): void {
    if (entry.settled) return;
    entry.settled = true;
    if (entry.timer !== null) clearTimeout(entry.timer);
    this.#items -= 1;
    this.#bytes -= entry.bytes;
    if (error === null) entry.resolve();
    else entry.reject(error);
    if (this.#items === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  #release(batch: Batch): void {
    if (batch.released) return;
    batch.released = true;
    this.#inFlight -= 1;
    this.#arm();
  }
}
