/** A duration of Prometheus, of one unit: `5m`, `90s`. */
const DURATION = /\d+(?:ms|[smhdwy])/;
const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

export interface ShortenOptions {
  /** Every `for`, range and offset is this many times shorter. */
  readonly factor: number;
  /** And none shorter than this: a rate needs two scrapes. */
  readonly leastMs: number;
  /** Thresholds of seconds that would have to be waited for, as they stand in the rules, and what they are instead. */
  readonly thresholds?: Readonly<Record<string, string>>;
}

/** The same rules, sooner: thresholds and labels stay. */
export function shortenRules(text: string, { factor, leastMs, thresholds = {} }: ShortenOptions): string {
  const shorten = (duration: string): string => `${Math.max(leastMs, Math.round(msOf(duration) / factor))}ms`;
  let shortened = text
    .replace(new RegExp(`(?<=\\bfor: )${DURATION.source}`, 'g'), duration => forMs(duration, factor))
    .replace(new RegExp(`(?<=\\[)${DURATION.source}(?=\\])`, 'g'), shorten)
    .replace(new RegExp(`(?<=\\boffset )${DURATION.source}`, 'g'), shorten);
  for (const [from, to] of Object.entries(thresholds)) {
    if (!shortened.includes(from)) throw new Error(`the rules have no "${from}"`);
    shortened = shortened.replaceAll(from, to);
  }
  return shortened;
}

/** A `for` needs no scrapes. */
function forMs(duration: string, factor: number): string {
  return `${Math.round(msOf(duration) / factor)}ms`;
}

function msOf(duration: string): number {
  const [, count = '', unit = ''] = /^(\d+)(\D+)$/.exec(duration) ?? [];
  return Number(count) * (UNIT_MS[unit] ?? Number.NaN);
}
