import { LRUCache } from 'lru-cache';
import { integerIn } from '../integer-in.ts';
import type { CacheEntry, CacheValue } from './cache-entry.ts';
import { REDIS_TIMEOUT_MS, type RedisGateStats } from './redis-gate.ts';
import { createRedisTier, type RedisTier, type RedisTierOptions } from './redis-tier.ts';

/**
 * Memory (LRU and time to live) over an optional Redis.
 *
 * TC1. No call rejects because of Redis, and none waits for it longer than 20 ms: losing Redis costs speed.
 * TC2. A value is never given out after its time, in whichever tier it was found.
 * TC3. What this process deleted does not come back from Redis: neither from an answer that was under way, nor when Redis
 *      could not be told. Other processes may give it out until its time: keep only what is true for its whole time.
 * TC4. Entries, bytes of all entries, bytes of one value, and times to live have bounds.
 */
export interface TwoTierCache {
  /** A promise only where Redis has to be asked: what memory knows is there at once. */
  get(key: string): CacheValue | undefined | Promise<CacheValue | undefined>;
  /** Is in memory at once; a promise resolves when Redis has it or could not take it. What is over the bounds is not kept. */
  set(key: string, value: CacheValue, ttlMs?: number): void | Promise<void>;
  delete(key: string): Promise<void>;
  /** Empties the memory tier of this process; Redis keeps its entries until their time. */
  clear(): void;
  /** Takes out of the memory tier what is over; nothing of it was given out any more (TC2), but it took the place of others. */
  sweep(): void;
  getStats(): CacheStats;
}

export interface CacheStats {
  readonly hits: { readonly memory: number; readonly redis: number };
  readonly misses: number;
  /** Entries that made room for others before their time was over. */
  readonly evictions: number;
  /** Values and keys over the bounds: not kept. */
  readonly oversized: number;
  /** Entries of the memory tier, those included whose time is over but that no sweep has found. */
  readonly size: number;
  readonly sizeBytes: number;
  /** null without Redis. */
  readonly redis: RedisGateStats | null;
}

export interface TwoTierCacheOptions {
  readonly redis?: RedisTierOptions;
  /** Entries in memory; default 1000. */
  readonly maxEntries?: number;
  /** Bytes of all keys and values in memory; default 16 MiB. */
  readonly maxBytes?: number;
  /** Time to live where `set` gives none; default 300 000. */
  readonly ttlMs?: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const DEFAULT_MAX_ENTRIES = 1_000;
const MAX_ENTRIES = 1_000_000;
const DEFAULT_MAX_BYTES = 16 * 1_048_576;
const MAX_BYTES = 1_073_741_824;
const DEFAULT_TTL_MS = 300_000;
/** A cache is no store: nothing in it is older than a day. */
const MAX_TTL_MS = 86_400_000;
/** A larger value would push everything else out of memory, and would not pass Redis within its limit. */
const MAX_VALUE_BYTES = 262_144;
const MAX_KEY_LENGTH = 512;
/** The entry itself and its places in the lists, roughly; keeps many tiny entries from being free. */
const ENTRY_OVERHEAD_BYTES = 128;
/** After Redis has confirmed a delete, answers that were under way come within one time limit; two leave room. */
const DELETED_MS = 2 * REDIS_TIMEOUT_MS;

/** `null` in place of a value: deleted here, whatever Redis says (TC3). */
type MemoryEntry = CacheEntry | { readonly value: null; readonly expiresAt: number };

export function createTwoTierCache(options: TwoTierCacheOptions): TwoTierCache {
  return new MemoryOverRedis(options);
}

class MemoryOverRedis implements TwoTierCache {
  readonly #now: () => number;
  readonly #ttlMs: number;
  readonly #memory: LRUCache<string, MemoryEntry>;
  readonly #redis: RedisTier | null;
  readonly #redisStats: () => RedisGateStats | null;
  readonly #counts = { memory: 0, redis: 0, misses: 0, evictions: 0, oversized: 0 };

  constructor(options: TwoTierCacheOptions) {
    const { redis, now } = options;
    this.#now = now;
    this.#ttlMs = integerIn('ttlMs', options.ttlMs ?? DEFAULT_TTL_MS, [1, MAX_TTL_MS]);
    this.#memory = createMemory(options, entry => {
      if (entry.value !== null && entry.expiresAt > this.#now()) this.#counts.evictions += 1;
    });
    this.#redis = redis === undefined ? null : createRedisTier(redis);
    this.#redisStats = () => redis?.gate.getStats() ?? null;
  }

  get(key: string): CacheValue | undefined | Promise<CacheValue | undefined> {
    const inMemory = this.#live(key);
    if (inMemory !== undefined && inMemory.value !== null) {
      this.#counts.memory += 1;
      return inMemory.value;
    }
    const asked = inMemory === undefined ? this.#askRedis(key) : null; // (TC3)
    if (asked !== null) return asked;
    this.#counts.misses += 1;
    return undefined;
  }

  set(key: string, value: CacheValue, ttlMs: number = this.#ttlMs): void | Promise<void> {
    integerIn('ttlMs', ttlMs, [1, MAX_TTL_MS]);
    if (Buffer.byteLength(value) > MAX_VALUE_BYTES || key.length > MAX_KEY_LENGTH) {
      this.#counts.oversized += 1; // (TC4)
      return this.delete(key); // what it replaces must not be given out any more
    }
    const entry = { value, expiresAt: this.#now() + ttlMs };
    this.#memory.set(key, entry);
    const told = this.#redis?.set(key, entry, ttlMs) ?? false; // (TC1)
    if (told !== false) return told.then(() => undefined);
  }

  async delete(key: string): Promise<void> {
    if (this.#redis === null || key.length > MAX_KEY_LENGTH) {
      this.#memory.delete(key);
      return;
    }
    const mark: MemoryEntry = { value: null, expiresAt: this.#now() + MAX_TTL_MS };
    this.#memory.set(key, mark); // (TC3)
    const confirmed = await this.#redis.delete(key);
    if (!confirmed || this.#memory.peek(key) !== mark) return;
    this.#memory.set(key, { value: null, expiresAt: this.#now() + DELETED_MS });
  }

  clear(): void {
    this.#memory.clear();
  }

  sweep(): void {
    const at = this.#now();
    const over = [...this.#memory.entries()].filter(([, { expiresAt }]) => expiresAt <= at);
    for (const [key] of over) this.#memory.delete(key);
  }

  getStats(): CacheStats {
    const { memory, redis, misses, evictions, oversized } = this.#counts;
    return {
      hits: { memory, redis },
      misses,
      evictions,
      oversized,
      size: this.#memory.size,
      sizeBytes: this.#memory.calculatedSize,
      redis: this.#redisStats(),
    };
  }

  #live(key: string): MemoryEntry | undefined {
    const entry = this.#memory.get(key);
    return entry !== undefined && entry.expiresAt > this.#now() ? entry : undefined; // (TC2)
  }

  /** null: there is no Redis to ask just now. */
  #askRedis(key: string): Promise<CacheValue | undefined> | null {
    if (key.length > MAX_KEY_LENGTH) return null;
    const found = this.#redis?.get(key) ?? null;
    return found === null ? null : found.then(entry => this.#answerOf(key, entry));
  }

  /** What Redis has, unless memory learned better while the answer was under way (TC3). */
  #answerOf(key: string, found: CacheEntry | null): CacheValue | undefined {
    const at = this.#now();
    const entry = found === null || found.expiresAt <= at ? null : this.#taken(key, found, at); // (TC2)
    this.#counts[entry === null ? 'misses' : 'redis'] += 1;
    return entry?.value;
  }

  #taken(key: string, found: CacheEntry, at: number): CacheEntry | null {
    const newer = this.#live(key);
    if (newer !== undefined) return newer.value === null ? null : newer;
    // Clocks of processes differ: no entry may live here for longer than the longest time to live.
    const entry = { value: found.value, expiresAt: Math.min(found.expiresAt, at + MAX_TTL_MS) };
    this.#memory.set(key, entry);
    return entry;
  }
}

function createMemory(
  options: TwoTierCacheOptions,
  onEvicted: (entry: MemoryEntry) => void,
): LRUCache<string, MemoryEntry> {
  return new LRUCache<string, MemoryEntry>({
    max: integerIn('maxEntries', options.maxEntries ?? DEFAULT_MAX_ENTRIES, [1, MAX_ENTRIES]),
    maxSize: integerIn('maxBytes', options.maxBytes ?? DEFAULT_MAX_BYTES, [1, MAX_BYTES]),
    dispose: (entry, _, reason) => {
      if (reason === 'evict') onEvicted(entry);
    },
    sizeCalculation: (entry, key) =>
      ENTRY_OVERHEAD_BYTES + 2 * key.length + (entry.value === null ? 0 : Buffer.byteLength(entry.value)),
  });
}
