import { AppError } from '@ackline/shared/app-error';
import { createFairShare, type FairShare } from '@ackline/shared/fair-share';
import { createTurns } from './turns.ts';

/**
 * Collects single appends into batches: one round trip then pays for many.
 *
 * G1. Every append settles by its own deadline, counted from `add`, whatever its batch does.
 * G2. A failing batch fails its own members and nobody else; a batch can name members that fail alone.
 * G3. What waits and what is under way is bounded in items and bytes; above that `add` rejects at once. When it gets short,
 *     owners share it fairly: nobody is refused because another fills it (A6).
 * G4. A slot is free again when its batch settles or when no member waits for it any more: a hung batch delays those behind
 *     it by what is left of its own deadline at most. With `keepsSlots` it is free only when its batch settles, since what
 *     nobody waits for any more still takes its connection: no more than `maxInFlight` of them are ever busy.
 * G5. Items of one owner leave in the order of `add`. Where more waits than one batch takes, owners take turns, and who had
 *     the fewest bytes is first: nobody waits behind another's backlog (A6).
 * G6. Members of one batch that fail together, or run out of time together, get the same error object: a breaker can count
 *     them as the one failure that they are.
 * G7. With `waitShare` an item waits for its turn no longer than that part of its deadline, and then rejects as where the
 *     buffer is full: what is begun has time to end, also where more comes than can go.
 */
export interface MicroBatcher<T> {
  /**
   * Resolves when the item is written; rejects with its batch's error, its own, `timedOut()`, or BUFFER_FULL (always the
   * same object: under overload an error for each event would cost more than the event).
   */
  add(item: T, place: Placement): Promise<void>;
  /** As `add`, without a promise of its own: `settle` is called once, with null or the error; at once where nothing was tried. */
  offer(item: T, place: Placement, settle: Settle): void;
  /** Items waiting or under way that somebody still waits for. */
  readonly size: number;
  /** Takes no more and resolves when all have settled: by G1 within one deadline. */
  close(): Promise<void>;
}

/** What an append came to: null when it is durable. Must not throw. */
export type Settle = (error: Error | null) => void;

export interface Placement {
  /** Who shares the buffer with others, G3. */
  readonly owner: string;
  readonly bytes: number;
  readonly deadlineMs: number;
}

export interface MicroBatcherOptions<T> {
  /**
   * Writes one batch; resolves with the items that alone were not written, or null. Has to settle at some time, also long
   * after the deadline.
   */
  flush(items: readonly T[]): Promise<ReadonlyMap<T, Error> | null>;
  /** G3, over everything that waits or is under way. */
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly batchItems: number;
  /** An item larger than this goes alone. */
  readonly batchBytes: number;
  /** Batches under way at a time. */
  readonly maxInFlight: number;
  /** (G4) Default: false. */
  readonly keepsSlots?: boolean;
  /** (G7) (0, 1]; default 1: it may wait until its deadline. */
  readonly waitShare?: number;
  /** A new error of the caller's choice for G1. */
  timedOut(): Error;
  /** Milliseconds, any origin. */
  readonly now?: () => number;
}

/** What `add` rejects with above the bounds (G3, G7): nothing was tried. */
export const BUFFER_FULL: AppError = new AppError(
  'ACKLINE_NOT_DURABLE',
  'The buffer in front of the log is full',
);

/** While a batch is under way, the next one collects this long, or until that one is back if that is sooner. */
const LINGER_MS = 1;

interface Batch<T> {
  readonly entries: readonly Entry<T>[];
  waiting: number;
  released: boolean;
}

interface Entry<T> {
  readonly item: T;
  readonly owner: string;
  readonly bytes: number;
  /** While it waits for its turn (G7); then `endsAt` (G1). */
  expiresAt: number;
  readonly endsAt: number;
  readonly settle: Settle;
  settled: boolean;
}

export function createMicroBatcher<T>(options: MicroBatcherOptions<T>): MicroBatcher<T> {
  return new Batcher(options);
}

class Batcher<T> implements MicroBatcher<T> {
  readonly #options: MicroBatcherOptions<T>;
  readonly #now: () => number;
  readonly #items: FairShare;
  readonly #bytes: FairShare;
  readonly #underWay = new Set<Batch<T>>();
  readonly #turns = createTurns();
  #pending: Entry<T>[] = [];
  #pendingBytes = 0;
  #immediate: NodeJS.Immediate | null = null;
  #linger: NodeJS.Timeout | null = null;
  /** One timer for all deadlines: it looks for what has run out when the earliest known one has. */
  #sweep: NodeJS.Timeout | null = null;
  #sweepAt = Number.POSITIVE_INFINITY;
  #closed = false;
  #whenEmpty: (() => void)[] = [];

  constructor(options: MicroBatcherOptions<T>) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#items = createFairShare(options.maxItems);
    this.#bytes = createFairShare(options.maxBytes);
  }

  get size(): number {
    return this.#items.taken;
  }

  add(item: T, place: Placement): Promise<void> {
    return new Promise((resolve, reject) => {
      this.offer(item, place, error => (error === null ? resolve() : reject(error)));
    });
  }

  offer(item: T, { owner, bytes, deadlineMs }: Placement, settle: Settle): void {
    if (this.#closed) return settle(new AppError('ACKLINE_LOG_CLOSED'));
    if (!this.#take(owner, bytes)) return settle(BUFFER_FULL); // (G3)
    const now = this.#now();
    const expiresAt = now + deadlineMs * (this.#options.waitShare ?? 1);
    this.#pending.push({ item, owner, bytes, expiresAt, endsAt: now + deadlineMs, settle, settled: false });
    this.#pendingBytes += bytes;
    this.#sweepBy(expiresAt); // (G1)
    this.#arm();
  }

  close(): Promise<void> {
    this.#closed = true;
    if (this.size === 0) return Promise.resolve();
    return new Promise(resolve => this.#whenEmpty.push(resolve));
  }

  #take(owner: string, bytes: number): boolean {
    if (!this.#items.tryTake(owner, 1)) return false;
    if (this.#bytes.tryTake(owner, bytes)) return true;
    this.#items.give(owner, 1);
    return false;
  }

  /** Idle, or a batch is full: at once, after what is already in the event loop's hands. Else after the linger. */
  #arm(): void {
    const { maxInFlight, batchItems, batchBytes } = this.#options;
    const inFlight = this.#underWay.size;
    if (this.#pending.length === 0 || inFlight >= maxInFlight || this.#immediate !== null) return;
    const full = this.#pending.length >= batchItems || this.#pendingBytes >= batchBytes;
    if (inFlight === 0 || full) {
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
    while (this.#underWay.size < this.#options.maxInFlight) {
      const entries = this.#takeBatch();
      if (entries.length === 0) break;
      void this.#write(entries);
    }
    this.#arm();
  }

  /** (G5) Of those who still wait, what fits the limits of a batch. */
  #takeBatch(): Entry<T>[] {
    const { batchItems, batchBytes } = this.#options;
    const isWhole = this.#pending.length <= batchItems && this.#pendingBytes <= batchBytes;
    const taken: Entry<T>[] = [];
    let bytes = 0;
    for (const entry of isWhole ? this.#pending : this.#turns.inOrder(this.#pending, batchItems)) {
      if (entry.settled) continue;
      if (taken.length > 0 && bytes + entry.bytes > batchBytes) break;
      taken.push(entry);
      bytes += entry.bytes;
    }
    if (isWhole) {
      this.#pending = [];
      this.#turns.forget();
    } else {
      for (const entry of taken) this.#turns.had(entry);
      const gone = new Set(taken);
      this.#pending = this.#pending.filter(entry => !gone.has(entry));
    }
    this.#pendingBytes -= bytes;
    return taken;
  }

  async #write(entries: readonly Entry<T>[]): Promise<void> {
    const batch: Batch<T> = { entries, waiting: entries.length, released: false };
    this.#underWay.add(batch);
    for (const entry of entries) entry.expiresAt = entry.endsAt; // the sweep looks again (G1)
    try {
      const refused = await this.#options.flush(entries.map(entry => entry.item));
      for (const entry of entries) this.#settle(entry, refused?.get(entry.item) ?? null); // (G2)
    } catch (error) {
      const failure = error instanceof Error ? error : new Error('The log failed without an error');
      for (const entry of entries) this.#settle(entry, failure); // (G2, G6)
    }
    this.#release(batch);
  }

  #sweepBy(at: number): void {
    if (at >= this.#sweepAt) return;
    if (this.#sweep !== null) clearTimeout(this.#sweep);
    this.#sweepAt = at;
    this.#sweep = setTimeout(() => this.#expire(), Math.max(0, Math.ceil(at - this.#now())));
  }

  /** (G1, G6) Settles all that have run out of time, and looks again when the next one has. */
  #expire(): void {
    this.#sweep = null;
    this.#sweepAt = Number.POSITIVE_INFINITY;
    const now = this.#now();
    const { keepsSlots = false, waitShare = 1 } = this.#options;
    const timedOut = () => this.#options.timedOut();
    for (const batch of this.#underWay) {
      batch.waiting -= this.#expireSome(batch.entries, now, timedOut);
      if (batch.waiting <= 0 && !keepsSlots) this.#release(batch); // (G4)
    }
    this.#expireSome(this.#pending, now, waitShare < 1 ? () => BUFFER_FULL : timedOut); // (G7)
    this.#pending = this.#pending.filter(entry => !entry.settled);
    this.#pendingBytes = this.#pending.reduce((sum, entry) => sum + entry.bytes, 0);
  }

  /** Tells how many of them ran out of time. */
  #expireSome(entries: readonly Entry<T>[], now: number, makeError: () => Error): number {
    let error: Error | null = null;
    let count = 0;
    for (const entry of entries) {
      if (entry.settled) continue;
      if (entry.expiresAt > now) {
        this.#sweepBy(entry.expiresAt);
        continue;
      }
      error ??= makeError();
      this.#settle(entry, error);
      count += 1;
    }
    return count;
  }

  #settle(entry: Entry<T>, error: Error | null): void {
    if (entry.settled) return;
    entry.settled = true;
    this.#items.give(entry.owner, 1);
    this.#bytes.give(entry.owner, entry.bytes);
    entry.settle(error);
    if (this.size === 0) this.#emptied();
  }

  #emptied(): void {
    if (!this.#closed) return; // the timer is left: the next entry would only arm it again
    if (this.#sweep !== null) clearTimeout(this.#sweep);
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  #release(batch: Batch<T>): void {
    if (batch.released) return;
    batch.released = true;
    this.#underWay.delete(batch);
    this.#arm();
  }
}
