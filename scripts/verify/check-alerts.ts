import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readAlerts } from './alert-rules.ts';
import { readDashboard } from './dashboards.ts';
import { installationProblems } from './installations.ts';
import { problemsOf } from './known-metrics.ts';

const RULES = 'k8s/alerts/*.rules.yaml';
const DASHBOARDS = 'k8s/dashboards/*.json';
const RUNBOOK = 'docs/runbook.md';
const SEVERITIES = ['critical', 'warning', 'info'];
/** A section of the runbook that is one alert's. */
const ALERT_HEADING = /^### (Ackline\w+)$/gm;

/** Null, or what of alerts, dashboards and runbook names something that is not there. */
export function checkAlerts(root: string): string | null {
  const problems = [...alertProblems(root), ...dashboardProblems(root)];
  return problems.length === 0 ? null : problems.join('\n');
}

function alertProblems(root: string): string[] {
  const files = globSync(RULES, { cwd: root }).sort();
  if (files.length === 0) return [`no file matches ${RULES}`];
  const sections = new Set(
    [...readFileSync(join(root, RUNBOOK), 'utf8').matchAll(ALERT_HEADING)].map(([, name = '']) => name),
  );
  const alerts = files.flatMap(file =>
    readAlerts(readFileSync(join(root, file), 'utf8')).map(alert => ({ file, ...alert })),
  );
  const problems = alerts.flatMap(({ file, name, expr, severity, texts, runbook }) => [
    ...[...problemsOf(expr, Object.values(texts).join(' ')), ...installationProblems(expr)].map(
      problem => `${file}: ${name}: ${problem}`,
    ),
    ...(SEVERITIES.includes(severity) ? [] : [`${file}: ${name} has the severity "${severity}"`]),
    ...Object.entries(texts)
      .filter(([, text]) => text === '')
      .map(([field]) => `${file}: ${name} has no ${field}`),
    ...(runbook === `${RUNBOOK}#${name.toLowerCase()}`
      ? []
      : [`${file}: ${name} names "${runbook}", not its section of the runbook`]),
    ...(sections.has(name) ? [] : [`${RUNBOOK} has no section "### ${name}"`]),
  ]);
  const names = new Set(alerts.map(({ name }) => name));
  return [
    ...problems,
    ...[...sections]
      .filter(name => !names.has(name))
      .map(name => `${RUNBOOK} has a section for ${name}, which is no alert`),
    ...(names.size === alerts.length ? [] : ['two alerts have the same name']),
  ];
}

function dashboardProblems(root: string): string[] {
  const files = globSync(DASHBOARDS, { cwd: root }).sort();
  if (files.length === 0) return [`no file matches ${DASHBOARDS}`];
  return files.flatMap(file => {
    const { queries, problems } = readDashboard(readFileSync(join(root, file), 'utf8'));
    return [
      ...problems,
      ...queries.flatMap(({ panel, expr, legend }) =>
        problemsOf(expr, legend).map(problem => `${panel}: ${problem}`),
      ),
    ].map(problem => `${file}: ${problem}`);
  });
}
