/**
 * `ctx.cache` of handlers: memory over Redis, where there is one, apart for each destination.
 *
 * HC1. One caller at a time makes the value of a key; the others get it as soon as it is there. Over all processors while Redis
 *      answers, else in each of them.
 * HC2. Whoever had the right to make a value gives it back by bringing one, by giving up, by its end, or by its time: nobody waits for
 *      one that is gone.
 * HC3. Redis sees hashes of keys, and is never waited for: what it does costs calls of another's API, never an event.
 */
import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { HandlerServices, ServiceCaller } from '@ackline/handlers/thread/protocol';
import type { RedisConnection } from '@ackline/runtime/redis/connect-redis';
import { createTwoTierCache, type TwoTierCache } from '@ackline/shared/cache/two-tier-cache';
import { type CacheLeases, createCacheLeases } from './cache-leases.ts';
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
  /** Entries in memory; 0 for a destination that has kept none. */
  entriesOf(destination: string): number;
}

/** One destination's. */
interface Namespace {
  readonly cache: TwoTierCache;
  readonly shared: SharedLeases | null;
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
      const made = { cache, shared: redis === null ? null : createSharedLeases(redis) };
      known.set(destination, made);
      return made;
    },
  };
}

/** The right to make values, of this process and over all of them. */
function createRights(leases: CacheLeases) {
  function release(name: string, lease: string, { shared }: Namespace): void {
    if (leases.end(name, lease)) void shared?.end(name, lease); // (HC2)
  }

  /** The value, or a lease that this process has; null: somebody here has it. */
  async function tryLease(
    name: string,
    namespace: Namespace,
    signal: AbortSignal,
  ): Promise<{ value: string } | { lease: string } | null> {
    const lease = leases.take(name);
    if (lease === null) return null;
    // From here on it ends with its job, whatever else happens. (HC2)
    signal.addEventListener('abort', () => release(name, lease, namespace), { once: true });
    while (!signal.aborted && namespace.shared !== null) {
      const taken = await namespace.shared.take(name, lease);
      if (taken === 'unknown') break; // (HC3)
      // Also where it is ours: whoever had it before may have brought the value since we looked.
      const value = await textOf(namespace.cache, name);
      if (value !== null) {
        release(name, lease, namespace);
        return { value };
      }
      if (taken === 'taken') break;
      await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
    return { lease };
  }

  return { tryLease, release };
}

export function createCacheService(deps: CacheServiceDeps): CacheService {
  const { leases = createCacheLeases() } = deps;
  const namespaces = createNamespaces(deps);
  const { tryLease, release } = createRights(leases);

  return {
    async 'cache.get'({ key }, { destination }) {
      const { cache } = await namespaces.of(destination);
      return { value: await textOf(cache, nameOf(destination, key)) };
    },
    async 'cache.set'({ key, value, ttlMs, lease }, { destination }) {
      const namespace = await namespaces.of(destination);
      const name = nameOf(destination, key);
      const told = namespace.cache.set(name, value, Math.min(Math.max(Math.ceil(ttlMs), 1), MAX_TTL_MS));
      await told; // Redis has it before another processor learns that the lease is free
      if (lease !== null) release(name, lease, namespace);
      return {};
    },
    async 'cache.delete'({ key }, { destination }) {
      const { cache } = await namespaces.of(destination);
      await cache.delete(nameOf(destination, key));
      return {};
    },
    async 'cache.lease'({ key }, { destination, signal }: ServiceCaller) {
      const namespace = await namespaces.of(destination);
      const name = nameOf(destination, key);
      for (;;) {
        signal.throwIfAborted();
        const value = await textOf(namespace.cache, name);
        if (value !== null) return { value };
        const answer = await tryLease(name, namespace, signal);
        if (answer !== null) return answer;
        await leases.untilFree(name, signal); // (HC1)
      }
    },
    async 'cache.release'({ key, lease }, { destination }) {
      release(nameOf(destination, key), lease, await namespaces.of(destination));
      return {};
    },
    entriesOf: destination => namespaces.known.get(destination)?.cache.getStats().size ?? 0,
  };
}

/** The name of the destination is in it, so that an operator can tell whose it is. (HC3) */
function nameOf(destination: string, key: string): string {
  return `ackline:cache:${destination}:${hash('sha256', key, 'base64url')}`;
}

async function textOf(cache: TwoTierCache, name: string): Promise<string | null> {
  const found = await cache.get(name);
  return typeof found === 'string' ? found : null;
}
