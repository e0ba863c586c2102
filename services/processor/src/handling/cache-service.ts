/**
 * `ctx.cache` of handlers: memory over Redis, where there is one, apart for each destination.
 *
 * HC1. One caller at a time makes the value of a key; the others get it as soon as it is there. Over all processors while Redis
 *      answers, else in each of them.
 * HC2. Whoever had the right to make a value gives it back by bringing one, by giving up, by its end, or by its time: nobody waits for
 *      one that is gone.
 * HC3. What was cleared is under another name from then on, so nothing of before is found again wherever it lies; who made a value since
 *      before then keeps it under the name of before.
 * HC4. Redis sees hashes of keys, and is waited for once, half a second, when it is connected first: what it does costs calls of
 *      another's API, never an event.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { CacheFigures } from '@ackline/handlers/monitoring/processor-figures';
import type { HandlerServices, ServiceCaller } from '@ackline/handlers/thread/protocol';
import type { RedisConnection } from '@ackline/runtime/redis/connect-redis';
import { createTwoTierCache, type TwoTierCache } from '@ackline/shared/cache/two-tier-cache';
import { type CacheClear, cacheKeyHash } from '@ackline/store/cache-clears';
import { type CacheTally, createCacheTally, type LookedUp } from './cache-tally.ts';
import { type CacheLeases, createCacheLeases } from './cache-leases.ts';
import { type CacheVersions, createCacheVersions } from './cache-versions.ts';
import { createSharedLeases, type SharedLeases } from './shared-leases.ts';

/** Of each destination; as the bots before had it. */
const MAX_ENTRIES = 1_000;
const MAX_TTL_MS = 86_400_000;
/** While another processor makes a value, Redis is looked into this often. */
const LOOK_EVERY_MS = 100;

export interface CacheServiceDeps {
  /** Connects when it is asked first; null: there is none. */
  readonly redis: () => Promise<Pick<RedisConnection, 'port' | 'gate' | 'client'> | null>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly leases?: CacheLeases;
}

type CacheCalls = 'cache.get' | 'cache.set' | 'cache.delete' | 'cache.lease' | 'cache.release';

export interface CacheService extends Pick<HandlerServices, CacheCalls> {
  /** What was cleared is not given out any more. (HC3) */
  learn(clears: readonly CacheClear[]): void;
  /** Frees the memory of what is over. */
  sweep(): void;
  /** null: the destination has not used it. */
  figuresOf(destination: string): CacheFigures | null;
}

/** One destination's. */
interface Namespace {
  readonly cache: TwoTierCache;
  readonly shared: SharedLeases | null;
  readonly tally: CacheTally;
}

/** As many as there are destinations with a handler. */
function createNamespaces({ redis: connect, now }: CacheServiceDeps) {
  const known = new Map<string, Namespace>();
  return {
    known,
    async of(destination: string): Promise<Namespace> {
      const redis = await connect();
      const namespace = known.get(destination);
      if (namespace !== undefined) return namespace;
      const cache = createTwoTierCache({
        now,
        maxEntries: MAX_ENTRIES,
        ...(redis === null ? {} : { redis: { port: redis.port, gate: redis.gate } }),
      });
      const shared = redis === null ? null : createSharedLeases(redis);
      const made = { cache, shared, tally: createCacheTally() };
      known.set(destination, made);
      return made;
    },
  };
}

type Leased =
  | { readonly result: Exclude<LookedUp, 'missed'>; readonly value: string }
  | { readonly result: 'missed'; readonly lease: string };

/** The right to make values, of this process and over all of them. */
function createRights(leases: CacheLeases) {
  function release(name: string, lease: string, { shared }: Namespace): void {
    if (leases.end(name, lease)) void shared?.end(name, lease); // (HC2)
  }

  /** The value, or a lease that this process has; null: somebody here has it. */
  async function tryLease(name: string, namespace: Namespace, signal: AbortSignal): Promise<Leased | null> {
    const lease = leases.take(name);
    if (lease === null) return null;
    // From here on it ends with its job, whatever else happens. (HC2)
    signal.addEventListener('abort', () => release(name, lease, namespace), { once: true });
    while (!signal.aborted) {
      const taken = (await namespace.shared?.take(name, lease)) ?? 'taken';
      if (taken === 'unknown') break; // (HC4)
      // Also where it is ours: whoever had it before may have brought the value since we looked.
      const found = await look(namespace.cache, name);
      if (found !== null) {
        release(name, lease, namespace);
        return { result: 'joined', value: found.value };
      }
      if (taken === 'taken') break;
      await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
    return { result: 'missed', lease };
  }

  async function lookOrLease(name: string, namespace: Namespace, signal: AbortSignal): Promise<Leased> {
    for (let looks = 0; ; looks++) {
      signal.throwIfAborted();
      const found = await look(namespace.cache, name);
      if (found !== null) return { result: looks === 0 ? found.tier : 'joined', value: found.value };
      const leased = await tryLease(name, namespace, signal);
      if (leased !== null) return leased;
      await leases.untilFree(name, signal); // (HC1)
    }
  }

  return { lookOrLease, release };
}

export function createCacheService(deps: CacheServiceDeps): CacheService {
  const { leases = createCacheLeases() } = deps;
  const namespaces = createNamespaces(deps);
  const versions = createCacheVersions();
  const { lookOrLease, release } = createRights(leases);
  const nameNow = (destination: string, key: string) => {
    const keyHash = cacheKeyHash(key);
    return nameOf({ destination, keyHash, version: versions.of(destination, keyHash) });
  };

  return {
    async 'cache.get'({ key }, { destination }) {
      const { cache, tally } = await namespaces.of(destination);
      const found = await look(cache, nameNow(destination, key));
      tally.count(found?.tier ?? 'missed', found?.value ?? null);
      return { value: found?.value ?? null };
    },
    async 'cache.set'({ key, value, ttlMs, lease: given }, { destination }) {
      const namespace = await namespaces.of(destination);
      const held = given === null ? null : readLease(given);
      const name =
        held === null
          ? nameNow(destination, key)
          : nameOf({ destination, keyHash: cacheKeyHash(key), version: held.version }); // (HC3)
      const told = namespace.cache.set(name, value, Math.min(Math.max(Math.ceil(ttlMs), 1), MAX_TTL_MS));
      await told; // Redis has it before another processor learns that the lease is free
      if (held !== null) release(name, held.lease, namespace);
      return {};
    },
    async 'cache.delete'({ key }, { destination }) {
      const { cache } = await namespaces.of(destination);
      await cache.delete(nameNow(destination, key));
      return {};
    },
    async 'cache.lease'({ key }, { destination, signal }: ServiceCaller) {
      const namespace = await namespaces.of(destination);
      const keyHash = cacheKeyHash(key);
      const version = versions.of(destination, keyHash);
      const leased = await lookOrLease(nameOf({ destination, keyHash, version }), namespace, signal);
      namespace.tally.count(leased.result, leased.result === 'missed' ? null : leased.value);
      return leased.result === 'missed' ? { lease: `${version}.${leased.lease}` } : { value: leased.value };
    },
    async 'cache.release'({ key, lease: given }, { destination }) {
      const { version, lease } = readLease(given);
      release(
        nameOf({ destination, keyHash: cacheKeyHash(key), version }),
        lease,
        await namespaces.of(destination),
      );
      return {};
    },
    learn: clears => learnAll(clears, versions, namespaces.known),
    sweep() {
      for (const { cache } of namespaces.known.values()) cache.sweep();
    },
    figuresOf: destination => figuresOf(namespaces.known.get(destination)),
  };
}

function learnAll(
  clears: readonly CacheClear[],
  versions: CacheVersions,
  known: ReadonlyMap<string, Namespace>,
): void {
  for (const clear of clears) {
    const { destination, keyHash } = clear;
    const cache = known.get(destination)?.cache;
    const version = keyHash === null ? 0 : versions.of(destination, keyHash);
    if (!versions.learn(clear)) continue;
    // Nobody finds it any more (HC3): only its room is given back. Neither rejects.
    if (keyHash === null) cache?.clear();
    else void cache?.delete(nameOf({ destination, keyHash, version }));
  }
}

function figuresOf(namespace: Namespace | undefined): CacheFigures | null {
  if (namespace === undefined) return null;
  const { size: entries, sizeBytes: bytes, evictions } = namespace.cache.getStats();
  return { entries, bytes, evictions, ...namespace.tally.figures(), hasRedis: namespace.shared !== null };
}

/** The name of the destination is in it, so that an operator can tell whose it is. (HC4) */
function nameOf({
  destination,
  keyHash,
  version,
}: Omit<CacheClear, 'keyHash'> & { keyHash: string }): string {
  return `ackline:cache:${destination}:${keyHash}${version === 0 ? '' : `:${version}`}`;
}

/** A lease is told together with the version that it was given in: "1795372800000.<lease>". */
function readLease(given: string): { readonly version: number; readonly lease: string } {
  const dot = given.indexOf('.');
  return { version: Number(given.slice(0, dot)), lease: given.slice(dot + 1) };
}

async function look(
  cache: TwoTierCache,
  name: string,
): Promise<{ readonly value: string; readonly tier: 'memory' | 'redis' } | null> {
  const asked = cache.get(name);
  const value = await asked;
  return typeof value === 'string' ? { value, tier: asked instanceof Promise ? 'redis' : 'memory' } : null;
}
