import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { FiringAlert } from '@ackline/testkit/prometheus';
import { waitFor } from '@ackline/testkit/wait-for';
import type { AlertFault, ExpectedAlert } from './alert-fault.ts';
import { alertFaults } from './alert-faults.ts';
import { type AlertStage, startAlertStage } from './alert-stage.ts';
import { postRegularly } from './requests.ts';
import { shortenRules } from './shorten-rules.ts';

const RULES = fileURLToPath(new URL('../../../k8s/alerts/ackline.rules.yaml', import.meta.url));
const FIVE_MINUTES_MS = 300_000;
const CALM_SLACK_MS = 30_000;
const JOIN_LIMIT_MS = 60_000;
/** Of steady work, so that rates and quantiles have something to be reckoned from. */
const LOAD_EVERY_MS = 25;

export interface AlertRunOptions {
  readonly prometheusPath: string;
  /** With Kafka and Redis in containers. */
  readonly servers: boolean;
  /** So many times shorter are windows and `for`. */
  readonly factor: number;
  readonly scrapeMs: number;
  /** No window is shorter: one in which a process stands still has to reach from before to after it. */
  readonly leastMs: number;
  /** Those whose names contain one of these; all where it is left out. */
  readonly only?: readonly string[];
  /** The faults of the test tier alone. */
  readonly short?: boolean;
  readonly fireLimitMs: number;
  readonly resolveLimitMs: number;
  readonly log: (line: string) => void;
  /** Once all faults are over. */
  readonly afterwards?: (stage: AlertStage) => Promise<void>;
}

export interface AlertRow {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly severity: string;
  readonly fault: string;
  /** null: it did not. */
  readonly firedAfterMs: number | null;
  readonly resolvedAfterMs: number | null;
}

export interface AlertRun {
  readonly rows: readonly AlertRow[];
  /** What fired before any fault was there. */
  readonly early: readonly string[];
  /** Alerts of the rules for which no fault of this run is meant. */
  readonly untouched: readonly string[];
}

/** Thresholds of age that would have to be waited for; the rest stays as it is. */
const THRESHOLDS = {
  'ackline_spool_oldest_age_seconds) > 300': 'ackline_spool_oldest_age_seconds) > 5',
  'ackline_processor_lag_seconds) > 600': 'ackline_processor_lag_seconds) > 20',
  'ackline_processor_lag_seconds) > 60 ': 'ackline_processor_lag_seconds) > 10 ',
  'ackline_inbox_oldest_age_seconds) > 600': 'ackline_inbox_oldest_age_seconds) > 20',
  'ackline_inbox_oldest_age_seconds) > 60\n': 'ackline_inbox_oldest_age_seconds) > 10\n',
  'ackline_deliveries_oldest_age_seconds) > 900': 'ackline_deliveries_oldest_age_seconds) > 5',
  // Tries are a minute apart.
  'ackline_retention_tries_in_vain) >= 5': 'ackline_retention_tries_in_vain) >= 1',
  // They are read every 15 s.
  'ackline_work_figures_age_seconds) > 120': 'ackline_work_figures_age_seconds) > 20',
};

/** Causes each fault in a running system, sees its alerts fire in a real Prometheus, ends it, and sees them resolve. */
export async function runAlerts(options: AlertRunOptions): Promise<AlertRun> {
  const { factor, leastMs } = options;
  const rules = shortenRules(await readFile(RULES, 'utf8'), {
    factor,
    leastMs,
    thresholds: THRESHOLDS,
  });
  await using stage = await startAlertStage({ ...options, rules });
  await using load = postRegularly(stage.baseUrl, 'telegram', LOAD_EVERY_MS);
  const early = await calmFirst(stage, options);
  const rows: AlertRow[] = [];
  const faults = chosen(options);
  for (const round of new Set(faults.map(fault => fault.round))) {
    rows.push(
      ...(await runRound(
        stage,
        faults.filter(fault => fault.round === round),
        options,
      )),
    );
  }
  options.log(`answers to the load: ${[...load.answers].map(([status, n]) => `${status}: ${n}`).join(', ')}`);
  await options.afterwards?.(stage);
  const meant = new Set(faults.flatMap(({ expects }) => expects.map(({ name }) => name)));
  const known = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);
  return { rows, early, untouched: known.filter(name => !meant.has(name)) };
}

function chosen({ only, short = false, servers }: AlertRunOptions): readonly AlertFault[] {
  return alertFaults.filter(
    fault =>
      (servers || fault.withoutKafka) &&
      (!short || fault.short === true) &&
      (only === undefined || only.some(part => fault.name.includes(part) || fault.round === part)),
  );
}

/** A system that is well: nothing may fire once each target was scraped, for two of the shortest windows. */
async function calmFirst(
  stage: AlertStage,
  { servers, factor, leastMs }: AlertRunOptions,
): Promise<string[]> {
  const { prometheus } = stage;
  await waitFor(async () => (await prometheus.query('min(up{job=~"ackline.*"}) == 1')).length > 0, {
    what: 'a scrape of both services',
  });
  // To join the group takes longer than the shortened alert on it waits.
  if (servers) {
    await waitFor(async () => (await prometheus.query('ackline_processor_kafka_reading == 1')).length > 0, {
      timeoutMs: JOIN_LIMIT_MS,
      what: 'a processor that reads Kafka',
    });
  }
  // What was absent before is looked at again, and ends.
  await waitFor(async () => (await prometheus.firing()).length === 0, { what: 'a calm moment' });
  const calmMs = 2 * Math.max(leastMs, FIVE_MINUTES_MS / factor);
  const from = performance.now();
  const early = new Set<string>();
  await waitFor(
    async () => {
      for (const { name } of await prometheus.firing()) early.add(name);
      return performance.now() - from > calmMs;
    },
    { timeoutMs: calmMs + CALM_SLACK_MS, what: 'a calm window' },
  );
  return [...early];
}

async function runRound(
  stage: AlertStage,
  faults: readonly AlertFault[],
  options: AlertRunOptions,
): Promise<AlertRow[]> {
  const { log } = options;
  const firing = watch(stage);
  const caused = await Promise.all(
    faults.map(async fault => {
      log(`${fault.name} …`);
      return { fault, heal: await fault.cause(stage), at: performance.now() };
    }),
  );
  const fired = await Promise.all(
    caused.flatMap(({ fault, at }) =>
      fault.expects.map(async expected => {
        const alert = await until(firing, expected, { fires: true, limitMs: options.fireLimitMs });
        const firedAfterMs = alert === null ? null : performance.now() - at;
        log(
          alert === null
            ? `  ${expected.name} does not fire`
            : `  ${expected.name}: ${alert.annotations['summary']}`,
        );
        return { fault, expected, alert, firedAfterMs };
      }),
    ),
  );
  await Promise.all(caused.map(({ heal }) => heal()));
  const healedAt = performance.now();
  return Promise.all(
    fired.map(async ({ fault, expected, alert, firedAfterMs }) => {
      const gone = await until(firing, expected, { fires: false, limitMs: options.resolveLimitMs });
      if (gone === null) log(`  ${expected.name} does not resolve`);
      return {
        alert: expected.name,
        labels: expected.labels ?? {},
        severity: alert?.labels['severity'] ?? '–',
        fault: fault.name,
        firedAfterMs,
        resolvedAfterMs: gone === null ? null : performance.now() - healedAt,
      };
    }),
  );
}

/** Many wait for their alert at once: Prometheus is asked for all of them together. */
const WATCH_MS = 250;

function watch(stage: AlertStage): () => Promise<readonly FiringAlert[]> {
  let askedAt = Number.NEGATIVE_INFINITY;
  let answer: Promise<readonly FiringAlert[]> = Promise.resolve([]);
  return () => {
    const now = performance.now();
    if (now - askedAt > WATCH_MS) {
      askedAt = now;
      answer = stage.prometheus.firing();
    }
    return answer;
  };
}

const NONE: FiringAlert = { name: '', labels: {}, annotations: {} };

/** The alert once it fires, or an empty one once it does not; null when the time is over. */
function until(
  firing: () => Promise<readonly FiringAlert[]>,
  expected: ExpectedAlert,
  { fires, limitMs }: { readonly fires: boolean; readonly limitMs: number },
): Promise<FiringAlert | null> {
  return waitFor(
    async () => {
      const alert = (await firing()).find(one => isExpected(one, expected));
      if (fires) return alert;
      return alert === undefined ? NONE : null;
    },
    { timeoutMs: limitMs, what: `${expected.name} ${fires ? 'to fire' : 'to resolve'}` },
  ).catch(() => null);
}

function isExpected({ name, labels }: FiringAlert, expected: ExpectedAlert): boolean {
  return (
    name === expected.name &&
    Object.entries(expected.labels ?? {}).every(([label, value]) => labels[label] === value)
  );
}

/** What did not hold, in sentences. */
export function judgeAlerts({ rows, early }: AlertRun): string[] {
  return [
    ...early.map(name => `${name} fired before any fault`),
    ...rows
      .filter(({ firedAfterMs }) => firedAfterMs === null)
      .map(({ alert, fault }) => `${alert} did not fire: ${fault}`),
    ...rows
      .filter(({ resolvedAfterMs }) => resolvedAfterMs === null)
      .map(({ alert, fault }) => `${alert} did not resolve: ${fault}`),
  ];
}
