import { printable } from '@ackline/shared/printable';

/** A wider cell is cut: one long id must not push the rest off the screen. */
const MAX_CELL_CHARS = 60;
const GAP = '  ';

/**
 * Columns as wide as their widest cell, a heading above; control characters of stored text never reach the terminal. `whole`: the
 * headings of columns of which nothing is cut, such as what is typed into the next command.
 */
export function formatTable(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  { whole = [] }: { readonly whole?: readonly string[] } = {},
): string {
  const cells = [heading, ...rows].map(row =>
    row.map((cell, column) =>
      whole.includes(heading[column] ?? '') ? printable(cell) : cut(printable(cell)),
    ),
  );
  const widths = heading.map((_, column) => Math.max(...cells.map(row => row[column]?.length ?? 0)));
  return cells
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join(GAP)
        .trimEnd(),
    )
    .join('\n');
}

function cut(text: string): string {
  return text.length <= MAX_CELL_CHARS ? text : `${text.slice(0, MAX_CELL_CHARS - 1)}…`;
}
