import type { Pool } from 'pg';

/**
 * Whether PostgreSQL takes appends, as far as is known. Once an append fails it is asked every second until it answers: a
 * process that is not ready gets no events, and would never learn from them.
 */
export interface InboxReachability {
  readonly ok: boolean;
  succeeded(): void;
  failed(): void;
  close(): void;
}

const PROBE_EVERY_MS = 1_000;

export function createInboxReachability(pool: Pick<Pool, 'query'>): InboxReachability {
  let ok = true;
  let closed = false;
  let timer: NodeJS.Timeout | null = null;

  function succeeded(): void {
    ok = true;
    if (timer !== null) clearTimeout(timer);
    timer = null;
  }

  function probeLater(): void {
    if (closed || timer !== null) return;
    timer = setTimeout(() => {
      pool.query('select 1').then(succeeded, () => {
        timer = null;
        probeLater();
      });
    }, PROBE_EVERY_MS);
    timer.unref();
  }

  return {
    get ok() {
      return ok;
    },
    succeeded,
    failed() {
      ok = false;
      probeLater();
    },
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
