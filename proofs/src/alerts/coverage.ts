import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { MetricRow } from '@ackline/runtime/metric-rows/metric-row';
import { metricTable } from '@ackline/runtime/metric-table';
import type { Prometheus } from '@ackline/testkit/prometheus';
import { waitFor } from '@ackline/testkit/wait-for';
import type { AlertStage } from './alert-stage.ts';
import { post, postMany } from './requests.ts';

const DASHBOARDS = new URL('../../../k8s/dashboards/', import.meta.url);
/** As long as any run. */
const RUN = '1h';
/** Grafana's own choice for a rate, and what its variables stand for when all is chosen. */
const VARIABLES = { $__rate_interval: '10s', $__range: '10m' } as const;

/** Metrics of the table without a sample, and queries of dashboards that gave nothing in the whole run. */
export async function coverageProblems(stage: AlertStage): Promise<string[]> {
  await causeTheRest(stage);
  return [...(await metricProblems(stage.prometheus)), ...(await dashboardProblems(stage.prometheus))];
}

/** What no fault brings: a repeat, a request over a limit, an ingress with a parent, and a console that is asked. */
async function causeTheRest({ baseUrl, parent, console: operators, prometheus }: AlertStage): Promise<void> {
  const updateId = 1;
  await post(baseUrl, 'telegram', { updateId });
  await post(baseUrl, 'telegram', { updateId });
  await waitFor(
    async () => {
      await postMany(baseUrl, 'limited', 3);
      // As a panel is asked for below, so that it is not asked between two of its steps.
      const rate = 'rate(ackline_ingress_rejects_total{reason="rate_limited"}[10s]) > 0';
      return (await prometheus.query(inRun(rate))).length > 0;
    },
    { what: 'a rate of requests over a limit' },
  );
  await parent.start();
  await waitFor(async () => (await prometheus.query('ackline_ingress_processes')).length > 0, {
    what: 'a scrape of the parent',
  });
  await operators.start();
  await waitFor(
    async () => {
      await fetch(`${operators.url}/api/v1/caller`); // refused, and counted
      const rate = 'rate(ackline_console_requests_total[10s]) > 0';
      return (await prometheus.query(inRun(rate))).length > 0;
    },
    { what: 'a rate of requests of the console' },
  );
}

/** Whether it had data at any time. */
function inRun(expr: string): string {
  return `count(last_over_time((${expr})[${RUN}:5s]))`;
}

async function metricProblems(prometheus: Prometheus): Promise<string[]> {
  const problems: string[] = [];
  const rows: readonly MetricRow[] = Object.values(metricTable);
  for (const { name, type } of rows) {
    const sample = type === 'histogram' ? `${name}_count` : name;
    const seen = await prometheus.query(`count(last_over_time(${sample}[${RUN}]))`);
    if (seen.length === 0) problems.push(`${name} has no sample`);
  }
  return problems;
}

async function dashboardProblems(prometheus: Prometheus): Promise<string[]> {
  const problems: string[] = [];
  for (const file of readdirSync(DASHBOARDS).filter(name => name.endsWith('.json'))) {
    for (const { title, expr } of queriesOf(readFileSync(fileURLToPath(new URL(file, DASHBOARDS)), 'utf8'))) {
      const seen = await prometheus
        .query(inRun(withoutVariables(expr)))
        .catch((error: Error) => error.message);
      if (typeof seen === 'string') problems.push(`${file}: "${title}": ${seen}`);
      else if (seen.length === 0) problems.push(`${file}: "${title}" had no data: ${expr}`);
    }
  }
  return problems;
}

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

function queriesOf(text: string): { title: string; expr: string }[] {
  return (JSON.parse(text) as Dashboard).panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ title, expr })),
  );
}

function withoutVariables(expr: string): string {
  let text = expr;
  for (const [name, value] of Object.entries(VARIABLES)) text = text.replaceAll(name, value);
  return text.replaceAll(/\$(?:\{\w+\}|\w+)/g, '.*');
}
