/** Where reading a lane starts, and why it is not where it was left. */
export interface LaneStart {
  readonly offset: bigint;
  readonly reason: 'stored' | 'nothing-stored' | 'records-gone' | 'log-shorter';
}

/**
 * PostgreSQL's offset is the truth; Kafka's committed one is only its echo. Where it can't be read from, the earliest record
 * is: what was stored already is known by its dedup key.
 */
export function startOfLane(
  stored: bigint | null,
  log: { readonly low: bigint; readonly high: bigint },
): LaneStart {
  if (stored === null) return { offset: log.low, reason: 'nothing-stored' };
  if (stored < log.low) return { offset: log.low, reason: 'records-gone' };
  if (stored > log.high) return { offset: log.low, reason: 'log-shorter' };
  return { offset: stored, reason: 'stored' };
}
