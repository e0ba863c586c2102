/**
 * Who makes days and removes what was kept for long enough: one processor at a time, the one that has the lock. It keeps that with its
 * connection from round to round, and what its parts know (how far they have come, how long they wait for a lock) lives as long. When
 * the connection ends, with its process or since that stands still, another processor takes the lock within minutes and begins anew.
 *
 * The parts in `retaining/` say when, how much at once, and how patiently. What is safe to remove, and how, is the store's:
 * `day-partitions.ts`, `retention.ts` (T), `kept-sweep.ts` and `event-keys.ts`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { createKeptLock } from '@ackline/store/advisory-lock';
import type { Pool, PoolClient } from 'pg';
import { createDayMaking } from './retaining/day-making.ts';
import { createDaySweep, type DaySweep, type StuckDay } from './retaining/day-sweep.ts';
import { createKeptSweep } from './retaining/kept-sweep.ts';
import { createKeySweep, type KeySweepDeps } from './retaining/key-sweep.ts';

/** What failed is tried again so much later; so is the lock, by those that do not have it. */
const ROUND_EVERY_MS = 60_000;
/** Any number that nothing else in the database uses for an advisory lock. */
const RETENTION_LOCK = 4_207_151_894;

export interface RetentionDeps extends KeySweepDeps {
  /** Its own, of one connection with a long limit, which the server ends where it is idle for longer than some rounds. */
  readonly pool: Pool;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

export interface Retention extends Component {
  /** A day that this processor could not drop when it tried last; null: there is none, or another processor does it. */
  readonly stuck: StuckDay | null;
  /** Whether this processor is the one that does it. */
  round(signal: AbortSignal): Promise<boolean>;
  /** Ends what is under way, so that another processor can go on. */
  letGo(): void;
}

interface Term {
  readonly client: PoolClient;
  readonly days: DaySweep;
  readonly parts: readonly ((signal: AbortSignal) => Promise<void>)[];
}

/** Nothing waits for it, and nothing is lost where it is late. */
export function createRetention(deps: RetentionDeps): Retention {
  const lock = createKeptLock(deps.pool, RETENTION_LOCK);
  let term: Term | null = null;

  function begin(client: PoolClient): Term {
    const making = createDayMaking(deps);
    const days = createDaySweep(deps);
    const kept = createKeptSweep(deps);
    const keys = createKeySweep(deps);
    const parts: Term['parts'] = [
      () => making.make(client),
      signal => days.sweep(client, signal),
      signal => kept.sweep(client, signal),
      signal => keys.sweep(client, signal),
    ];
    return { client, days, parts };
  }

  async function workOnce(signal: AbortSignal): Promise<boolean> {
    const client = await lock.hold();
    if (client === null) term = null;
    else if (term?.client !== client) term = begin(client);
    if (term === null) return false;
    for (const part of term.parts) {
      if (signal.aborted) break;
      // One that fails holds up no other.
      await part(signal).catch((error: unknown) => {
        if (!signal.aborted) deps.log.error({ err: error }, 'retention.failed');
      });
    }
    return true;
  }

  /** A statement of this connection may last longer than a drain. PostgreSQL ends it at its limit; what it did not do is done later. */
  async function round(signal: AbortSignal): Promise<boolean> {
    const letGo = () => lock.letGo();
    signal.addEventListener('abort', letGo, { once: true });
    try {
      return await workOnce(signal);
    } finally {
      signal.removeEventListener('abort', letGo);
      if (signal.aborted) letGo();
    }
  }

  return {
    name: 'retention',
    get stuck() {
      return term?.days.stuck ?? null;
    },
    round,
    letGo: () => lock.letGo(),
    async run(signal) {
      while (!signal.aborted) {
        await delay(ROUND_EVERY_MS, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) break;
        await round(signal).catch((error: unknown) => {
          if (!signal.aborted) deps.log.error({ err: error }, 'retention.failed');
        });
      }
      lock.letGo();
    },
  };
}
