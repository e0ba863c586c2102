import { readConfigFile } from '@ackline/runtime/config-file';
import { createHealthRegistry, type HealthRegistry } from '@ackline/runtime/health';
import type { App, ProgramContext } from '@ackline/runtime/main-program';
import { createOpsServer } from '@ackline/runtime/ops-server';
import { createSecretReader, type SecretReader } from '@ackline/runtime/secrets';
import type { Logger } from '@ackline/runtime/logger';
import { supervise } from '@ackline/runtime/supervisor';
import type { AcklineConfig } from '@ackline/shared/config/types';
import { newEventId } from '@ackline/shared/event-id';
import { providers } from '@ackline/shared/providers/registry';
import { createFanOut } from '@ackline/shared/routing/fan-out';
import { checkPostgresDurability } from '@ackline/store/durability';
import { checkSchema } from '@ackline/store/migrate';
import { createPool } from '@ackline/store/pool';
import { removeHeartbeat } from '@ackline/store/processors';
import type { Pool } from 'pg';
import type { ProcessorConfig } from './config.ts';
import { warnOfScarceConnections } from './connection-check.ts';
import { createDelivery, type Delivery } from './delivery/create-delivery.ts';
import { createHeartbeat } from './heartbeat.ts';
import { connectIntake, type Intake } from './intake.ts';
import { createLateRouting, type LateRoutingDeps } from './late-routing.ts';
import { createProcessorMetrics, type ProcessorMetrics } from './metrics.ts';
import { createLaneStorer, type LaneStorerDeps } from './storing/lane-storer.ts';
import { createRefusals, type Refusals } from './storing/refusals.ts';
import { createUpkeep, type UpkeepDeps } from './upkeep.ts';

/** 50 at most, 10 kept open: what the system's users know from the pools they had. */
const POOL_MAX = 50;
const POOL_MIN = 10;
const APPLICATION_NAME = 'ackline-processor';
/** Attempts in flight may use this part of the drain; the rest is for their outcomes and the connections. */
const ATTEMPTS_DRAIN_PART = 0.6;

/**
 * Wires the processor: logs → store → deliveries. The operations port is bound first and closed last, so that probes are
 * answered through start and drain. What has been opened is closed again, in the reverse order, when a later step fails.
 */
export async function createApp(config: ProcessorConfig, context: ProgramContext): Promise<App> {
  await using opened = new AsyncDisposableStack();
  const { log, report } = context;
  const ackline = await readConfigFile(config.configPath, { providers, production: config.production });
  const secrets = openSecrets(config, ackline, context);
  const health = createHealthRegistry();
  const metrics = createProcessorMetrics();
  await openOperations({ config, context, health, registry: metrics.registry }, opened);

  const pool = await connectStore(config, context, opened);
  const intake = await connectIntake({ ...config, pool, log });
  opened.defer(() => intake.close());
  const delivery = createDelivery({ ackline, secrets, pool, metrics, log });
  opened.defer(() => delivery.close());
  metrics.watch({
    inFlight: () => delivery.inFlight(),
    inFlightBytes: () => delivery.inFlightBytes(),
    orderUncertain: () => intake.snapshot().inbox?.orderUncertain ?? 0,
    pending: () => intake.snapshot().kafka?.pending ?? { records: 0, bytes: 0 },
  });
  const routing = routingDeps(ackline, { pool, log, onRouted: () => delivery.dispatcher.wake() });
  const upkeep = createUpkeep({ ...routing, onSwept: sweptListener({ metrics, delivery, log }) });
  const lateRouting = createLateRouting(routing);
  const refusals = createRefusals();
  health.watch('storing', () => refusals.state());
  const storer = createLaneStorer(storerDeps({ intake, delivery, metrics, routing, refusals }));

  const processorId = newEventId();
  const heartbeat = createHeartbeat({
    pool,
    processorId,
    destinations: delivery.destinations,
    state: () => describe(config, intake, delivery),
    log,
  });
  health.watch('postgres', () => heartbeat.health());
  opened.defer(() => removeHeartbeat(pool, processorId));
  await heartbeat.beat();
  // Before anything new is stored, so that a late-routed event does not fall behind a newer one of its key.
  await lateRouting.routeFirst();

  const components = [...intake.components(storer), delivery.dispatcher, upkeep, lateRouting, heartbeat];
  const resources = opened.move();
  return {
    async run(signal) {
      await using _closing = resources;
      // Attempts end beside the consumers, which may need seconds to leave; then every outcome is written.
      const drained = untilAborted(signal).then(() =>
        delivery.drain(config.drain.deadlineMs * ATTEMPTS_DRAIN_PART),
      );
      health.markStarted();
      report({ kind: 'started' });
      log.info({ processorId, workers: config.workers }, 'processor.started');
      signal.addEventListener('abort', () => health.markDraining(), { once: true });
      await supervise(components, { signal, log, health });
      await drained;
      await delivery.drain(0);
    },
  };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

interface OperationsParts {
  readonly config: ProcessorConfig;
  readonly context: ProgramContext;
  readonly health: HealthRegistry;
  readonly registry: ProcessorMetrics['registry'];
}

async function openOperations(
  { config, context: { log, report }, health, registry }: OperationsParts,
  opened: AsyncDisposableStack,
): Promise<void> {
  const operations = createOpsServer({
    ...config.ops,
    registry,
    health,
    onListening: port => report({ kind: 'listening', name: 'operations', host: config.ops.host, port }),
  });
  await operations.listen();
  const stop = new AbortController();
  const running = supervise([operations], { signal: stop.signal, log, health });
  opened.defer(async () => {
    stop.abort();
    await running;
  });
}

async function connectStore(
  config: ProcessorConfig,
  { log }: ProgramContext,
  stack: AsyncDisposableStack,
): Promise<Pool> {
  const pool = createPool({
    connectionString: config.databaseUrl,
    applicationName: APPLICATION_NAME,
    max: POOL_MAX,
    min: POOL_MIN,
    onError: error => log.warn({ err: error }, 'postgres.connection-lost'),
  });
  stack.defer(() => pool.end());
  await checkSchema(pool);
  await checkPostgresDurability(pool);
  await warnOfScarceConnections(pool, { applicationName: APPLICATION_NAME, max: POOL_MAX }, log);
  return pool;
}

/** The processor signs, and puts bearer secrets back where it is told to: the other inbound secrets are the ingress's. */
function openSecrets(config: ProcessorConfig, ackline: AcklineConfig, { log }: ProgramContext): SecretReader {
  const secrets = createSecretReader({
    env: config.secretEnv,
    production: config.production,
    onFileProblem: problem => log.error({ problem }, 'secret.file-problem'),
  });
  const forwards = ackline.destinations.some(destination => destination.forwardSecret);
  secrets.checkSecrets({ ...ackline, sources: forwards ? ackline.sources : [] }, providers);
  return secrets;
}

function routingDeps(
  ackline: AcklineConfig,
  parts: Pick<LateRoutingDeps, 'pool' | 'log' | 'onRouted'>,
): LateRoutingDeps {
  return {
    ...parts,
    fanOut: createFanOut(ackline),
    sources: ackline.sources.map(source => source.name),
    destinations: new Map(ackline.destinations.map(destination => [destination.name, destination])),
  };
}

function sweptListener(parts: {
  metrics: ProcessorMetrics;
  delivery: Delivery;
  log: Logger;
}): UpkeepDeps['onSwept'] {
  return swept => {
    parts.metrics.interrupted(swept.interrupted);
    parts.log.warn(swept, 'deliveries.interrupted');
    parts.delivery.dispatcher.wake();
  };
}

function storerDeps(parts: {
  intake: Intake;
  delivery: Delivery;
  metrics: ProcessorMetrics;
  routing: LateRoutingDeps;
  refusals: Refusals;
}): LaneStorerDeps {
  const { intake, metrics, routing, refusals } = parts;
  return {
    pool: routing.pool,
    lanes: () => intake.lanes(),
    rules: { fanOut: routing.fanOut, destinations: routing.destinations, desk: parts.delivery.dispatcher },
    listener: {
      stored: batch => metrics.stored(batch),
      quarantined(origin, reason) {
        metrics.quarantined();
        routing.log.error({ origin, reason }, 'record.quarantined');
      },
      refused(reason) {
        refusals.refused(reason);
        routing.log.error({ reason }, 'store.refuses-all');
      },
    },
  };
}

function describe(config: ProcessorConfig, intake: Intake, delivery: Delivery) {
  return {
    workers: config.workers,
    inFlight: delivery.inFlight(),
    intake: intake.snapshot(),
    breakers: Object.fromEntries(
      [...delivery.destinations].map(([name, { breaker }]) => [name, breaker.state]),
    ),
  };
}
