import type { LimitConfig } from '@ackline/shared/config/types';
import { FAILED } from '@ackline/shared/cache/redis-gate';
import type { LimitVerdict } from '../http/webhook-ports.ts';
import { createBoundedMap } from './bounded-map.ts';
import type { LimitDeps, SourceLimit } from './refusing-limit.ts';

/** The processor lets nothing wait for longer, and a sender who is a day behind is told so. */
const LONGEST_DEFERRAL_MS = 24 * 60 * 60_000;

/**
 * Gives each event of a key its time: `max` at once, then one every `per / max`. The whole state of a key is the time at which
 * all that it was given will be done, so that a backlog of any length costs as much as none.
 *
 * The time of Redis is used, not that of the processes. A value that can't be ours counts as none. Returns how many
 * milliseconds the event has to wait, 0 for not at all; where that is over the longest deferral, nothing is reserved, and the
 * milliseconds until there is room again are returned as a negative number.
 */
const RESERVE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local max, per, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local done = tonumber(redis.call('GET', KEYS[1]) or now) or now
if not (done > now and done <= now + per + longest) then done = now end
done = done + per / max
local wait = math.max(0, math.ceil(done - per - now))
if wait > longest then return longest - wait end
redis.call('SET', KEYS[1], string.format('%.3f', done), 'PX', math.ceil(done - now))
return wait
`;

const WITHIN: LimitVerdict = { kind: 'within' };

/**
 * Accepts what is over, and says when it may be processed: in Redis while it answers, else in memory, which goes on from what
 * Redis said last. In memory the key that was seen longest ago is forgotten when there are too many: it begins anew.
 */
export function createDeferringLimit({ max, perMs }: LimitConfig, deps: LimitDeps): SourceLimit {
  const { redis, now } = deps;
  /** When all that a key was given will be done; epoch milliseconds. */
  const doneAt = createBoundedMap<number>(deps.maxKeys);

  function inMemory(key: string): LimitVerdict {
    const at = now();
    const known = doneAt.get(key) ?? at;
    const isOurs = known > at && known <= at + perMs + LONGEST_DEFERRAL_MS;
    const done = (isOurs ? known : at) + perMs / max;
    const wait = Math.max(0, Math.ceil(done - perMs - at));
    if (wait > LONGEST_DEFERRAL_MS) return verdict(LONGEST_DEFERRAL_MS - wait);
    doneAt.set(key, done);
    return verdict(wait);
  }
  function verdict(waitMs: number): LimitVerdict {
    if (waitMs === 0) return WITHIN;
    if (waitMs > 0) return { kind: 'defer', notBefore: now() + waitMs };
    return { kind: 'reject', retryAfterS: Math.ceil(-waitMs / 1_000) };
  }
  function answered(key: string, waitMs: number): LimitVerdict {
    if (waitMs > 0) doneAt.set(key, now() + waitMs + perMs);
    return verdict(waitMs);
  }

  return {
    take(key) {
      if (redis === null) return inMemory(key);
      const asked = redis.gate.ask(() => reserve(key));
      if (asked === FAILED) return inMemory(key);
      return asked.then(waitMs => (waitMs === FAILED ? inMemory(key) : answered(key, waitMs)));
    },
  };

  async function reserve(key: string): Promise<number> {
    if (redis?.client.status !== 'ready') throw new Error('Redis is not connected');
    const waitMs = await redis.client.eval(
      RESERVE,
      1,
      `ackline:defer:${key}`,
      max,
      perMs,
      LONGEST_DEFERRAL_MS,
    );
    if (typeof waitMs === 'number' && waitMs <= LONGEST_DEFERRAL_MS) return waitMs;
    throw new Error('Redis answered with something else than a time');
  }
}
