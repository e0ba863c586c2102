import { type CacheEntry, decodeEntry, encodeEntry } from './cache-entry.ts';
import { FAILED, type RedisGate } from './redis-gate.ts';

/** What the cache needs of a Redis client. */
export interface RedisPort {
  get(key: string): Promise<Uint8Array | null>;
  set(key: string, value: Uint8Array, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
}

export interface RedisTierOptions {
  readonly port: RedisPort;
  /** Shared by all that ask this Redis. */
  readonly gate: RedisGate;
}

/** Cache entries in Redis. No call of it rejects; one that is no promise was not made. */
export interface RedisTier {
  /** null: there is none, or Redis could not say. */
  get(key: string): Promise<CacheEntry | null> | null;
  /** True when Redis has confirmed. */
  set(key: string, entry: CacheEntry, ttlMs: number): Promise<boolean> | false;
  delete(key: string): Promise<boolean> | false;
}

export function createRedisTier({ port, gate }: RedisTierOptions): RedisTier {
  const confirmed = (call: () => Promise<void>): Promise<boolean> | false => {
    const done = gate.ask(call);
    return done === FAILED ? false : done.then(result => result !== FAILED);
  };
  return {
    get(key) {
      const found = gate.ask(() => port.get(key));
      if (found === FAILED) return null;
      return found.then(bytes => (bytes === FAILED || bytes === null ? null : decodeEntry(bytes)));
    },
    set: (key, entry, ttlMs) => confirmed(() => port.set(key, encodeEntry(entry), ttlMs)),
    delete: key => confirmed(() => port.delete(key)),
  };
}
