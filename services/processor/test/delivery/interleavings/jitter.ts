import { setTimeout as delay } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';

const HELD_BACK = 0.25;
const LONGEST_MS = 4;

/**
 * Holds back some statements for a moment, within transactions too, so that their locks are held while others come: on an idle
 * server two transactions would seldom meet.
 */
export function jitter(pool: Pool, random: () => number): void {
  pool.on('connect', client => {
    const query = client.query.bind(client) as (...args: readonly unknown[]) => unknown;
    const later = (...args: readonly unknown[]): unknown => {
      if (random() >= HELD_BACK) return query(...args);
      const waited = delay(random() * LONGEST_MS);
      // The pool's own queries have a callback, and no use for what is returned.
      if (typeof args.at(-1) === 'function') return void waited.then(() => query(...args));
      return waited.then(() => query(...args));
    };
    client.query = later as PoolClient['query'];
  });
}
