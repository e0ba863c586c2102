import { randomUUID } from 'node:crypto';
import { guardPool, type PostgresGuard } from '@ackline/eventlog/postgres-guard';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { createMinuteRecord, type MinuteRecord } from '@ackline/runtime/minute-record';
import type { FairShare } from '@ackline/shared/fair-share';
import { readProcessorStates } from '@ackline/store/processors';
import { removeSecretWatcher, writeSecretUses } from '@ackline/store/secret-uses';
import { addTotals } from '@ackline/store/totals';
import type { Pool, PoolClient } from 'pg';
import type { FetchedKeys } from '../certificates/published-keys.ts';
import { createSharedCertificates } from '../certificates/shared-certificates.ts';
import type { IngressMetrics, Shown } from '../metrics/ingress-metrics.ts';
import type { MinuteTally } from '../metrics/minute-tally.ts';
import type { SecretTally } from '../metrics/secret-tally.ts';
import { keeperOfRejections } from '../rejections/open-keeper.ts';
import type { RejectionKeeper } from '../rejections/rejection-keeper.ts';
import type { Sources } from '../sources/sources.ts';
import { createProcessorStates, type Processing, type ProcessorStates } from './processor-states.ts';
import { createSecretRecord } from './secret-record.ts';
import { createSideConnection, type SideConnection } from './side-connection.ts';
import { readTroubledDestinations } from './troubled-destinations.ts';

export interface SideWorkParts {
  readonly pool: Pool;
  readonly guard: PostgresGuard;
  readonly keys: FetchedKeys;
  readonly sources: Sources;
  readonly shown: Shown;
  readonly secretTally: SecretTally;
  readonly minutes: MinuteTally;
  readonly metrics: IngressMetrics;
  readonly bodyMemory: FairShare;
  readonly log: Logger;
}

/** All that an ingress asks of PostgreSQL beside events, and no request waits for. */
export interface SideWork {
  readonly states: ProcessorStates;
  readonly rejections: RejectionKeeper;
  /** These, and what nobody asks anything. */
  readonly components: readonly Component[];
  /** Tells what was counted last, once these have ended and nothing is answered any more. */
  end(): Promise<void>;
}

export function createSideWork(parts: SideWorkParts): SideWork {
  const { pool, guard, keys, sources, log } = parts;
  const side = createSideConnection(pool);
  const states = createProcessorStates({ read: () => side(client => readProcessing(client, sources)), log });
  const rejections = keeperOfRejections({ ...parts, side });
  const certificates = createSharedCertificates({
    keys,
    side: work => side(client => work(guardPool(client, guard))),
    log,
  });
  const totals = totalsOf(parts, side);
  const components = [states, recordOf(parts, side), totals, certificates, rejections];
  return { states, rejections, components, end: () => totals.end() };
}

async function readProcessing(client: PoolClient, { declared }: Sources): Promise<Processing> {
  const processors = await readProcessorStates(client);
  const destinations = await readTroubledDestinations(client, declared.current.ackline.destinations);
  return { processors, destinations };
}

function totalsOf({ guard, sources, minutes, log }: SideWorkParts, side: SideConnection): MinuteRecord {
  return createMinuteRecord({
    name: 'minute-totals',
    take: () => minutes.take(sources.declared.current.ackline.sources),
    write: (at, totals) => side(client => addTotals(guardPool(client, guard), at, totals)),
    log,
  });
}

function recordOf({ guard, shown, secretTally: tally, log }: SideWorkParts, side: SideConnection): Component {
  const watcher = randomUUID();
  return createSecretRecord({
    tally,
    shown,
    write: (told, isLast) =>
      side(async client => {
        const guarded = guardPool(client, guard);
        await writeSecretUses(guarded, told, watcher);
        if (isLast) await removeSecretWatcher(guarded, watcher);
      }),
    log,
  });
}
