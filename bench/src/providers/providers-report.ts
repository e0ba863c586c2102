import { fixed } from '../machine.ts';
import { markdownTable } from '../markdown-table.ts';
import { compare, median } from '../statistics.ts';
import type { ProviderFigures } from './providers-bench.ts';

/** A row for each provider. */
export function providersReport(figures: readonly ProviderFigures[]): string {
  return markdownTable(
    ['provider', 'body, bytes', 'verify and identify, µs', 'bare', 'bare, µs', 'ratio', 'own spread'],
    figures.map(({ name, bodyBytes, what, ours, bare }) => {
      const { ratio, ownSpread } = compare(ours, bare);
      const times = [fixed(median(ours), 2), what, fixed(median(bare), 2)];
      return [name, bodyBytes, ...times, fixed(ratio, 2), fixed(ownSpread, 2)];
    }),
  );
}
