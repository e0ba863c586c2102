import { type AlertRow, judgeAlerts, runAlerts } from '../../proofs/src/alerts/run-alerts.ts';
import { findPrometheus } from '../../packages/testkit/src/prometheus-programs.ts';
import { coverageProblems } from '../../proofs/src/alerts/coverage.ts';
import { runbookProblems } from '../../proofs/src/alerts/runbook-commands.ts';
import type { ProofArguments, ProofCommand } from './proof-command.ts';

/** Every alert by a fault in a running system, every metric and every dashboard. Figures: docs/proofs/alerts.md. */
export const alerts: ProofCommand = { docker: true, run };

const FACTOR = 60;
const SCRAPE_MS = 1_000;
const LEAST_MS = 10_000;
const FIRE_LIMIT_MS = 120_000;
/** What is over six hours is half a minute here, and its end takes as long. */
const RESOLVE_LIMIT_MS = 180_000;

async function run(args: ProofArguments): Promise<boolean> {
  const programs = findPrometheus();
  if (programs.kind === 'unavailable') {
    console.log(`not run: ${programs.reason}`);
    return false;
  }
  const problems: string[] = [];
  const whole = args.only === null;
  console.log(
    `windows and "for" are ${FACTOR} times shorter than in k8s/alerts, no window under ${LEAST_MS} ms; a scrape comes each ${SCRAPE_MS} ms`,
  );
  const result = await runAlerts({
    prometheusPath: programs.prometheus,
    servers: true,
    factor: FACTOR,
    scrapeMs: SCRAPE_MS,
    leastMs: LEAST_MS,
    ...(args.only === null ? {} : { only: args.only }),
    fireLimitMs: FIRE_LIMIT_MS,
    resolveLimitMs: RESOLVE_LIMIT_MS,
    log: line => console.error(line),
    async afterwards(stage) {
      if (!whole) return;
      problems.push(...(await runbookProblems(stage)), ...(await coverageProblems(stage)));
    },
  });
  console.log(tableOf(result.rows));
  if (whole) problems.push(...result.untouched.map(name => `${name}: no fault is meant for it`));
  problems.push(...judgeAlerts(result));
  for (const problem of problems) console.log(`BROKEN ${problem}`);
  return problems.length === 0;
}

function tableOf(rows: readonly AlertRow[]): string {
  const seconds = (ms: number | null): string => (ms === null ? 'never' : (ms / 1_000).toFixed(1));
  const lines = rows.map(row => {
    const labels = Object.entries(row.labels).map(([name, value]) => `${name}=${value}`);
    const alert = [row.alert, ...labels].join(' ');
    return `| ${alert} | ${row.severity} | ${row.fault} | ${seconds(row.firedAfterMs)} | ${seconds(row.resolvedAfterMs)} |`;
  });
  return [
    '| alert | severity | fault | fires after s | ends after s |',
    '|---|---|---|---:|---:|',
    ...lines,
  ].join('\n');
}
