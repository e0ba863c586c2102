import type { MetricRow, MetricService } from '../metric-rows/metric-row.ts';
import { type ProcessMetricRow, processMetrics } from '../process-metrics.ts';
import { metricTable, SERVICE_LABEL } from '../telemetry-names.ts';

/** docs/metrics.md, from the table of metrics. */
export function metricsPage(): string {
  return `<!-- Generated from packages/runtime/src/metric-rows and process-metrics.ts by \`npm run docs\`. -->

# Metrics

\`/metrics\` of the operations port, for Prometheus. Each has the label \`${SERVICE_LABEL}\`: \`ingress\`, \`ingress-parent\` (with INGRESS_PROCESSES),
\`processor\` or \`ackline\` (\`npm start\`). The values of labels are configured names and fixed words, never something that a request brings. A
name and its meaning stay.

**Merged** says what a parent shows of several processes, as \`ingress-parent\` and \`ackline\` do. A labelled metric has no sample before what
it counts has happened, unless its description says so.

## Ingress

${tableOf('ingress')}
## Parent of several ingress processes

${tableOf('ingress-parent')}
## Processor

${tableOf('processor')}
## Each process

From prom-client, under its own names; "(Linux)" where no other system has it.

${markdown(processMetrics)}`;
}

function tableOf(service: MetricService): string {
  const rows: readonly MetricRow[] = Object.values(metricTable);
  return markdown(rows.filter(({ services }) => services.includes(service)));
}

function markdown(rows: readonly (MetricRow | ProcessMetricRow)[]): string {
  const lines = rows.map(row => `| ${cells(row).join(' | ')} |\n`);
  return `| metric | type | labels | merged | meaning |\n|---|---|---|---|---|\n${lines.join('')}`;
}

function cells(row: MetricRow | ProcessMetricRow): readonly string[] {
  const labels = row.labels.map(label => `\`${label}\``).join(', ');
  const needs = 'needs' in row ? ` Only with ${row.needs}.` : '';
  return [`\`${row.name}\``, row.type, labels, row.merged ?? 'sum', `${row.help}.${needs}`];
}
