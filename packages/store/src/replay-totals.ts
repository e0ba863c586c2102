import type { Pool } from 'pg';
import { withProgress } from './replays.ts';

/** Counted up to here of each replay: what every processor asks for again and again has to stay cheap. */
const MOST_COUNTED = 10_000;
/** The ones that changed last: no operator has more under way. */
const MOST_REPLAYS = 100;
const LAST_CHANGED = `(select * from replays where state in ('trickle', 'running', 'stopped')
                        order by changed_at desc limit ${MOST_REPLAYS})`;

export type UnfinishedState = 'trickle' | 'running' | 'stopped';

/** All replays of a state together. */
export interface ReplayTotals {
  readonly state: UnfinishedState;
  readonly replays: number;
  readonly counted: number;
  readonly left: number;
  readonly skipped: number;
  /** Released: not finished, and never failed yet. */
  readonly underWay: number;
  /** Released: failed, and not finished. */
  readonly retrying: number;
  readonly parkedAgain: number;
  readonly delivered: number;
  readonly discarded: number;
}

/** What has become of the deliveries of replays that were started and have some left, by the replays' state. */
export async function readReplayTotals(queryable: Pick<Pool, 'query'>): Promise<readonly ReplayTotals[]> {
  const result = await queryable.query<ReplayTotals>(
    `select state, count(*)::int as replays, sum(counted)::float8 as counted,
            sum(counted - released - skipped)::float8 as left, sum(skipped)::float8 as skipped,
            sum(open - retrying)::float8 as "underWay", sum(retrying)::float8 as retrying,
            sum(parked_again)::float8 as "parkedAgain", sum(ever_delivered)::float8 as delivered,
            sum(ever_discarded)::float8 as discarded
       from ${withProgress(LAST_CHANGED, MOST_COUNTED)} progress
      group by state order by state`,
  );
  return result.rows;
}
