import type { Diagnosis } from './diagnosis.ts';

/** Of a request that is valid but for its time; `skewMs` as {@link signedSkewMs} has it. */
export function describeTime(skewMs: number, toleranceMs: number): Diagnosis {
  const code = 'time-out-of-tolerance';
  const isPast = skewMs > 0;
  const what = `signed ${duration(Math.abs(skewMs))} ${isPast ? 'before' : 'after'} it came, by the clock of this machine (tolerance ${duration(toleranceMs)})`;
  if (!isPast)
    return {
      code,
      what,
      fix: 'set this clock by NTP (`timedatectl`): it is behind that of the sender.',
    };
  return {
    code,
    what,
    fix: 'where all are refused, this clock is ahead: set it by NTP (`timedatectl`). Where only some are, they were held up on the way, or sent again as they were; a longer `tolerance` of the source takes what is held up.',
  };
}

const UNITS = [
  [86_400_000, 'days'],
  [3_600_000, 'h'],
  [60_000, 'min'],
] as const;

/** "310 s", "12 min", "5.5 h": at least two of a unit. */
function duration(ms: number): string {
  for (const [size, name] of UNITS)
    if (ms >= 2 * size && (size > 60_000 || ms >= 10 * size)) return `${rounded(ms / size)} ${name}`;
  return `${Math.round(ms / 1_000)} s`;
}

const rounded = (value: number) => (value < 10 ? Number(value.toFixed(1)) : Math.round(value));
