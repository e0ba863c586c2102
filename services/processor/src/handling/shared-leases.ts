import type { RedisConnection } from '@ackline/runtime/redis/connect-redis';
import { FAILED } from '@ackline/shared/cache/redis-gate';
import { LEASE_MS } from './cache-leases.ts';

const PREFIX = 'ackline:lease:';
/** Ends it only where it is still that one's. */
const END = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** Who may make the value of a key, over all processors. Never rejects. */
export interface SharedLeases {
  /** unknown: Redis did not say. */
  take(name: string, lease: string): Promise<'taken' | 'held' | 'unknown'>;
  end(name: string, lease: string): Promise<void>;
}

export function createSharedLeases({ client, gate }: Pick<RedisConnection, 'client' | 'gate'>): SharedLeases {
  return {
    async take(name, lease) {
      const answer = await gate.ask(async () => {
        if (client.status !== 'ready') throw new Error('Redis is not connected');
        return client.set(PREFIX + name, lease, 'PX', LEASE_MS, 'NX');
      });
      if (answer === FAILED) return 'unknown';
      return answer === 'OK' ? 'taken' : 'held';
    },
    async end(name, lease) {
      await gate.ask(async () => {
        if (client.status !== 'ready') throw new Error('Redis is not connected');
        await client.eval(END, 1, PREFIX + name, lease);
      });
    },
  };
}
