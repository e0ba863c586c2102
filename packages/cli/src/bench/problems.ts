import { formatMs } from '../output/units.ts';
import { percentile } from '../send/send-figures.ts';
import type { PartResult } from './run-bench.ts';
import { formatPercent, isUnder } from './verdict.ts';

export interface BenchLimits {
  readonly minSuccessPercent: number;
  /** null: none. */
  readonly maxP99Ms: number | null;
}

/** A sentence for each limit that a part does not keep. */
export function findProblems(
  parts: readonly Pick<PartResult, 'part' | 'figures'>[],
  { minSuccessPercent, maxP99Ms }: BenchLimits,
): readonly string[] {
  return parts.flatMap(({ part, figures }) => {
    const p99Ms = percentile(figures.sortedMs, 0.99);
    return [
      ...(isUnder(figures, minSuccessPercent)
        ? [`${part}: success rate ${formatPercent(figures)}, under ${minSuccessPercent}%`]
        : []),
      ...(maxP99Ms !== null && p99Ms > maxP99Ms
        ? [`${part}: p99 ${formatMs(p99Ms)}, over ${formatMs(maxP99Ms)}`]
        : []),
    ];
  });
}
