import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { HandlerServices } from '@ackline/handlers/thread/protocol';
import type { RedisConnection } from '@ackline/runtime/redis/connect-redis';
import { createReservedTimes, type ReservedTimes } from '@ackline/runtime/redis/reserved-times';
import { createBoundedMap } from '@ackline/shared/bounded-map';

/** A time that is so near is waited for here, so that those who wait for one key come in turn, and do not all ask again at once. */
const LONGEST_WAIT_MS = 1_000;
/** Paces that handlers ask for: those of a few APIs. */
const MAX_PACES = 1_000;
/** Keys of a pace in memory: chats of a bot. */
const MAX_KEYS = 10_000;

export interface LimitServiceDeps {
  /** Connects when it is asked first; null: each processor counts alone. */
  readonly redis: () => Promise<Pick<RedisConnection, 'client' | 'gate'> | null>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Limits of others' APIs, over all processors: one call at a time, and the next one its part of `perMs` later. */
export function createLimitService({ redis, now }: LimitServiceDeps): Pick<HandlerServices, 'limit.take'> {
  const paces = createBoundedMap<ReservedTimes>(MAX_PACES);

  async function paceOf(points: number, perMs: number): Promise<ReservedTimes> {
    const connection = await redis();
    const spacingMs = perMs / points;
    const id = String(spacingMs);
    const known = paces.get(id);
    if (known !== undefined) return known;
    const made = createReservedTimes(
      { prefix: 'ackline:pace:', spacingMs, burstMs: spacingMs, longestMs: LONGEST_WAIT_MS },
      { redis: connection, now, maxKeys: MAX_KEYS },
    );
    paces.set(id, made);
    return made;
  }

  return {
    async 'limit.take'({ key, points, perMs }, { signal }) {
      const pace = await paceOf(points, perMs);
      const waitMs = await pace.reserve(hash('sha256', `${perMs / points} ${key}`, 'base64url'));
      if (waitMs < 0) return { waitMs: -waitMs };
      if (waitMs > 0) await delay(waitMs, undefined, { signal });
      return { waitMs: 0 };
    },
  };
}
