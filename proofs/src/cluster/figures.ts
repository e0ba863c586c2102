import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** Where the tier leaves the file that all its tests write their figures to; without it they are only printed at once. */
export const FIGURES_VARIABLE = 'K8S_FIGURES';

/** One row of a table of the report. */
export interface Figure {
  readonly table: string;
  readonly name: string;
  readonly value: string;
}

/** Prints figures, and keeps them for the tables at the end of the run. */
export function noteFigures(table: string, rows: Readonly<Record<string, string | number>>): void {
  const file = process.env[FIGURES_VARIABLE];
  for (const [name, value] of Object.entries(rows)) {
    console.log(`   ${table}: ${name}: ${value}`);
    const figure: Figure = { table, name, value: String(value) };
    if (file !== undefined) appendFileSync(file, `${JSON.stringify(figure)}\n`);
  }
}

/** The tables of a run, as Markdown. */
export function figureTables(file: string): string {
  if (!existsSync(file)) return 'No figures: no test came so far.';
  const figures = readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Figure);
  const tables = Map.groupBy(figures, figure => figure.table);
  return [...tables].map(([table, rows]) => [`## ${table}`, '', ...tableOf(rows)].join('\n')).join('\n\n');
}

function tableOf(rows: readonly Figure[]): readonly string[] {
  return ['| | |', '|---|---:|', ...rows.map(({ name, value }) => `| ${name} | ${value} |`)];
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
