import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ChartValue, chartValues } from './chart-values.ts';

/** A default that is longer is better read where it is. */
const MAX_SHOWN_LENGTH = 100;

const chart = new URL('../../charts/ackline/', import.meta.url);

/** charts/ackline/README.md: what the chart does, and the table of its values, out of the comments of values.yaml. */
export function chartPage(): string {
  const values = chartValues(readFileSync(new URL('values.yaml', chart), 'utf8'));
  const introduction = readFileSync(new URL('README.head.md', chart), 'utf8');
  return `<!-- Generated from README.head.md and the comments of values.yaml by \`npm run docs\`. -->

${introduction.trim()}

## Values

A name that is not listed here is refused. What is wrong together is refused with a sentence that says what to change.

${tables(values)}`;
}

function tables(values: readonly ChartValue[]): string {
  const sections = Map.groupBy(values, ({ path }) => sectionOf(path, values));
  return [...sections]
    .map(([section, rows]) => {
      const own = rows.find(({ path }) => path === section);
      const listed = rows.filter(row => row !== own);
      const title = section === '' ? '### For all of it' : `### \`${section}\``;
      const text = own === undefined || own.description === '' ? '' : `${own.description}\n\n`;
      return `${title}\n\n${text}| value | default | meaning |\n|---|---|---|\n${listed.map(row).join('\n')}\n`;
    })
    .join('\n');
}

/** The first name of a path, where it stands for others; '' for those that stand alone. */
function sectionOf(path: string, values: readonly ChartValue[]): string {
  const [first = ''] = path.split('.');
  return values.some(value => value.path === first && value.fallback === null) ? first : '';
}

function row({ path, fallback, description }: ChartValue): string {
  const isLong = (fallback ?? '').length > MAX_SHOWN_LENGTH;
  const shown = fallback === null ? '' : isLong ? '[as there](values.yaml)' : `\`${fallback}\``;
  return `| \`${path}\` | ${shown.replaceAll('|', '\\|')} | ${description.replaceAll('|', '\\|')} |`;
}

/** What the chart brings along from k8s, to its place in the chart: a chart can have no file from outside of its folder. */
export function chartCopies(): readonly { readonly path: string; readonly text: string }[] {
  const k8s = new URL('../../k8s/', import.meta.url);
  const dashboards = globSync('dashboards/*.json', { cwd: fileURLToPath(k8s) }).sort();
  return [
    { from: 'alerts/ackline.rules.yaml', to: 'ackline.rules.yaml' },
    ...dashboards.map(path => ({ from: path, to: path })),
  ].map(({ from, to }) => ({
    path: `charts/ackline/files/${to}`,
    text: readFileSync(new URL(from, k8s), 'utf8'),
  }));
}
