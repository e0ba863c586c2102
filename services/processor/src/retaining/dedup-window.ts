import { DAY_MS } from '@ackline/shared/config/units';

/** `retention.ms` of a topic that keeps records without end. */
export const WITHOUT_END = -1;
/** A topic may say 292 million years; PostgreSQL's times end before. */
const LONGEST_MS = 36_500 * DAY_MS;

/**
 * How long dedup keys are kept. A record that is in Kafka still may be read again: its key outlives it by a day (A2), since a
 * broker removes what is over when it comes to it. Of a topic without end no key could ever go; there the configuration alone counts.
 */
export function dedupWindowMs(configuredMs: number, topicRetentionMs: number | null): number {
  if (topicRetentionMs === null || topicRetentionMs === WITHOUT_END) return configuredMs;
  return Math.min(Math.max(configuredMs, topicRetentionMs + DAY_MS), LONGEST_MS);
}
