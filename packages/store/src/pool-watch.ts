import type { Pool } from 'pg';

export interface PoolWatcher {
  /** A caller found no idle connection, and has one now. */
  waited(ms: number): void;
  /** It got none: none was free in time, or the server gave none. */
  failed(): void;
}

/**
 * Tells the watcher of each caller that has to wait for a connection. `query` takes its connection by `connect` too. Who finds
 * an idle one costs no look at the clock.
 */
export function watchPool(pool: Pool, watcher: PoolWatcher): void {
  const connect = pool.connect.bind(pool);

  function watched(callback?: Parameters<Pool['connect']>[0]) {
    // Those that came before in this turn are still in the queue for what is idle.
    if (pool.idleCount > pool.waitingCount) return callback === undefined ? connect() : connect(callback);
    const startedAt = performance.now();
    const ended = (error: unknown) => {
      if (error === undefined || error === null) watcher.waited(performance.now() - startedAt);
      else watcher.failed();
    };
    if (callback === undefined) {
      const connecting = connect();
      void connecting.then(() => ended(null), ended);
      return connecting;
    }
    return connect((error, client, release) => {
      ended(error);
      callback(error, client, release);
    });
  }

  Object.assign(pool, { connect: watched });
}
