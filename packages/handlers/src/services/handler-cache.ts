import type { CacheTimes, HandlerCache } from '../handler-context.ts';
import { MAX_CACHED_BYTES } from '../thread/protocol.ts';
import type { Ask } from './ask.ts';
import { checkKey, jsonOf } from './once.ts';

const DEFAULT_TTL_MS = 300_000;
const DEFAULT_EMPTY_TTL_MS = 30_000;
const MAX_TTL_MS = 86_400_000;

/** Speed and nothing else depends on it: where the host, which counts what it finds, can't answer, nothing is in it. */
export function createHandlerCache(ask: Ask): HandlerCache {
  async function set(key: string, value: unknown, ttlMs: number, lease: string | null): Promise<void> {
    const json = jsonOf(value ?? null);
    const isKept = typeof json === 'string' && Buffer.byteLength(json) <= MAX_CACHED_BYTES;
    if (isKept)
      await ask('cache.set', { key, value: json, ttlMs: ttlOf(ttlMs), lease }).catch(() => undefined);
    else if (lease !== null) await release(key, lease);
    else await ask('cache.delete', { key }).catch(() => undefined); // what it replaces must not be given out
  }

  async function release(key: string, lease: string): Promise<void> {
    await ask('cache.release', { key, lease }).catch(() => undefined);
  }

  return {
    async get<T>(key: string) {
      checkKey('ctx.cache', key);
      const { value } = await ask('cache.get', { key }).catch(() => ({ value: null }));
      return value === null ? undefined : (JSON.parse(value) as T);
    },
    async set(key, value, { ttlMs = DEFAULT_TTL_MS } = {}) {
      checkKey('ctx.cache', key);
      await set(key, value, ttlMs, null);
    },
    async delete(key) {
      checkKey('ctx.cache', key);
      await ask('cache.delete', { key }).catch(() => undefined);
    },
    async getOrLoad<T>(key: string, load: () => Promise<T>, times: CacheTimes = {}) {
      checkKey('ctx.cache', key);
      const { ttlMs = DEFAULT_TTL_MS, emptyTtlMs = DEFAULT_EMPTY_TTL_MS } = times;
      const leased = await ask('cache.lease', { key }).catch(() => ({ lease: null }));
      if ('value' in leased) return JSON.parse(leased.value) as T;
      const { lease } = leased;
      try {
        const value = await load();
        const isEmpty = value === undefined || value === null;
        if (lease !== null) await set(key, value, isEmpty ? emptyTtlMs : ttlMs, lease);
        return value;
      } catch (error) {
        if (lease !== null) await release(key, lease);
        throw error;
      }
    },
  };
}

function ttlOf(ms: number): number {
  return Number.isFinite(ms) ? Math.min(Math.max(1, Math.round(ms)), MAX_TTL_MS) : DEFAULT_TTL_MS;
}
