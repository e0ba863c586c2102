import type { Component } from '@ackline/runtime/component';
import { createHealthRegistry, type HealthRegistry } from '@ackline/runtime/health';
import type { App, ProgramContext } from '@ackline/runtime/main-program';
import { registerConfigFigures } from '@ackline/runtime/config-metrics';
import { createMetricFactory, type MetricFactory } from '@ackline/runtime/metric-factory';
import { type CallTally, createCallTally } from '@ackline/runtime/performance-report';
import { createPoolMetrics } from '@ackline/runtime/pool-metrics';
import type { Logger } from '@ackline/runtime/logger';
import { newEventId } from '@ackline/shared/event-id';
import { ensureDayPartitions } from '@ackline/store/day-partitions';
import { LONGEST_LOCK_WAIT_MS } from '@ackline/store/lock-patience';
import type { Pool } from 'pg';
import type { ProcessorConfig } from './config.ts';
import { APPLICATION_NAME } from './connection-check.ts';
import { connectStore } from './connect-store.ts';
import { createDelivery, type Delivery, type DeliveryDeps } from './delivery/create-delivery.ts';
import { createDestinationNews, type DestinationNews } from './destination-news.ts';
import { createDestinationNotices } from './destination-notices.ts';
import { createHeartbeat, type Heartbeat, type HeartbeatDeps } from './heartbeat.ts';
import { createHandlerLooks } from './handling/handler-looks.ts';
import { type ConnectionWatch, createConnectionWatch } from './handling/connection-watch.ts';
import type { OpenedHandlers } from './handling/handler-support.ts';
import { openHandlers, watchHandlers } from './handling/open-handlers.ts';
import { withCalls } from './measured-performance.ts';
import { describeProcessor } from './processor-state.ts';
import { connectIntake, type Intake, type IntakeOptions } from './intake.ts';
import { createLateRouting, type LateRouting, type LateRoutingDeps } from './late-routing.ts';
import type { ProcessorMetrics } from './metrics.ts';
import type { MinuteTally } from './minute-tally.ts';
import { createReplayer } from './replaying/replayer.ts';
import { openOperations, openTracing } from './open-operations.ts';
import { createCounts, openReports, watchedSources } from './open-reports.ts';
import { openRetention } from './retaining/open-retention.ts';
import { connectRules, type ConnectedRules, type Declared } from './rules.ts';
import { runProcessor } from './run-processor.ts';
import { createLaneStorer, type LaneStorer } from './storing/lane-storer.ts';
import { createRefusals } from './storing/refusals.ts';
import { noteWholeBodies } from './storing/whole-bodies.ts';
import { storerDeps, type StorerParts } from './storing/storer-deps.ts';
import { createUpkeep, type UpkeepDeps } from './upkeep.ts';

/**
 * Wires the processor: logs → store → deliveries. The operations port is bound first and closed last, so that probes are
 * answered through start and drain. What has been opened is closed again, in the reverse order, when a later step fails.
 */
export async function createApp(config: ProcessorConfig, context: ProgramContext): Promise<App> {
  await using opened = new AsyncDisposableStack();
  const { log } = context;
  // First after a wait for PostgreSQL, or in `run`: by then all is there that it tells.
  const { declared, secrets } = await connectRules(config, { log, onReloaded: next => apply(next) });
  const rules = () => declared.current;
  const health = createHealthRegistry();
  const { metrics, minutes } = createCounts();
  await openOperations({ config, context, health, registry: metrics.registry }, opened);
  const tracing = await openTracing({ config, log, registry: metrics.registry }, opened);

  const figures = createMetricFactory(metrics.registry);
  registerConfigFigures(figures, declared);
  const pools = createPoolMetrics(figures);
  const pool = await connectStore({ config, context, health, pools, rules }, opened);
  if (pool === null) return closing(opened.move());
  const intake = await openIntake({ ...config, pool, log }, opened);
  const calls = createCallTally();
  const handlers = openHandlers({ config, secrets, pool, log }, opened);
  const delivering = { config, rules, secrets, pool, metrics, figures, calls, handlers, tracing, log };
  const delivery = openDelivery(delivering, opened);
  const routing = routingDeps({ pool, rules, intake, log }, { delivery, metrics });
  const upkeep = createUpkeep({ ...routing, onSwept: sweptListener({ metrics, minutes, delivery, log }) });
  const lateRouting = createLateRouting(routing);
  const replayer = createReplayer({ pool, log, onReleased: routing.onRouted, metrics });
  const retention = openRetention({ config, declared, intake, pools, log }, opened);
  metrics.watch(watchedSources({ intake, delivery, retention }));
  context.followLogLevel(declared.current.logLevel);
  metrics.configured(rules().destinations.keys());
  const connections = createConnectionWatch({ config, pool, log }, rules().destinations);
  const apply = (next: Declared) =>
    applyDeclared(next, { context, metrics, delivery, lateRouting, connections });
  // Started already: PostgreSQL was waited for, and what is in force is of before.
  if (health.snapshot().started) await declared.reload();
  const storer = openStorer({ intake, delivery, metrics, tracing, routing }, health);

  const processorId = newEventId();
  const { destinations } = delivery;
  const news = createDestinationNews({ pool, destinations, cache: handlers.cache });
  const state = () => describeProcessor(config, { intake, delivery, retention, configState: declared.state });
  const heartbeat = openHeartbeat({ processorId, pool, news, destinations, state, log }, opened);
  await heartbeat.beat();
  await makePartitionsFirst(pool, log);
  // Before anything new is stored, so that a late-routed event does not fall behind a newer one of its key.
  await lateRouting.routeFirst();
  // Not before: after a wait for PostgreSQL the process counts as started already.
  health.watch('postgres', () => heartbeat.health());

  const components = [
    ...intake.components(storer),
    delivery.dispatcher,
    upkeep,
    lateRouting,
    replayer,
    retention,
    heartbeat,
    createHandlerLooks({ destinations, files: !config.production }),
    openNotices({ config, news, delivery, log }),
    declared,
    ...openReports({ config, delivery, handlers, figures, calls, minutes, pool, processorId, log }, opened),
  ];
  const parts = { config, context, health, delivery, processorId, components, resources: opened.move() };
  return { reload: () => reload({ declared, delivery }), run: signal => runProcessor(parts, signal) };
}

interface AppliedParts {
  readonly context: ProgramContext;
  readonly metrics: ProcessorMetrics;
  readonly delivery: Delivery;
  readonly lateRouting: LateRouting;
  readonly connections: ConnectionWatch;
}

/** What another ackline.yaml says, in the moment in which it takes effect. */
function applyDeclared({ destinations, logLevel }: Declared, parts: AppliedParts): void {
  parts.context.followLogLevel(logLevel);
  parts.metrics.configured(destinations.keys());
  parts.delivery.reconfigure(destinations);
  parts.lateRouting.wake();
  parts.connections.look(destinations);
}

/** What a person asks for: handlers get new threads whatever has changed, since what they import may lie anywhere. */
async function reload({ declared, delivery }: { declared: ConnectedRules['declared']; delivery: Delivery }) {
  await declared.reload();
  await delivery.renewHandlers();
}

async function openIntake(options: IntakeOptions, opened: AsyncDisposableStack): Promise<Intake> {
  const intake = await connectIntake(options);
  opened.defer(() => intake.close());
  return intake;
}

function routingDeps(
  deps: Pick<LateRoutingDeps, 'pool' | 'rules' | 'intake' | 'log'>,
  { delivery, metrics }: Pick<StorerParts, 'delivery' | 'metrics'>,
): LateRoutingDeps {
  return {
    ...deps,
    onRouted: () => delivery.dispatcher.wake(),
    onKeptWhole: noteWholeBodies({ log: deps.log, count: bodies => metrics.keptWhole(bodies) }),
    onQuarantined(origin, reason) {
      metrics.quarantined();
      deps.log.error({ origin, reason }, 'record.quarantined');
    },
  };
}

function openStorer(parts: Omit<StorerParts, 'refusals'>, health: HealthRegistry): LaneStorer {
  const refusals = createRefusals();
  health.watch('storing', () => refusals.state());
  return createLaneStorer(storerDeps({ ...parts, refusals }));
}

interface DeliveryParts extends Omit<DeliveryDeps, 'kafka' | 'metrics' | 'claimsAtOnce'> {
  readonly config: ProcessorConfig;
  readonly metrics: ProcessorMetrics;
  readonly figures: MetricFactory;
  readonly calls: CallTally;
  readonly handlers: OpenedHandlers;
}

function openDelivery(
  { config, metrics, figures, calls, ...deps }: DeliveryParts,
  opened: AsyncDisposableStack,
): Delivery {
  const { claimsAtOnce, kafka } = config;
  const delivery = createDelivery({
    ...deps,
    claimsAtOnce,
    kafka,
    metrics: withCalls(metrics, {
      calls,
      isHandler: name => deps.rules().destinations.get(name)?.type === 'handler',
    }),
  });
  opened.defer(() => delivery.close());
  watchHandlers(figures, { handlers: deps.handlers, delivery });
  return delivery;
}

function openHeartbeat(deps: HeartbeatDeps, opened: AsyncDisposableStack): Heartbeat {
  const heartbeat = createHeartbeat(deps);
  opened.defer(() => heartbeat.end());
  return heartbeat;
}

/** Told to end while it waited for PostgreSQL. */
function closing(resources: AsyncDisposableStack): App {
  return { run: () => resources.disposeAsync() };
}

/** Where no processor ran for a week, today has none, and one row of today in the default partition keeps it from getting one. */
async function makePartitionsFirst(pool: Pool, log: Logger): Promise<void> {
  await ensureDayPartitions(pool, LONGEST_LOCK_WAIT_MS).catch((error: unknown) =>
    log.warn({ err: error }, 'partitions.not-created'),
  );
}

interface NoticesParts {
  readonly config: ProcessorConfig;
  readonly news: DestinationNews;
  readonly delivery: Delivery;
  readonly log: Logger;
}

function openNotices({ config, news, delivery, log }: NoticesParts): Component {
  return createDestinationNotices({
    connectionString: config.databaseUrl,
    applicationName: APPLICATION_NAME,
    news,
    onLearned: () => delivery.dispatcher.wake(),
    log,
  });
}

function sweptListener(parts: {
  metrics: ProcessorMetrics;
  minutes: MinuteTally;
  delivery: Delivery;
  log: Logger;
}): UpkeepDeps['onSwept'] {
  return swept => {
    const { interrupted, parked } = swept;
    parts.metrics.interrupted(interrupted);
    parts.minutes.swept(swept);
    parts.log.warn({ interrupted, parked: parked.length }, 'deliveries.interrupted');
    parts.delivery.dispatcher.wake();
  };
}
