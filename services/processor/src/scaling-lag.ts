import type { Intake } from './intake.ts';

/**
 * How old the oldest event is that more processors could have stored by now: 0 where they could not. Lanes that are stuck are left
 * out by the consumers. While PostgreSQL does not answer all of them are, and what waits then only gets older.
 */
export function scalingLagMs({ inbox, kafka }: ReturnType<Intake['snapshot']>, now: number): number {
  if (inbox === null || inbox.isFailing) return 0;
  const since = kafka?.movingSince ?? now;
  return Math.max(0, now - since, inbox.movingAgeMs);
}
