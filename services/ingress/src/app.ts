import type { ComposedLog } from '@ackline/eventlog/composed-log';
import { connectEventLog } from '@ackline/eventlog/connect-event-log';
import { readConfigFile } from '@ackline/runtime/config-file';
import { waitForEndpointRemoval } from '@ackline/runtime/drain';
import { createHealthRegistry, type HealthRegistry } from '@ackline/runtime/health';
import type { Logger } from '@ackline/runtime/logger';
import type { App, ProgramContext } from '@ackline/runtime/main-program';
import { createMetrics } from '@ackline/runtime/metrics';
import { bind, createOpsServer } from '@ackline/runtime/ops-server';
import { createSecretReader, type SecretReader } from '@ackline/runtime/secrets';
import { supervise } from '@ackline/runtime/supervisor';
import type { Component } from '@ackline/runtime/component';
import type { AcklineConfig } from '@ackline/shared/config/types';
import { newEventId } from '@ackline/shared/event-id';
import { findProvider, providers } from '@ackline/shared/providers/registry';
import { checkPostgresDurability } from '@ackline/store/durability';
import { checkSchema } from '@ackline/store/migrate';
import { createPool } from '@ackline/store/pool';
import { readProcessorStates } from '@ackline/store/processors';
import type { IngressConfig } from './config.ts';
import { type HealthFacts, reportHealth } from './health-report.ts';
import { createByteBudget } from './http/byte-budget.ts';
import { createFrontDoor } from './http/front-door.ts';
import { createHealthHandler } from './http/health-route.ts';
import { BODY_TIMES } from './http/read-body.ts';
import { createPublicServer, type PublicServer } from './http/server.ts';
import { createWebhookHandler } from './http/webhook-route.ts';
import { createIngressMetrics, type IngressMetrics, NO_SOURCE } from './ingress-metrics.ts';
import { connectPostgresGuard, guardPool, type PostgresGuard } from './postgres-guard.ts';
import { createProcessorStates, type ProcessorStates } from './processor-states.ts';
import { createSourceTable, type SourceTable } from './source-table.ts';

/** An ingress process writes in batches: a few connections carry all of them, and many pods share the server. */
const POOL_MAX = 5;
/** All bodies together: ten of the largest, or a quarter of a million common ones; the rest of a 1 GiB pod is room for work. */
const BODY_BUDGET_BYTES = 256 * 1024 * 1024;
/** The head of a request that was sent as the port closed is here within this time. */
const HEAD_GRACE_MS = 1_000;
/** The slowest body (5 s), both logs' deadlines and a rest: under the drain deadline by what the flush of the log may take. */
const CONNECTIONS_DEADLINE_MS = 12_000;

/**
 * The ingress, wired. Everything that is opened is closed in the reverse order: the public port (after what is in flight is
 * answered), the event log (flushed), background work, the pool, and the operations port last.
 */
export async function createApp(config: IngressConfig, context: ProgramContext): Promise<App> {
  await using opened = new AsyncDisposableStack();
  const { log } = context;
  const sources = await readSources(config, log);
  const health = createHealthRegistry();
  const registry = createMetrics({ service: 'ingress' });
  const operations = createOpsServer({ ...config.operations, registry, health });
  const opsPort = await operations.listen();
  background([operations], { opened, log, health });

  const pool = createPool({
    connectionString: config.databaseUrl,
    applicationName: 'ackline-ingress',
    max: POOL_MAX,
    onError: error => log.warn({ err: error }, 'postgres.connection-lost'),
  });
  opened.defer(() => pool.end());
  const guard = await connectPostgresGuard({
    check: async () => {
      await checkPostgresDurability(pool);
      await checkSchema(pool);
    },
    log,
  });
  const states = createProcessorStates({ read: () => readProcessorStates(pool), log });
  background([states], { opened, log, health });

  const { kafka, breaker } = config;
  const eventLog = await connectEventLog({ kafka, breaker, pool: guardPool(pool, guard), log });
  opened.defer(() => eventLog.close());
  const isDurable = () => (guard.isGood || eventLog.snapshot().tierInUse === 'kafka') && eventLog.reachable();
  health.watch('event-log', () =>
    isDurable() ? { ok: true } : { ok: false, detail: 'no durable log answers' },
  );
  const metrics = createIngressMetrics(registry, () => logFigures(eventLog));
  const front = openFrontDoor({
    config,
    sources,
    eventLog,
    isDurable,
    states,
    metrics,
    log,
    health,
  });
  const parts = { config, context, health, front, opsPort, guard, opened: opened.move() };
  return { run: signal => run(parts, signal) };
}

interface Sources {
  readonly ackline: AcklineConfig;
  readonly table: SourceTable;
  readonly secrets: SecretReader;
}

/** What ackline.yaml says, with every secret of a source checked. */
async function readSources(config: IngressConfig, log: Logger): Promise<Sources> {
  const ackline = await readConfigFile(config.configFile, { providers, production: config.isProduction });
  const table = createSourceTable(ackline, findProvider);
  const secrets = createSecretReader({
    env: config.environment,
    production: config.isProduction,
    onFileProblem: problem => log.warn({ problem }, 'secret.unreadable'),
  });
  // Signing secrets are the processor's: an ingress needs none of them.
  secrets.checkSecrets({ ...ackline, destinations: [] }, providers);
  return { ackline, table, secrets };
}

interface FrontDoorParts {
  readonly config: IngressConfig;
  readonly sources: Sources;
  readonly eventLog: ComposedLog;
  readonly isDurable: () => boolean;
  readonly states: ProcessorStates;
  readonly metrics: IngressMetrics;
  readonly log: Logger;
  readonly health: HealthRegistry;
}

function openFrontDoor(parts: FrontDoorParts): PublicServer {
  const { sources, eventLog, metrics, log } = parts;
  const isDraining = () => parts.health.isDraining;
  const app = createFrontDoor({
    health: createHealthHandler(() => reportHealth(healthFacts(parts)), isDraining),
    webhook: createWebhookHandler({
      sources: sources.table,
      secretsOf: source => sources.secrets.resolve(source.secrets),
      eventLog,
      isDraining,
      metrics,
      log,
      budget: createByteBudget(BODY_BUDGET_BYTES),
      bodyTimes: BODY_TIMES,
      newEventId,
      now: Date.now,
    }),
    isDraining,
    onError: error => log.error({ err: error }, 'http.failed'),
  });
  return createPublicServer({ app, onRefused: reason => metrics.rejected(NO_SOURCE, reason) });
}

interface Parts {
  readonly config: IngressConfig;
  readonly context: ProgramContext;
  readonly health: HealthRegistry;
  readonly front: PublicServer;
  readonly opsPort: number;
  readonly guard: PostgresGuard;
  readonly opened: AsyncDisposableStack;
}

async function run(parts: Parts, signal: AbortSignal): Promise<void> {
  const { config, health, front } = parts;
  const { log, report } = parts.context;
  await using opened = parts.opened;
  const port = await bind(front.server, config.http.host, config.http.port);
  opened.defer(() =>
    front.connections.close({ headGraceMs: HEAD_GRACE_MS, deadlineMs: CONNECTIONS_DEADLINE_MS }),
  );
  health.markStarted();
  log.info({ ...config.http, port, opsPort: parts.opsPort }, 'ingress.started');
  report({ kind: 'listening', name: 'operations', host: config.operations.host, port: parts.opsPort });
  report({ kind: 'listening', name: 'http', host: config.http.host, port });
  report({ kind: 'started' });
  await Promise.all([aborted(signal), parts.guard.untilGood(signal)]);
  health.markDraining();
  await waitForEndpointRemoval(config.drain);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

interface BackgroundDeps {
  readonly opened: AsyncDisposableStack;
  readonly log: Logger;
  readonly health: HealthRegistry;
}

/** Runs components until their place in the order of closing is reached. */
function background(components: readonly Component[], { opened, log, health }: BackgroundDeps): void {
  const stop = new AbortController();
  const running = supervise(components, { signal: stop.signal, log, health });
  opened.defer(async () => {
    stop.abort();
    await running;
  });
}

function logFigures(eventLog: ComposedLog) {
  const { queue, tiers } = eventLog.snapshot();
  const breaker = tiers.find(tier => tier.breaker !== null)?.breaker ?? null;
  return { pending: queue.size, breakerOpen: breaker === null ? null : breaker.status !== 'CLOSED' };
}

function healthFacts({ config, sources, eventLog, ...parts }: FrontDoorParts): HealthFacts {
  const [first] = sources.ackline.sources;
  const publicUrl = first?.publicUrl ?? sources.ackline.publicUrl;
  return {
    isDraining: parts.health.isDraining,
    isDurable: parts.isDurable(),
    log: eventLog.snapshot(),
    breakerThreshold: config.breaker.failures,
    workers: config.workers,
    webhookUrl: first === undefined || publicUrl === null ? null : publicUrl + first.path,
    processors: parts.states.current(),
    now: Date.now(),
  };
}
