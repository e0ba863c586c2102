export type Cell = string | number;

/** A table whose cells can't break it. */
export function markdownTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]): string =>
    `| ${cells.map(cell => String(cell).replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')).join(' | ')} |`;
  for (const row of rows) {
    if (row.length !== head.length)
      throw new Error(`${row.length} cells under ${head.length} heads: ${row.join()}`);
  }
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
