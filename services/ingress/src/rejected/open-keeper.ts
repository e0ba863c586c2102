import type { Logger } from '@ackline/runtime/logger';
import type { FairShare } from '@ackline/shared/fair-share';
import { providers } from '@ackline/shared/providers/registry';
import { insertRejected } from '@ackline/store/rejected-requests';
import type { Pool } from 'pg';
import type { PostgresGuard } from '@ackline/eventlog/postgres-guard';
import type { IngressMetrics } from '../ingress-metrics.ts';
import { BODY_BUDGET_BYTES } from '../public-port.ts';
import type { Sources } from '../sources.ts';
import { createRejectionKeeper, type RejectionKeeper } from './rejection-keeper.ts';

interface KeeperParts {
  readonly sources: Sources;
  readonly metrics: IngressMetrics;
  readonly bodyMemory: FairShare;
  readonly pool: Pool;
  readonly guard: Pick<PostgresGuard, 'isGood'>;
  readonly log: Logger;
}

/** The keeper of this ingress: its table, its secrets, and the memory that bodies share. */
export function keeperOfRejected({
  sources,
  metrics,
  bodyMemory,
  pool,
  guard,
  log,
}: KeeperParts): RejectionKeeper {
  return createRejectionKeeper({
    insert: row => insertRejected(pool, row),
    isPostgresShort: () => !guard.isGood || pool.waitingCount > 0,
    memory: bodyMemory,
    spareBytes: BODY_BUDGET_BYTES / 2,
    secretsOf: source => sources.secrets.resolve(source.secrets),
    sources: () => sources.declared.current.ackline.sources,
    providers,
    counts: metrics.rejectedKeeping,
    log,
  });
}
