import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { waitFor } from './wait-for.ts';

const START_LIMIT_MS = 60_000;
const READ_LIMIT_MS = 10_000;

export interface PrometheusOptions {
  /** The program. */
  readonly path: string;
  /** The text of a rules file. */
  readonly rules: string;
  readonly scrapeMs: number;
  /** `127.0.0.1:9464`, by job. */
  readonly jobs: Readonly<Record<string, readonly string[]>>;
}

export interface FiringAlert {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A real Prometheus. */
export interface Prometheus extends AsyncDisposable {
  readonly url: string;
  /** Those that fire, and not those that are pending. */
  firing(): Promise<readonly FiringAlert[]>;
  /** Of an instant vector or a scalar, now. Throws what Prometheus says of an expression that it refuses. */
  query(expression: string): Promise<readonly Sample[]>;
}

export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const directory = await mkdtemp(join(tmpdir(), 'ackline-prometheus-'));
  await writeFile(join(directory, 'rules.yaml'), options.rules);
  await writeFile(join(directory, 'prometheus.yaml'), configText(options));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    options.path,
    [
      `--config.file=${join(directory, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-10_000);
  });
  const ended = once(child, 'close');
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await waitFor(async () => child.exitCode !== null || (await fetch(`${url}/-/ready`)).ok, {
      timeoutMs: START_LIMIT_MS,
      what: 'Prometheus',
    });
    if (child.exitCode !== null) throw new Error(`Prometheus ended:\n${output}`);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url,
    async firing() {
      const { alerts } = (await ask(`${url}/api/v1/alerts`)) as { alerts: readonly RawAlert[] };
      return alerts
        .filter(({ state }) => state === 'firing')
        .map(({ labels, annotations }) => ({ name: labels['alertname'] ?? '', labels, annotations }));
    },
    async query(expression) {
      const data = (await ask(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`)) as QueryData;
      if (data.resultType === 'scalar') return [{ metric: {}, value: Number(data.result[1]) }];
      return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    [Symbol.asyncDispose]: close,
  };
}

interface RawAlert {
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

type QueryData =
  | { readonly resultType: 'scalar'; readonly result: readonly [number, string] }
  | {
      readonly resultType: 'vector';
      readonly result: readonly {
        readonly metric: Readonly<Record<string, string>>;
        readonly value: readonly [number, string];
      }[];
    };

async function ask(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(READ_LIMIT_MS) });
  const answer = (await response.json()) as { status: string; error?: string; data?: unknown };
  if (answer.status !== 'success') throw new Error(`Prometheus says: ${answer.error}`);
  return answer.data;
}

function configText({ scrapeMs, jobs }: PrometheusOptions): string {
  const jobText = Object.entries(jobs).map(
    ([name, targets]) => `
  - job_name: ${name}
    static_configs: [{ targets: ${JSON.stringify(targets)} }]`,
  );
  return `
global: { scrape_interval: ${scrapeMs}ms, scrape_timeout: ${scrapeMs}ms, evaluation_interval: ${scrapeMs}ms }
rule_files: [rules.yaml]
scrape_configs:${jobText.join('')}
`;
}
