const HOUR_MS = 3_600_000;
/** The API takes up to 30 days, by a clock that may be a little before this one. */
const CLOCKS_MS = 5 * 60_000;

export interface Range {
  /** In the URL; the first one is not there. */
  readonly name: string;
  readonly text: string;
  readonly ms: number;
}

const HOUR: Range = { name: '1h', text: '1 hour', ms: HOUR_MS };

export const RANGES: readonly Range[] = [
  HOUR,
  { name: '6h', text: '6 hours', ms: 6 * HOUR_MS },
  { name: '24h', text: '24 hours', ms: 24 * HOUR_MS },
  { name: '7d', text: '7 days', ms: 7 * 24 * HOUR_MS },
  { name: '30d', text: '30 days', ms: 30 * 24 * HOUR_MS - CLOCKS_MS },
];

/** The first one, where the URL says none that there is. */
export function rangeOf(name: string | undefined): Range {
  return RANGES.find(range => range.name === name) ?? HOUR;
}
