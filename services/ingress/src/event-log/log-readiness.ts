import type { PostgresGuard } from '@ackline/eventlog/postgres-guard';
import type { HealthState } from '@ackline/runtime/health';
import type { SourceConfig } from '@ackline/shared/config/types';

/**
 * Whether requests should come here, as far as the logs go. Where a source takes the loss (`onUndurable: 200`) they should, also
 * without a log: a Service without ready endpoints answers nobody, and its proxy's 502 is what such a source must never give.
 */
export function logReadiness(
  isDurable: boolean,
  sources: readonly Pick<SourceConfig, 'onUndurable'>[],
): HealthState {
  if (isDurable) return { ok: true };
  const takesLoss = sources.some(({ onUndurable }) => onUndurable === 200);
  const detail = 'no durable log answers';
  if (!takesLoss) return { ok: false, detail };
  return { ok: true, detail: `${detail}; ready for sources with onUndurable: 200` };
}

/** Shown, and no reason for itself to send requests elsewhere: `event-log` says whether another tier takes events. */
export function postgresReadiness({
  isGood,
  failure,
}: Pick<PostgresGuard, 'isGood' | 'failure'>): HealthState {
  return isGood ? { ok: true } : { ok: true, detail: `takes no event yet (${failure ?? 'no answer'})` };
}
