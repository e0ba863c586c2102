import { setTimeout as delay } from 'node:timers/promises';
import { AggregatorRegistry, type Registry } from 'prom-client';
import type { Component } from './component.ts';
import type { HealthState } from './health.ts';
import { type AskedProcess, createKeptCounters, type MetricsAnswer } from './kept-counters.ts';
import { isRequestReport, mergeReports, type RequestReport } from './request-report.ts';

/** A process that is asked on its own operations port, which is on loopback. */
export interface MonitoredProcess {
  readonly name: string;
  /** null while it does not listen. */
  operationsPort(): number | null;
}

/** The processes that run now: they may be replaced by others. */
export type MonitoredProcesses = () => readonly MonitoredProcess[];

/** A service that does not answer its own loopback port in this time is not well. */
const ANSWER_LIMIT_MS = 2_000;
/** What a probe reads is at most this old. */
const POLL_MS = 1_000;
/** A service has some hundred series; a larger answer is none of ours. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

type MetricsSource = Pick<Registry, 'metrics' | 'contentType' | 'getMetricsAsJSON'>;

/**
 * One registry for all processes: this one's metrics and what each service says on its own operations port. Its counters and
 * histograms never go down while this process lives: those of an ended service stay in them as they were last read.
 * `relate`: what the processes say, seen together, before it is merged value by value.
 */
export function createMergedRegistry(
  own: Registry,
  processes: MonitoredProcesses,
  relate: (answers: readonly MetricsAnswer[]) => MetricsAnswer[] = answers => [...answers],
): MetricsSource {
  const kept = createKeptCounters();
  let reading: Promise<MetricsAnswer[]> | null = null;

  const read = async (): Promise<MetricsAnswer[]> =>
    kept.update(await Promise.all(processes().map(readMetrics)));
  const merge = async (): Promise<Registry> => {
    reading ??= read().finally(() => {
      reading = null;
    });
    return AggregatorRegistry.aggregate([await own.getMetricsAsJSON(), ...relate(await reading)]);
  };
  return {
    contentType: own.contentType,
    metrics: async () => (await merge()).metrics(),
    getMetricsAsJSON: async () => (await merge()).getMetricsAsJSON(),
  };
}

/** The JSON reports of all processes that have one, as one. */
export async function readMergedReport(processes: MonitoredProcesses): Promise<RequestReport | null> {
  const answers = await Promise.all(
    processes().map(process => ask(process, '/metrics', { accept: 'application/json' })),
  );
  return mergeReports(
    answers.map(answer => (answer?.status === 200 ? parseJson(answer.body) : null)).filter(isRequestReport),
  );
}

/** The answer is null where the service does not give one just now; readiness says so. */
async function readMetrics(service: MonitoredProcess): Promise<AskedProcess> {
  const port = service.operationsPort();
  const answer = await ask(service, '/metrics.json');
  const parsed: unknown = answer?.status === 200 ? parseJson(answer.body) : null;
  return { process: service, port, answer: Array.isArray(parsed) ? parsed : null };
}

export interface ReadinessWatch extends Component {
  /** Asks all services now. */
  poll(): Promise<void>;
  state(process: MonitoredProcess): HealthState;
}

/** What one process says of its readiness now. */
export async function readReadiness(process: MonitoredProcess): Promise<HealthState> {
  return readinessOf(await ask(process, '/readyz'));
}

/** What the processes last said of their own readiness. */
export function createReadinessWatch(processes: MonitoredProcesses): ReadinessWatch {
  let states: ReadonlyMap<string, HealthState> = new Map();

  const poll = async (): Promise<void> => {
    states = new Map(
      await Promise.all(
        processes().map(async process => [process.name, await readReadiness(process)] as const),
      ),
    );
  };
  return {
    name: 'readiness-watch',
    poll,
    state: process => states.get(process.name) ?? { ok: false, detail: 'not asked yet' },
    async run(signal) {
      while (!signal.aborted) {
        await poll();
        await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

/** Which parts of the service are not ok, by their names. */
export function readinessOf(answer: { status: number; body: string } | null): HealthState {
  if (answer === null) return { ok: false, detail: 'does not answer' };
  if (answer.status === 200) return { ok: true };
  const snapshot = parseJson(answer.body) as { parts?: Record<string, HealthState> } | null;
  const failing = Object.entries(snapshot?.parts ?? {})
    .filter(([, state]) => !state.ok)
    .map(([name, state]) => (state.detail === undefined ? name : `${name}: ${state.detail}`));
  return { ok: false, detail: failing.length === 0 ? 'is starting or draining' : failing.join('; ') };
}

async function ask(
  process: MonitoredProcess,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: string } | null> {
  const port = process.operationsPort();
  if (port === null) return null;
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers,
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    return { status: response.status, body: await readBounded(response) };
  } catch {
    return null;
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('The answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
