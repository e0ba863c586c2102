/** A waiting inbox row, in the order of appending. */
export interface WaitingRow {
  readonly n: string;
  readonly keyHash: number;
  /** The greatest Kafka offset that was acked before this row was appended, as far as its ingress knew. */
  readonly afterOffset: bigint;
}

/** Inbox rows to store before the Kafka record of this offset. */
export interface Placement {
  readonly beforeOffset: bigint;
  readonly n: string;
}

/**
 * Where the waiting rows of a Kafka batch's keys belong in it. A row comes after every record that was acked before it,
 * and before the rest; rows of one key keep their own order. A row that belongs behind the whole batch stays in the inbox,
 * and so do the later rows of its key: a later batch takes them, or the inbox's own consumer.
 */
export function placeInboxRows(
  rows: readonly WaitingRow[],
  offsets: readonly bigint[],
): readonly Placement[] {
  const reached = new Map<number, bigint>();
  const placements: Placement[] = [];
  for (const row of rows) {
    const earlier = reached.get(row.keyHash) ?? -1n;
    const after = row.afterOffset > earlier ? row.afterOffset : earlier;
    reached.set(row.keyHash, after);
    const beforeOffset = offsets.find(offset => offset > after);
    if (beforeOffset !== undefined) placements.push({ beforeOffset, n: row.n });
  }
  return placements;
}

/**
 * Rows whose bodies fit together, in order. What does not fit stays, with the later rows of its key; smaller ones of other keys
 * go past it (A6). At least one, so that a large one passes too.
 */
export function rowsWithinBytes<Row extends { readonly keyHash: number; readonly bodyBytes: number }>(
  rows: readonly Row[],
  maxBytes: number,
): readonly Row[] {
  const left = new Set<number>();
  let total = 0;
  const within = rows.filter(({ keyHash, bodyBytes }) => {
    if (left.has(keyHash) || total + bodyBytes > maxBytes) {
      left.add(keyHash);
      return false;
    }
    total += bodyBytes;
    return true;
  });
  return within.length > 0 ? within : rows.slice(0, 1);
}
