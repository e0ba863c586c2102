export const DAY_MS = 86_400_000;
const DURATION = /^(\d{1,12})(ms|s|m|h|d)$/;
const SIZE = /^(\d{1,12})(KiB|MiB|GiB)$/;

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: DAY_MS };
const BYTES_PER_UNIT: Readonly<Record<string, number>> = { KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 };

/** `250ms`, `5s`, `2m`, `1h`, `30d` in milliseconds; null for anything else. */
export function parseDuration(text: string): number | null {
  return parseUnit(text, DURATION, MS_PER_UNIT);
}

/** `512KiB`, `1MiB`, `1GiB` in bytes; null for anything else. */
export function parseSize(text: string): number | null {
  return parseUnit(text, SIZE, BYTES_PER_UNIT);
}

function parseUnit(text: string, form: RegExp, units: Readonly<Record<string, number>>): number | null {
  const match = form.exec(text);
  if (match === null) return null;
  const factor = units[match[2] ?? ''];
  return factor === undefined ? null : Number(match[1]) * factor;
}
