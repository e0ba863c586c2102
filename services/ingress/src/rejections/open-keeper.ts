import type { Logger } from '@ackline/runtime/logger';
import type { FairShare } from '@ackline/shared/fair-share';
import { providers } from '@ackline/shared/providers/registry';
import { insertRejection, type KeptRejection, sweepRejections } from '@ackline/store/rejections';
import type { Pool } from 'pg';
import type { PostgresGuard } from '@ackline/eventlog/postgres-guard';
import { BODY_BUDGET_BYTES } from '../http/public-port.ts';
import type { IngressMetrics } from '../metrics/ingress-metrics.ts';
import type { SideConnection } from '../side/side-connection.ts';
import type { Sources } from '../sources/sources.ts';
import { createRejectionKeeper, type RejectionKeeper } from './rejection-keeper.ts';

/** Where no processor runs, or none for long: a process leaves so many beyond the bounds at most. The first one of each process too. */
const SWEEP_EVERY = 50;

interface KeeperParts {
  readonly sources: Sources;
  readonly metrics: IngressMetrics;
  readonly bodyMemory: FairShare;
  readonly pool: Pick<Pool, 'waitingCount'>;
  readonly side: SideConnection;
  readonly guard: Pick<PostgresGuard, 'isGood'>;
  readonly log: Logger;
}

/** The keeper of this ingress: its table, its secrets, and the memory that bodies share. */
export function keeperOfRejections({
  sources,
  metrics,
  bodyMemory,
  pool,
  side,
  guard,
  log,
}: KeeperParts): RejectionKeeper {
  return createRejectionKeeper({
    insert: insertBounded(side),
    isPostgresShort: () => !guard.isGood || pool.waitingCount > 0,
    memory: bodyMemory,
    spareBytes: BODY_BUDGET_BYTES / 2,
    secretsOf: source => sources.secrets.resolve(source.secrets),
    sources: () => sources.declared.current.ackline.sources,
    providers,
    counts: metrics.rejectionKeeping,
    log,
  });
}

/** Its row, and before some of them the removal of what is over the bounds. */
function insertBounded(side: SideConnection): (row: KeptRejection) => Promise<void> {
  let kept = 0;
  return async row => {
    await side(async client => {
      if (kept % SWEEP_EVERY === 0) await sweepRejections(client);
      await insertRejection(client, row);
    });
    kept += 1;
  };
}
