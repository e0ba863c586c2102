// The parent of several ingress processes. It owns the listening socket, which node:cluster hands out connection by
// connection in turn, and the one operations port.
//
// PR1. Ready while at least one worker is: that is when requests are answered.
// PR2. SIGTERM drains all workers at once. The operations port answers until the last one has ended.
// PR3. SIGUSR2 replaces one worker after the other; a second one meanwhile changes nothing, and SIGTERM ends it.
import cluster from 'node:cluster';
import { aborted } from '@ackline/runtime/aborted';
import { createHealthRegistry } from '@ackline/runtime/health';
import type { App, ProgramContext } from '@ackline/runtime/main-program';
import {
  createMergedRegistry,
  createReadinessWatch,
  readMergedReport,
} from '@ackline/runtime/merged-operations';
import { createMetricFactory } from '@ackline/runtime/metric-factory';
import { createMetrics } from '@ackline/runtime/metrics';
import { createOpsServer } from '@ackline/runtime/ops-server';
import { background } from '@ackline/runtime/supervisor';
import { AppError } from '@ackline/shared/app-error';
import type { IngressConfig } from '../config.ts';
import { checkConnections } from './connection-sum.ts';
import { withLiveRuns } from './live-runs.ts';
import { forkWorker } from './worker-process.ts';
import { createWorkerSlot, type WorkerSlot } from './worker-slot.ts';

/** A worker that hangs is killed this long before the parent's own deadline, so that none is left behind. */
const KILL_BEFORE_DEADLINE_MS = 1_000;

export async function createParent(config: IngressConfig, context: ProgramContext): Promise<App> {
  const { log } = context;
  const count = config.processes ?? 1;
  await checkConnections({ databaseUrl: config.databaseUrl, processes: count, log });
  // SO_REUSEPORT instead would reset what is queued for a worker that ends.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  const hung = new Set<string>();
  const slots: WorkerSlot[] = Array.from({ length: count }, (_, index) =>
    createWorkerSlot({
      name: `ingress-${index + 1}`,
      fork: () => forkWorker(context.followLogLevel), // the parent reads no ackline.yaml
      drainLimitMs: config.drain.waitMs + config.drain.deadlineMs - KILL_BEFORE_DEADLINE_MS,
      onRetired: () => registry.getMetricsAsJSON().then(ignore, ignore),
      onChange: () => tellCount(),
      onHung(worker) {
        hung.add(worker.name);
        log.error({ worker: worker.name }, 'worker.killed');
      },
    }),
  );
  const workers = () => slots.flatMap(slot => slot.processes());
  const tellCount = () => {
    const alive = workers().filter(worker => worker.operationsPort() !== null).length;
    const processes = { count, alive };
    for (const worker of workers()) worker.tell({ kind: 'processes', processes });
  };
  const registry = createRegistry(workers);
  const parts = { config, context, slots, workers, registry };
  const stopping = new AbortController();
  let replacing: Promise<void> | null = null;
  return {
    async run(signal) {
      // One that hung when it was replaced, long ago, is no failure of this drain.
      signal.addEventListener('abort', () => hung.clear(), { once: true });
      signal.addEventListener('abort', () => stopping.abort(), { once: true });
      await run(parts, signal);
      await replacing;
      if (hung.size === 0) return;
      throw new AppError('ACKLINE_SERVICE_FAILED', `killed in the drain: ${[...hung].join(', ')}`);
    },
    reload() {
      for (const worker of workers()) worker.tell({ kind: 'reload' });
      return Promise.resolve();
    },
    replace() {
      if (stopping.signal.aborted) return;
      replacing ??= replaceAll(parts, stopping.signal).finally(() => {
        replacing = null;
      }); // (PR3)
    },
    force() {
      for (const worker of workers()) worker.kill();
    },
  };
}

interface ParentParts {
  readonly config: IngressConfig;
  readonly context: ProgramContext;
  readonly slots: readonly WorkerSlot[];
  readonly workers: () => readonly ReturnType<typeof forkWorker>[];
  readonly registry: ReturnType<typeof createMergedRegistry>;
}

/** Serves until the signal, and then until the last worker has ended. */
async function run(parts: ParentParts, signal: AbortSignal): Promise<void> {
  const { config, context, slots, workers, registry } = parts;
  const { log, report } = context;
  await using opened = new AsyncDisposableStack();
  const health = createHealthRegistry();
  const watch = createReadinessWatch(workers);
  health.watch('workers', () => {
    const states = workers().map(worker => watch.state(worker));
    if (states.some(state => state.ok)) return { ok: true }; // (PR1)
    return { ok: false, detail: states[0]?.detail ?? 'none runs' };
  });
  const operations = createOpsServer({
    ...config.operations,
    registry,
    report: () => readMergedReport(workers),
    health,
  });
  const opsPort = await operations.listen();
  background([operations], { opened, log, health }); // the last to end (PR2)
  await startAll(slots);
  background([watch], { opened, log, health });
  await watch.poll();
  // One worker that is being started again does not make the others unready: their states are their own.
  background(slots, { opened, log, health: createHealthRegistry() });
  health.markStarted();
  const port = workers()[0]?.httpPort() ?? config.http.port;
  log.info({ ...config.http, port, opsPort, processes: slots.length }, 'ingress.started');
  report({ kind: 'listening', name: 'operations', host: config.operations.host, port: opsPort });
  report({ kind: 'listening', name: 'http', host: config.http.host, port });
  report({ kind: 'started' });
  await aborted(signal);
  health.markDraining();
}

/** The first alone: what would end every start (a taken port, a bad configuration) is said once. */
async function startAll(slots: readonly WorkerSlot[]): Promise<void> {
  const [first, ...others] = slots;
  try {
    await first?.start();
    await Promise.all(others.map(slot => slot.start()));
  } catch (error) {
    for (const worker of slots.flatMap(slot => slot.processes())) worker.kill();
    throw error;
  }
}

async function replaceAll({ slots, context: { log } }: ParentParts, stop: AbortSignal): Promise<void> {
  log.info({ processes: slots.length }, 'replace.started');
  try {
    for (const slot of slots) {
      if (stop.aborted) break;
      await slot.replace();
    }
    log.info({ processes: slots.length }, stop.aborted ? 'replace.stopped' : 'replace.finished');
  } catch (error) {
    log.error({ err: error }, 'replace.failed');
  }
}

function createRegistry(workers: ParentParts['workers']): ParentParts['registry'] {
  const own = createMetrics({ service: 'ingress-parent' });
  createMetricFactory(own).read('ingressProcesses', () => workers().length);
  return createMergedRegistry(own, workers, withLiveRuns);
}

function ignore(): void {
  // Who scrapes the metrics meets the same failure, and says so.
}
