import type { Logger } from '@ackline/runtime/logger';
import { FOLDS, type Fold, foldEdge, foldTotals, sweepTotals } from '@ackline/store/totals';
import type { Pool } from 'pg';

/** Of the time that rows are of: a term's first round may have a month of minutes to fold. */
const FOLDED_A_STATEMENT_MS = 86_400_000;

/**
 * Removes totals that are too old, and folds the others as they age (MT3). What was folded in this term is not looked at again. A fold
 * that fails stands where it is, and the other one goes on: what is not folded is as true, and goes when it is too old.
 */
export function createTotalsSweep({ log }: { readonly log: Pick<Logger, 'error'> }): {
  sweep(queryable: Pick<Pool, 'query'>, signal: AbortSignal): Promise<void>;
} {
  const folded = new Map<Fold, Date>();

  async function foldAged(queryable: Pick<Pool, 'query'>, fold: Fold, signal: AbortSignal): Promise<void> {
    const edge = await foldEdge(queryable, fold);
    let from = folded.get(fold) ?? edge.from;
    while (from < edge.until && !signal.aborted) {
      const until = new Date(Math.min(from.getTime() + FOLDED_A_STATEMENT_MS, edge.until.getTime()));
      await foldTotals(queryable, fold, { from, until });
      folded.set(fold, until);
      from = until;
    }
  }

  return {
    async sweep(queryable, signal) {
      await sweepTotals(queryable);
      for (const fold of FOLDS) {
        await foldAged(queryable, fold, signal).catch((error: unknown) => {
          if (!signal.aborted) log.error({ err: error, grain: fold.grain }, 'retention.totals-failed');
        });
      }
    },
  };
}
