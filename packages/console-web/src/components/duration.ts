const SECOND = ['s', 1_000] as const;
/** From the largest. */
const UNITS = [['d', 86_400_000], ['h', 3_600_000], ['min', 60_000], SECOND] as const;

/** 95_000 → "1 min". Its largest unit alone: how long ago, or until when, about. */
export function durationText(ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms >= each) ?? SECOND;
  return `${Math.max(0, Math.floor(ms / size))} ${unit}`;
}

/** 12 → "12 ms", 3_400 → "3.4 s", 125_000 → "2 min 5 s". How long something took, to be compared with others. */
export function elapsedText(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  const at = UNITS.findIndex(([, each]) => ms >= each);
  const [unit, size] = UNITS[at] ?? SECOND;
  const below = UNITS[at + 1];
  const rest = below === undefined ? 0 : Math.floor((ms % size) / below[1]);
  return `${Math.floor(ms / size)} ${unit}${rest === 0 ? '' : ` ${rest} ${below?.[0]}`}`;
}
