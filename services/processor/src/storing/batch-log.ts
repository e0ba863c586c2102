import type { Logger } from '@ackline/runtime/logger';
import { AppError } from '@ackline/shared/app-error';
import type { Item } from './lane-item.ts';
import type { StoredBatch } from './store-events.ts';

/** What one transaction took out of the logs, and how long it took. */
export interface StoredFrom {
  readonly items: readonly Item[];
  readonly ms: number;
}

/** One wide line for each transaction that stores; `event` is its stable name. */
export function logStored(log: Pick<Logger, 'info'>, batch: StoredBatch, { items, ms }: StoredFrom): void {
  if (items.length === 0) return; // another processor has its lanes just now
  const lanes = [...new Set(items.map(item => item.place.lane))].sort((a, b) => a - b);
  log.info(
    {
      event: 'batch.stored',
      fromKafka: items.filter(item => item.place.kind === 'kafka').length,
      fromInbox: items.filter(item => item.place.kind === 'inbox').length,
      lanes,
      stored: batch.stored,
      duplicates: batch.duplicates,
      unrouted: batch.unrouted,
      quarantined: items.filter(item => item.kind === 'invalid').length,
      started: batch.starts.length,
      ms: Math.round(ms),
    },
    `Background processing completed: ${batch.stored} stored`,
  );
}

/** One for each that failed for good, and will be tried again. The code alone: what it says is in `err`. */
export function logStoreFailure(log: Pick<Logger, 'error'>, error: unknown): void {
  log.error({ event: 'batch.failed', err: error }, `Worker error processing webhook: ${codeOf(error)}`);
}

function codeOf(error: unknown): string {
  if (error instanceof AppError) return error.code;
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
