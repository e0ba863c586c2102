import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

/** From the loss of the connection to the next try. */
const RECONNECT_MS = 2_000;
/** A connection on which nothing comes may be dead: it is asked this often. */
const CHECK_EVERY_MS = 15_000;
const LIMIT_MS = 5_000;

export interface NoticesOptions {
  readonly connectionString: string;
  /** Shown by pg_stat_activity. */
  readonly applicationName: string;
  /** Names as PostgreSQL's own, without quotes. */
  readonly channels: readonly string[];
  /** Somebody told something on this channel. */
  readonly onNotice: (channel: string) => void;
  /** From here on notices are heard; what was told before was missed. */
  readonly onConnected: () => void;
  /** Once for each time, however many tries it takes to connect again. */
  readonly onLost: (error: unknown) => void;
}

/**
 * Hears what others say on PostgreSQL's channels, on a connection of its own that is opened again whenever it is lost. Behind a pooler of
 * transactions nothing is heard: notices make news faster, and nobody may rely on them.
 */
export interface Notices {
  run(signal: AbortSignal): Promise<void>;
}

export function createNotices(options: NoticesOptions): Notices {
  return {
    async run(signal) {
      let isLost = false;
      while (!signal.aborted) {
        const heard = () => {
          isLost = false;
          options.onConnected();
        };
        try {
          await hear(options, heard, signal);
        } catch (error) {
          if (!isLost) options.onLost(error);
          isLost = true;
        }
        await delay(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

/** Until the signal; rejects when the connection is lost. */
async function hear(options: NoticesOptions, onListening: () => void, signal: AbortSignal): Promise<void> {
  const client = new pg.Client({
    connectionString: options.connectionString,
    application_name: options.applicationName,
    connectionTimeoutMillis: LIMIT_MS,
    query_timeout: LIMIT_MS,
    keepAlive: true,
  });
  const lost = new AbortController();
  client.on('error', () => lost.abort()); // the next query rejects
  client.on('notification', ({ channel }) => options.onNotice(channel));
  try {
    await client.connect();
    for (const channel of options.channels) await client.query(`listen ${channel}`);
    onListening();
    const either = AbortSignal.any([signal, lost.signal]);
    while (!signal.aborted) {
      await delay(CHECK_EVERY_MS, undefined, { signal: either }).catch(() => undefined);
      if (!signal.aborted) await client.query('select 1');
    }
  } finally {
    // One that hangs ends with the process.
    await Promise.race([client.end().catch(() => undefined), delay(LIMIT_MS, undefined, { ref: false })]);
  }
}
