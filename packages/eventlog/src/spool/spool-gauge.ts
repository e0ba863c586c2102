import type { SpoolHoldings, SpoolTrouble } from './spool-protocol.ts';

/** What the spool knows of itself, and whether it may take more: kept in memory, so that asking costs nothing. */
export interface SpoolSnapshot {
  readonly state: 'ready' | 'too_old' | SpoolTrouble['state'];
  readonly detail: string | null;
  /** That this process holds and no other log has: in its own file and in those of dead processes. */
  readonly events: number;
  /** Of the whole directory, files of other processes included. */
  readonly bytes: number;
  readonly maxBytes: number;
  readonly oldestAgeMs: number | null;
  /** Other processes' files, of dead ones that this one drains and of living ones. */
  readonly leftovers: number;
  /** Files that can not be read, or not to their end. */
  readonly corruptFiles: readonly string[];
  readonly relayed: number;
  /** Rows that no log can ever take, kept in their files. */
  readonly quarantined: number;
}

export interface SpoolGauge {
  /** Why an event of this size is refused; null: it may come, and its bytes count until `give`. */
  take(bytes: number): string | null;
  give(bytes: number): void;
  /** What the worker holds now. */
  held(holdings: SpoolHoldings, trouble: SpoolTrouble | null): void;
  /** The worker ended: it holds nothing any more, and what it had waits in the directory. */
  ended(detail: string): void;
  /** The worker ended because it held nothing. */
  rested(): void;
  /** The spool files in the directory with their bytes on disk. */
  listed(files: ReadonlyMap<string, number>): void;
  relayedMore(events: number): void;
  /** The target was asked for all rows and is there: what is left waits for a row that it refuses, and for no target. */
  passed(): void;
  /** Files that somebody left, or that a living process has. */
  readonly foreign: readonly string[];
  readonly adopted: number;
  /** The worker holds no event, and nothing waits for it or is wrong. */
  readonly isEmpty: boolean;
  readonly trouble: SpoolTrouble | null;
  snapshot(): SpoolSnapshot;
}

export interface SpoolGaugeOptions {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** How long the worker has owed an answer, in milliseconds. */
  readonly waitingMs: () => number;
  readonly trouble: SpoolTrouble | null;
}

/** Longer than a sync takes on a busy disk. Above it, what is handed over piles up in memory and comes too late anyway. */
const STUCK_MS = 2_000;
/** SQLite's own share of a row: its cell, checksum, times and page ends. */
const ROW_OVERHEAD_BYTES = 256;

const HELD_BACK =
  'an event that no log takes has waited longer than SPOOL_MAX_AGE with the later ones of its key; all others go past it';

const NOTHING: SpoolHoldings = {
  held: [],
  adopted: 0,
  events: 0,
  bytes: 0,
  oldestAt: null,
  quarantined: 0,
  corrupt: [],
  kept: [],
};

export function createSpoolGauge(options: SpoolGaugeOptions): SpoolGauge {
  return new Gauge(options);
}

class Gauge implements SpoolGauge {
  readonly #options: SpoolGaugeOptions;
  #holdings = NOTHING;
  #trouble: SpoolTrouble | null;
  #files: ReadonlyMap<string, number> = new Map();
  #pendingBytes = 0;
  #relayed = 0;
  /** Damaged files that a person has taken away since. */
  readonly #removed = new Set<string>();
  /** When all rows had been asked for last; null: never. */
  #passedAt: number | null = null;
  /** The first event that found no room would have it below this; null: none was refused since. */
  #fullAboveBytes: number | null = null;

  constructor(options: SpoolGaugeOptions) {
    this.#options = options;
    this.#trouble = options.trouble;
  }

  get trouble(): SpoolTrouble | null {
    return this.#trouble;
  }

  get adopted(): number {
    return this.#holdings.adopted;
  }

  get isEmpty(): boolean {
    const { events, adopted } = this.#holdings;
    return events + adopted + this.#pendingBytes === 0 && this.#trouble === null;
  }

  get foreign(): readonly string[] {
    const { held, corrupt, kept } = this.#holdings;
    return [...this.#files.keys()].filter(
      name => !held.includes(name) && !corrupt.includes(name) && !kept.includes(name),
    );
  }

  take(bytes: number): string | null {
    const { state, detail } = this.#verdict();
    if (state !== 'ready' && state !== 'full') return detail;
    if (state === 'full' && this.#trouble !== null) return detail;
    const needed = bytes + ROW_OVERHEAD_BYTES;
    if (this.#usedBytes() + needed > this.#options.maxBytes) {
      this.#fullAboveBytes = this.#options.maxBytes - needed;
      return this.#fullDetail();
    }
    this.#fullAboveBytes = null;
    this.#pendingBytes += needed;
    return null;
  }

  give(bytes: number): void {
    this.#pendingBytes -= bytes + ROW_OVERHEAD_BYTES;
  }

  held(holdings: SpoolHoldings, trouble: SpoolTrouble | null): void {
    this.#holdings = holdings;
    this.#trouble = trouble;
  }

  rested(): void {
    const { corrupt, kept, quarantined } = this.#holdings;
    this.#holdings = { ...NOTHING, corrupt, kept, quarantined };
  }

  ended(detail: string): void {
    this.rested();
    this.#trouble = { state: 'failed', detail };
  }

  listed(files: ReadonlyMap<string, number>): void {
    for (const name of this.#holdings.corrupt) {
      if (files.has(name)) this.#removed.delete(name);
      else if (this.#files.has(name)) this.#removed.add(name);
    }
    this.#files = files;
  }

  relayedMore(events: number): void {
    this.#relayed += events;
  }

  passed(): void {
    this.#passedAt = this.#options.now();
  }

  snapshot(): SpoolSnapshot {
    const { events, corrupt, quarantined } = this.#holdings;
    return {
      ...this.#verdict(),
      events,
      bytes: this.#bytes(),
      maxBytes: this.#options.maxBytes,
      oldestAgeMs: this.#oldestAgeMs(),
      leftovers: this.#holdings.adopted + this.foreign.length,
      corruptFiles: corrupt.filter(name => !this.#removed.has(name)),
      relayed: this.#relayed,
      quarantined,
    };
  }

  #verdict(): Pick<SpoolSnapshot, 'state' | 'detail'> {
    const { maxAgeMs, waitingMs } = this.#options;
    if (this.#trouble !== null) return this.#trouble;
    const stuckMs = waitingMs();
    if (stuckMs > STUCK_MS) {
      return { state: 'failed', detail: `the disk has not answered for ${Math.round(stuckMs / 1000)} s` };
    }
    const ageMs = this.#oldestAgeMs() ?? 0;
    const isOverAge = ageMs > maxAgeMs;
    if (isOverAge && !this.#isPassedWithin(maxAgeMs)) {
      return {
        state: 'too_old',
        detail: `the oldest event has waited longer than SPOOL_MAX_AGE (${maxAgeMs} ms)`,
      };
    }
    if (this.#fullAboveBytes !== null && this.#usedBytes() > this.#fullAboveBytes) {
      return { state: 'full', detail: this.#fullDetail() };
    }
    return { state: 'ready', detail: isOverAge ? HELD_BACK : null };
  }

  #fullDetail(): string {
    return `the spool holds ${this.#bytes()} of SPOOL_MAX_BYTES (${this.#options.maxBytes})`;
  }

  #usedBytes(): number {
    return this.#bytes() + this.#pendingBytes;
  }

  #bytes(): number {
    let bytes = this.#holdings.bytes;
    for (const [name, size] of this.#files) if (!this.#holdings.held.includes(name)) bytes += size;
    return bytes;
  }

  #isPassedWithin(ms: number): boolean {
    return this.#passedAt !== null && this.#options.now() - this.#passedAt <= ms;
  }

  #oldestAgeMs(): number | null {
    const { oldestAt } = this.#holdings;
    return oldestAt === null ? null : Math.max(0, this.#options.now() - oldestAt); // a clock may be set back
  }
}
