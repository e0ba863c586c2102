import { FOLDS, type Fold, foldEdge, foldTotals, sweepTotals } from '@ackline/store/totals';
import type { Pool } from 'pg';

/** Of the time that rows are of: a term's first round may have a month of minutes to fold. */
const FOLDED_A_STATEMENT_MS = 86_400_000;

/** Folds minutes of totals as they age, and removes what is too old (MT3). What was folded in this term is not looked at again. */
export function createTotalsSweep(): { sweep(queryable: Pick<Pool, 'query'>): Promise<void> } {
  const folded = new Map<Fold, Date>();
  return {
    async sweep(queryable) {
      for (const fold of FOLDS) {
        const edge = await foldEdge(queryable, fold);
        let from = folded.get(fold) ?? edge.from;
        while (from < edge.until) {
          const until = new Date(Math.min(from.getTime() + FOLDED_A_STATEMENT_MS, edge.until.getTime()));
          await foldTotals(queryable, fold, { from, until });
          folded.set(fold, until);
          from = until;
        }
      }
      await sweepTotals(queryable);
    },
  };
}
