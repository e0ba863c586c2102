/**
 * A list that is filtered looks at so many rows and no more, whatever the filter leaves of them: so a page costs the same for a
 * filter that nothing matches. Each statement gives the rows that it found and, last, the end of the look with their number.
 */
export interface LookedRow {
  /** false: it is the last row that was looked at. */
  readonly isFound: boolean;
  /** Of the last row: how many were looked at. */
  readonly looked: number;
}

export interface Page<Row> {
  readonly found: readonly Row[];
  /** A next page begins behind it; null: there is none. */
  readonly last: Row | null;
  /** The page was not filled, and there is more. */
  readonly isCut: boolean;
}

export interface LookBounds<Row> {
  readonly limit: number;
  readonly lookedAt: number;
  /** Tells rows apart. */
  readonly keyOf: (row: Row) => string;
}

export function pageOf<Row extends LookedRow>(
  rows: readonly Row[],
  { limit, lookedAt, keyOf }: LookBounds<Row>,
): Page<Row> {
  const found = rows.filter(row => row.isFound);
  const end = rows.find(row => !row.isFound);
  if (end === undefined) return { found, last: null, isCut: false };
  const lookedAtAll = end.looked < lookedAt;
  const lastFound = found.at(-1);
  if (found.length < limit || lastFound === undefined) {
    return { found, last: lookedAtAll ? null : end, isCut: !lookedAtAll };
  }
  const isEnd = lookedAtAll && keyOf(lastFound) === keyOf(end);
  return { found, last: isEnd ? null : lastFound, isCut: false };
}
