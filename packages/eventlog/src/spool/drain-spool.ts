import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@ackline/shared/app-error';
import type { ComposedLog } from '../composed-log.ts';
import { connectEventLog, type EventLogOptions } from '../connect-event-log.ts';
import { connectPostgresGuard, type PostgresGuardDeps } from '../postgres-guard.ts';
import { listSpoolFiles } from './spool-directory.ts';
import type { SpoolSnapshot } from './spool-gauge.ts';

export interface SpoolDrainOptions extends Pick<EventLogOptions, 'kafka' | 'pool' | 'log'> {
  /** It has to be there: an empty one that was made for a typing error would look like a spool that is drained. */
  readonly directory: string;
  /** As of the guard of PostgreSQL: nothing goes there before it was found good (A1). */
  readonly checkPostgres: PostgresGuardDeps['check'];
  /** Gives up when no log has taken an event for so long. */
  readonly patienceMs: number;
  readonly onProgress: (progress: SpoolDrainProgress) => void;
}

export interface SpoolDrainProgress {
  /** Events that another log has now. */
  readonly taken: number;
  /** Those of the files that are open; more files may wait for their turn. */
  readonly left: number;
}

export interface SpoolDrained {
  readonly taken: number;
  /** Spool files that are still in the directory: none where all of it was taken. */
  readonly files: readonly string[];
  /** Before the files were closed. */
  readonly spool: Pick<SpoolSnapshot, 'events' | 'leftovers' | 'corruptFiles' | 'quarantined'>;
}

const LOOK_EVERY_MS = 200;
/** As an ingress has them: a broker that fails ten times in a row is left alone, and asked again while rows wait. */
const BREAKER = { failures: 10, resetMs: 5_000 };
/** Nothing is written into the spool but a probe: what it may hold, and for how long, is of no concern. */
const BOUNDS = { maxBytes: Number.MAX_SAFE_INTEGER, maxAgeMs: Number.MAX_SAFE_INTEGER, allowEphemeral: true };

/**
 * Takes what processes that are gone have left in a spool to Kafka or else the inbox, as their ingress would have done, and ends:
 * once no file is left, once what is left can't be taken (damaged files, rows that were quarantined), or when nothing moves.
 * Killed at any moment it loses nothing (SP14). Throws as `connectEventLog` does, and what the guard refuses.
 */
export async function drainSpool(options: SpoolDrainOptions): Promise<SpoolDrained> {
  const { directory, kafka, pool, log, checkPostgres, patienceMs, onProgress } = options;
  await assertDirectory(directory);
  const guard = await connectPostgresGuard({ check: checkPostgres, log });
  const refused = { error: null as unknown };
  const moved = { taken: 0, at: performance.now() };
  const eventLog = await connectEventLog({
    kafka,
    pool,
    guard: {
      get isGood() {
        return guard.isGood;
      },
      heard(error) {
        if (error instanceof AppError) refused.error = error;
      },
    },
    spool: { directory, ...BOUNDS },
    breaker: BREAKER,
    log,
    onRelayed() {
      moved.taken += 1;
      moved.at = performance.now();
    },
  });
  moved.at = performance.now(); // a broker that is away takes seconds of its own
  const stop = new AbortController();
  guard.untilGood(stop.signal).catch((error: unknown) => {
    refused.error = error;
  });
  try {
    for (;;) {
      if (refused.error !== null) throw refused.error;
      const spool = spoolOf(eventLog);
      onProgress({ taken: moved.taken, left: spool.events });
      const isOver = isDone(spool, await listSpoolFiles(directory));
      if (isOver || performance.now() - moved.at > patienceMs) {
        await eventLog.close();
        const files = [...(await listSpoolFiles(directory)).keys()];
        return { taken: moved.taken, files, spool: describeLeft(spool, files.length) };
      }
      await delay(LOOK_EVERY_MS);
    }
  } finally {
    stop.abort();
    await eventLog.close();
  }
}

/** Nothing is left that could still be taken. Bytes are there once the spool has looked at what is in the directory itself. */
function isDone({ events, leftovers, bytes }: SpoolSnapshot, files: ReadonlyMap<string, number>): boolean {
  return files.size === 0 || (events === 0 && leftovers === 0 && bytes > 0);
}

/** The spool lists its directory once a second: what is gone since may still be counted. */
function describeLeft(spool: SpoolSnapshot, files: number): SpoolDrained['spool'] {
  const { events, leftovers, corruptFiles, quarantined } = spool;
  const readable = Math.max(0, files - corruptFiles.length);
  return { events, leftovers: Math.min(leftovers, readable), corruptFiles, quarantined };
}

function spoolOf(eventLog: ComposedLog): SpoolSnapshot {
  const { spool } = eventLog.snapshot();
  if (spool === null) throw new AppError('ACKLINE_LOG_CLOSED');
  return spool;
}

async function assertDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch(() => null);
  if (found?.isDirectory() === true) return;
  throw new AppError('ACKLINE_SPOOL_NOT_DRAINED', `There is no directory ${directory}`);
}
