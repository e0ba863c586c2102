import type { Logger } from '@ackline/runtime/logger';
import type { DestinationConfig } from '@ackline/shared/config/types';
import type { Pool } from 'pg';
import type { ProcessorConfig } from '../config.ts';
import { warnOfScarceConnections } from '../connection-check.ts';
import { connectionsOf } from '../connect-store.ts';

/** Says where a reload wants more than PostgreSQL has room for. */
export interface ConnectionWatch {
  look(destinations: ReadonlyMap<string, DestinationConfig>): void;
}

export interface ConnectionWatchDeps {
  readonly config: Pick<ProcessorConfig, 'poolMax'>;
  readonly pool: Pool;
  readonly log: Pick<Logger, 'warn'>;
}

export function createConnectionWatch(
  { config, pool, log }: ConnectionWatchDeps,
  atStart: ReadonlyMap<string, DestinationConfig>,
): ConnectionWatch {
  let known = connectionsOf(config, atStart.values());
  return {
    look(destinations) {
      const max = connectionsOf(config, destinations.values());
      const isMore = max > known;
      known = max;
      if (!isMore) return;
      const own = { max, isAlive: true };
      warnOfScarceConnections(pool, own, log).catch((error: unknown) =>
        log.warn({ err: error }, 'postgres.connections-unread'),
      );
    },
  };
}
