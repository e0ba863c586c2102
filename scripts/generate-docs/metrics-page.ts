import type { MetricRow, MetricService } from '@ackline/runtime/metric-rows/metric-row';
import { type ProcessMetricRow, processMetrics } from '@ackline/runtime/process-metrics';
import { metricTable, SERVICE_LABEL } from '@ackline/runtime/metric-table';

/** docs/metrics.md, from the table of metrics. */
export function metricsPage(): string {
  return `<!-- Generated from packages/runtime/src/metric-rows and process-metrics.ts by \`npm run docs\`. -->

# Metrics

\`/metrics\` of the operations port, for Prometheus. Each has the label \`${SERVICE_LABEL}\`: \`ingress\`, \`ingress-parent\` (with INGRESS_PROCESSES),
\`processor\`, \`console\` or \`ackline\` (\`npm start\`). The values of labels are configured names and fixed words, never something that a request brings. A
name and its meaning stay.

**Merged** says what a parent shows of several processes, as \`ingress-parent\` and \`ackline\` do. A labelled metric has no sample before what
it counts has happened, unless its description says so.

**Accepted and not finished** is \`ackline_spool_events\` + \`ackline_inbox_rows\` + \`ackline_processor_lag_records\` + \`ackline_events_unrouted\` +
\`ackline_deliveries_open\` + \`ackline_deliveries_parked\`: of what each processor shows alike, the greatest, and not the sum. What was accepted
and is not there must have been delivered, discarded, wanted by no route, or a repeat. **Completion** in the background is the rate of
\`ackline_delivery_attempts_total{outcome="delivered"}\` against that of \`ackline_processor_events_total{result="stored"}\`, times the routes of an event.

**There are no exemplars.** Only OpenMetrics has them, which Prometheus asks for wherever it is offered: each scrape would change its form, and one line that this form
refuses is a scrape without any metric, so that no alert sees anything. prom-client renames the counters of a registry in place for it, and drops exemplars where a
parent merges its processes. From a slow bucket to a trace there is another way: each request over a second and each failed attempt is recorded, whatever the
sampling ([tracing.md](tracing.md)), with \`ackline.source\` or \`ackline.destination\`, and its log line has the \`traceId\`.

## Ingress

${tableOf('ingress')}
## Parent of several ingress processes

${tableOf('ingress-parent')}
## Processor

${tableOf('processor')}
## Console

${tableOf('console')}
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
