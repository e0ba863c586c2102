import { FAILED, type RedisGate } from '@ackline/shared/cache/redis-gate';
import { createBoundedMap } from '@ackline/shared/bounded-map';
import type { Redis } from 'ioredis';

/**
 * The whole state of a key is the time at which all that it was given will be done, so that a backlog of any length costs as much as
 * none. The time of Redis is used, not that of the processes. A value that can't be ours counts as none.
 */
const RESERVE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local spacing, burst, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local done = tonumber(redis.call('GET', KEYS[1]) or now) or now
if not (done > now and done <= now + burst + longest) then done = now end
done = done + spacing
local wait = math.max(0, math.ceil(done - burst - now))
if wait > longest then return longest - wait end
redis.call('SET', KEYS[1], string.format('%.3f', done), 'PX', math.ceil(done - now))
return wait
`;

export interface ReservedTimesDeps {
  /** null: each process counts alone. */
  readonly redis: { readonly client: Redis; readonly gate: RedisGate } | null;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Keys that are counted in memory. */
  readonly maxKeys: number;
}

export interface Pace {
  /** Stands before each key in Redis. */
  readonly prefix: string;
  /** From one to the next, on average over time. */
  readonly spacingMs: number;
  /** So much of that time may be used at once: `spacingMs` for one at a time. */
  readonly burstMs: number;
  /** Nothing waits for longer. */
  readonly longestMs: number;
}

/** Gives each call of a key its time. */
export interface ReservedTimes {
  /**
   * Milliseconds until the time that is now reserved, 0 for at once. Where that would be over the longest, nothing is reserved, and the
   * milliseconds until there is room again come as a negative number. In Redis while it answers, else in memory, which goes on from what
   * Redis said last. In memory the key that was seen longest ago is forgotten when there are too many: it begins anew.
   */
  reserve(key: string): number | Promise<number>;
}

export function createReservedTimes(
  { prefix, spacingMs, burstMs, longestMs }: Pace,
  { redis, now, maxKeys }: ReservedTimesDeps,
): ReservedTimes {
  /** When all that a key was given will be done; epoch milliseconds. */
  const doneAt = createBoundedMap<number>(maxKeys);

  function inMemory(key: string): number {
    const at = now();
    const known = doneAt.get(key) ?? at;
    const isOurs = known > at && known <= at + burstMs + longestMs;
    const done = (isOurs ? known : at) + spacingMs;
    const wait = Math.max(0, Math.ceil(done - burstMs - at));
    if (wait > longestMs) return longestMs - wait;
    doneAt.set(key, done);
    return wait;
  }
  function answered(key: string, waitMs: number): number {
    if (waitMs > 0) doneAt.set(key, now() + waitMs + burstMs);
    return waitMs;
  }
  async function inRedis(key: string): Promise<number> {
    if (redis?.client.status !== 'ready') throw new Error('Redis is not connected');
    const waitMs = await redis.client.eval(RESERVE, 1, prefix + key, spacingMs, burstMs, longestMs);
    if (typeof waitMs === 'number' && waitMs <= longestMs) return waitMs;
    throw new Error('Redis answered with something else than a time');
  }

  return {
    reserve(key) {
      if (redis === null) return inMemory(key);
      const asked = redis.gate.ask(() => inRedis(key));
      if (asked === FAILED) return inMemory(key);
      return asked.then(waitMs => (waitMs === FAILED ? inMemory(key) : answered(key, waitMs)));
    },
  };
}
