/**
 * Remembers which signed requests were accepted, so that a provider's retry is answered without another append.
 *
 * E1. Asked only about a verified request, and told only of a durable append: what it forgets, or what Redis loses, costs an
 *     append that the dedup key finds again.
 * E2. Everything that makes one request differ from another is in the key (`seenKey`): source, tenant, secret, method, URL,
 *     dedup key, and the whole body.
 * E3. A value in Redis that is not exactly ours, or that would live longer than ours do, is none.
 * E4. It remembers for less time than the dedup window: what it calls accepted can not be stored a second time.
 */
import type { RedisGate } from '@ackline/shared/cache/redis-gate';
import type { RedisPort } from '@ackline/shared/cache/redis-tier';
import { decodeEntry } from '@ackline/shared/cache/cache-entry';
import { createTwoTierCache, type TwoTierCache } from '@ackline/shared/cache/two-tier-cache';
import { createSeenMemory, type SeenCache } from './seen-memory.ts';

/** Clocks of processes differ. */
const CLOCK_SLACK_MS = 60_000;
/** About 200 bytes each: 10 MB of a process at most. */
const MAX_ENTRIES = 50_000;
const ACCEPTED = '1';

export interface SeenEventsDeps {
  /** null: each process remembers alone. */
  readonly redis: { readonly port: RedisPort; readonly gate: RedisGate } | null;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** For how long a request is remembered; shorter than any dedup window. (E4) */
  readonly ttlMs: number;
  /** In memory; default 50 000. */
  readonly maxEntries?: number;
}

export function createSeenEvents({ redis, now, ttlMs, maxEntries = MAX_ENTRIES }: SeenEventsDeps): SeenCache {
  if (redis === null) return createSeenMemory({ now, maxEntries, ttlMs });
  const cache: TwoTierCache = createTwoTierCache({
    now,
    maxEntries,
    ttlMs,
    redis: { gate: redis.gate, port: strictPort(redis.port, { now, ttlMs }) },
  });
  return {
    wasAccepted(key) {
      const found = cache.get(key);
      return found instanceof Promise ? found.then(isAccepted) : isAccepted(found);
    },
    markAccepted(key) {
      void cache.set(key, ACCEPTED); // never rejects; the gate bounds how many are under way
    },
    getStats: () => cache.getStats(),
  };
}

function isAccepted(value: unknown): boolean {
  return value === ACCEPTED; // (E3)
}

/** Its own names in Redis, and nothing from there but what this class of entries can hold (E3). */
function strictPort(
  port: RedisPort,
  { now, ttlMs: longest }: Pick<SeenEventsDeps, 'now' | 'ttlMs'>,
): RedisPort {
  const named = (key: string) => `ackline:seen:${Buffer.from(key, 'latin1').toString('base64url')}`;
  return {
    async get(key) {
      const bytes = await port.get(named(key));
      const entry = bytes === null ? null : decodeEntry(bytes);
      const isOurs = isAccepted(entry?.value) && (entry?.expiresAt ?? 0) <= now() + longest + CLOCK_SLACK_MS;
      return isOurs ? bytes : null;
    },
    set: (key, value, ttlMs) => port.set(named(key), value, ttlMs),
    delete: key => port.delete(named(key)),
  };
}
