import {
  type BatchRecord,
  type Merge,
  type Placement,
  placeInboxRows,
  rowsWithinBytes,
  type WaitingRow,
} from './merge-inbox.ts';

/** A waiting inbox row as it was looked at, without its bytes. */
export interface PeekedRow extends WaitingRow {
  readonly bodyBytes: number;
}

/** What one transaction takes of the inbox at most: the rows that were looked at, and their bodies. */
export interface RowLimits {
  readonly rows: number;
  readonly bytes: number;
}

/** What one transaction stores of a Kafka batch. */
export type KafkaPlan =
  /** All of its records, and of the waiting rows of their keys these, each before its record. */
  | ({ readonly kind: 'whole' } & Merge)
  /** Only these rows, which come before the batch: there are more than one transaction takes. */
  | { readonly kind: 'rows-first'; readonly rows: readonly Placement[] }
  /** Nothing: fewer records have fewer keys, and so fewer rows. */
  | { readonly kind: 'halve' };

/** `waiting`: the first rows of the batch's keys, `limits.rows` of them at most. Pure. */
export function planKafkaStep(
  records: readonly BatchRecord[],
  waiting: readonly PeekedRow[],
  limits: RowLimits,
): KafkaPlan {
  const seen = rowsWithinBytes(waiting, limits.bytes);
  const merge = placeInboxRows(seen, records);
  const mayBeMore = seen.length < waiting.length || waiting.length === limits.rows;
  if (!mayBeMore || waiting.length === 0) return { kind: 'whole', ...merge };
  const early = merge.rows.filter(row => row.beforeOffset === records[0]?.offset);
  if (early.length > 0) return { kind: 'rows-first', rows: early };
  if (records.length > 1) return { kind: 'halve' };
  // One key, none of whose rows comes before its record: nor do those that were not seen.
  return { kind: 'whole', ...merge, rows: [] };
}
