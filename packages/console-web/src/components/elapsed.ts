/** From the largest; each is told with the next one below it. */
const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** 12 → "12 ms", 3_400 → "3.4 s", 125_000 → "2 min 5 s". */
export function elapsedText(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  const at = UNITS.findIndex(([, size]) => ms >= size);
  const [unit, size] = UNITS[at] ?? UNITS[3];
  const below = UNITS[at + 1];
  const rest = below === undefined ? 0 : Math.floor((ms % size) / below[1]);
  return `${Math.floor(ms / size)} ${unit}${below === undefined || rest === 0 ? '' : ` ${rest} ${below[0]}`}`;
}
