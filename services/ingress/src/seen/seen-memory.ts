import type { CacheStats } from '@ackline/shared/cache/two-tier-cache';
import type { SeenEvents } from '../http/webhook-ports.ts';

export interface SeenCache extends SeenEvents {
  getStats(): CacheStats;
}

export interface SeenMemoryOptions {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly maxEntries: number;
  readonly ttlMs: number;
}

/** What one process remembers alone. */
export function createSeenMemory(options: SeenMemoryOptions): SeenCache {
  return new SeenMemory(options);
}

/**
 * Two halves: when the younger one is full it takes the place of the older one, which is forgotten as a whole. So between
 * half of `maxEntries` and all of them are known, and an entry costs one place in a map: a list in the order of use costs
 * ten times that.
 */
class SeenMemory implements SeenCache {
  readonly #now: () => number;
  readonly #ttlMs: number;
  readonly #halfEntries: number;
  /** When each is over. */
  #younger = new Map<string, number>();
  #older = new Map<string, number>();
  #hits = 0;
  #misses = 0;
  #forgotten = 0;

  constructor({ now, maxEntries, ttlMs }: SeenMemoryOptions) {
    this.#now = now;
    this.#ttlMs = ttlMs;
    this.#halfEntries = Math.max(1, Math.floor(maxEntries / 2));
  }

  wasAccepted(key: string): boolean {
    const expiresAt = this.#younger.get(key) ?? this.#older.get(key);
    const isKnown = expiresAt !== undefined && expiresAt > this.#now();
    if (isKnown) this.#hits += 1;
    else this.#misses += 1;
    return isKnown;
  }

  markAccepted(key: string): void {
    if (this.#younger.size >= this.#halfEntries) {
      this.#forgotten += this.#stillNeeded();
      this.#older = this.#younger;
      this.#younger = new Map();
    }
    this.#younger.set(key, this.#now() + this.#ttlMs);
  }

  /** Of the older half: neither over, nor marked again since. */
  #stillNeeded(): number {
    const now = this.#now();
    let count = 0;
    for (const [key, expiresAt] of this.#older) if (expiresAt > now && !this.#younger.has(key)) count += 1;
    return count;
  }

  getStats(): CacheStats {
    const size = this.#younger.size + this.#older.size;
    return {
      hits: { memory: this.#hits, redis: 0 },
      misses: this.#misses,
      evictions: this.#forgotten,
      oversized: 0,
      size,
      sizeBytes: size * ENTRY_BYTES,
      redis: null,
    };
  }
}

/** A key of 32 characters, its place in the map and its time, roughly. */
const ENTRY_BYTES = 120;
