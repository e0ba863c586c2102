import type { ComposedLog } from '@ackline/eventlog/composed-log';
import { connectEventLog } from '@ackline/eventlog/connect-event-log';
import { connectPostgresGuard, createAsking, type PostgresGuard } from '@ackline/eventlog/postgres-guard';
import { aborted } from '@ackline/runtime/aborted';
import { waitForEndpointRemoval } from '@ackline/runtime/drain';
import { createHealthRegistry, type HealthRegistry } from '@ackline/runtime/health';
import type { Logger } from '@ackline/runtime/logger';
import type { App, ProgramContext } from '@ackline/runtime/main-program';
import { createMetricFactory } from '@ackline/runtime/metric-factory';
import { createMetrics } from '@ackline/runtime/metrics';
import { bind, createOpsServer } from '@ackline/runtime/ops-server';
import { createCallTally } from '@ackline/runtime/performance-report';
import { createPoolMetrics } from '@ackline/runtime/pool-metrics';
import { background, type BackgroundDeps } from '@ackline/runtime/supervisor';
import { connectTracing, type Tracing } from '@ackline/runtime/tracing/connect-tracing';
import { checkPostgresDurability, standbyWeaknesses } from '@ackline/store/durability';
import { checkSchema } from '@ackline/store/migrate';
import { createFairShare } from '@ackline/shared/fair-share';
import { createPool } from '@ackline/store/pool';
import { watchPool } from '@ackline/store/pool-watch';
import type { Pool } from 'pg';
import type { Registry } from 'prom-client';
import { type CertificateTrust, publicTrust } from './certificates/certificate-fetch.ts';
import { connectPublishedKeys } from './certificates/connect-published-keys.ts';
import type { IngressConfig } from './config.ts';
import { createLogMetrics } from './event-log/log-metrics.ts';
import { logReadiness, postgresReadiness } from './event-log/log-readiness.ts';
import { relaySpans } from './event-log/relay-spans.ts';
import type { ProcessCount } from './http/health-report.ts';
import { BODY_BUDGET_BYTES, createPublicPort, type Guards } from './http/public-port.ts';
import type { PublicServer } from './http/server.ts';
import { createRateLimits } from './limits/rate-limits.ts';
import { createHourReport } from './metrics/hour-report.ts';
import { createIngressMetrics, type Shown } from './metrics/ingress-metrics.ts';
import { createMinuteTally, withMinutes } from './metrics/minute-tally.ts';
import { registerFigures } from './metrics/registered-figures.ts';
import { createRequestTally, type RequestTally, withTally } from './metrics/request-tally.ts';
import { createSecretTally } from './metrics/secret-tally.ts';
import { createSeenEvents } from './seen/seen-events.ts';
import { createSideWork, type SideWork, type SideWorkParts } from './side/side-work.ts';
import { connectSources, type Sources } from './sources/sources.ts';

/** An ingress process writes in batches: a few connections carry all of them, and many pods share the server. */
export const POOL_MAX = 5;
/** By which PostgreSQL and Redis show the connections. */
const APPLICATION_NAME = 'ackline-ingress';
/** The head of a request that was sent as the port closed is here within this time. */
const HEAD_GRACE_MS = 1_000;
/** The slowest body (5 s), both logs' deadlines and a rest: under the drain deadline by what the flush of the log may take. */
const CONNECTIONS_DEADLINE_MS = 12_000;

const ALONE: ProcessCount = { count: 1, alive: 1 };

export interface IngressApp extends App {
  reload(): Promise<void>;
  /** Says on every answer that its connection ends with it, and is not ready any more; goes on serving. */
  retire(): void;
}

/**
 * The ingress, wired. Everything that is opened is closed in the reverse order: the public port (after what is in flight is
 * answered), the event log (flushed), background work, the pool, the operations port, and fetches of certificates last.
 */
export async function createApp(
  config: IngressConfig,
  context: ProgramContext,
  processes: () => ProcessCount = () => ALONE,
  trust: CertificateTrust = publicTrust(),
): Promise<IngressApp> {
  await using opened = new AsyncDisposableStack();
  const { log } = context;
  const registry = createMetrics({ service: 'ingress' });
  const figures = createMetricFactory(registry);
  const keys = opened.use(connectPublishedKeys(trust, { metrics: figures, log }));
  const sources = await connectSources(config, context, keys);
  const health = createHealthRegistry();
  const guards = await openGuards(config, { opened, log });
  registerFigures(figures, { sources, guards });
  const tally = createRequestTally({ limitHits: () => guards.limits.hits, now: Date.now });
  const operations = createOpsServer({
    ...config.operations,
    registry,
    health,
    report: () => Promise.resolve(tally.report()),
  });
  const opsPort = await operations.listen();
  background([operations], { opened, log, health });
  const tracing = await connectTracing(config.tracing, { service: 'ackline-ingress', registry, log });
  opened.defer(() => tracing?.close());

  const pool = openPool(config, { opened, registry, log });
  const guard = await openPostgresGuard(pool, config, { log, health });
  // For ever: without PostgreSQL, and also where it may not be used, the other tiers serve.
  const asking = createAsking(guard, context.signal);
  const shown = shownOf(sources);
  const { metrics, calls, ...counts } = createCounts(registry, { shown, tally });
  const bodyMemory = createFairShare(BODY_BUDGET_BYTES);
  const beside = { pool, guard, keys, sources, shown, ...counts, metrics, bodyMemory, log };
  const side = openSideWork(beside, opened);
  const report = createHourReport({ calls, seen: guards.seen, pool: { all: pool, max: POOL_MAX }, log });
  background([asking, sources.declared, ...side.components, report], { opened, log, health });
  const eventLog = await openEventLog(config, { pool, guard, registry, tracing, log });
  opened.defer(() => eventLog.close());
  const isDurable = () => eventLog.reachable();
  health.watch('event-log', () => logReadiness(isDurable(), sources.declared.current.ackline.sources));
  const front = createPublicPort({
    config,
    sources,
    eventLog,
    guards,
    isDurable,
    states: side.states,
    metrics,
    rejections: side.rejections,
    bodyMemory,
    tracing,
    processes,
    guard,
    log,
    health,
  });
  return describeApp({ config, context, sources, health, front, opsPort, opened: opened.move() });
}

/** What is counted of each request. */
function createCounts(
  registry: Registry,
  { shown, tally }: { readonly shown: Shown; readonly tally: RequestTally },
) {
  const secretTally = createSecretTally();
  const minutes = createMinuteTally();
  const calls = createCallTally();
  const counted = withMinutes(createIngressMetrics(registry, shown, secretTally), minutes);
  return { metrics: withTally(counted, tally, calls), calls, secretTally, minutes };
}

/** Its last word comes when nothing is answered any more. */
function openSideWork(parts: SideWorkParts, opened: AsyncDisposableStack): SideWork {
  const side = createSideWork(parts);
  opened.defer(() => side.end());
  return side;
}

function shownOf({ declared, secrets }: Sources): Shown {
  return {
    configured: () => declared.current.ackline.sources,
    secretsOf: refs => secrets.resolve(refs),
  };
}

interface EventLogParts {
  readonly pool: Pool;
  readonly guard: PostgresGuard;
  readonly registry: Registry;
  readonly tracing: Tracing | null;
  readonly log: Logger;
}

async function openEventLog(
  { kafka, breaker, spool }: IngressConfig,
  { pool, guard, registry, tracing, log }: EventLogParts,
): Promise<ComposedLog> {
  const metrics = createLogMetrics(createMetricFactory(registry));
  const { listener } = metrics;
  const relayed =
    tracing === null
      ? {}
      : { onRelayed: relaySpans({ record: span => tracing.record(span), now: Date.now }) };
  const eventLog = await connectEventLog({
    kafka,
    breaker,
    spool,
    pool,
    guard,
    listener,
    ...relayed,
    log,
  });
  metrics.watch(() => eventLog.snapshot());
  return eventLog;
}

function openPool(
  { databaseUrl }: IngressConfig,
  { opened, registry, log }: Pick<BackgroundDeps, 'opened' | 'log'> & Pick<EventLogParts, 'registry'>,
) {
  const pool = createPool({
    connectionString: databaseUrl,
    applicationName: APPLICATION_NAME,
    max: POOL_MAX,
    checkNew: checkPostgresDurability, // a failover may lead to a server that is weaker than the one before (A1)
    onError: error => log.warn({ err: error }, 'postgres.connection-lost'),
  });
  opened.defer(() => pool.end());
  watchPool(pool, createPoolMetrics(createMetricFactory(registry)).add(APPLICATION_NAME, pool));
  return pool;
}

async function openPostgresGuard(
  pool: Pool,
  { failsOver, askPostgresEveryMs }: Pick<IngressConfig, 'failsOver' | 'askPostgresEveryMs'>,
  { log, health }: Pick<BackgroundDeps, 'log' | 'health'>,
): Promise<PostgresGuard> {
  const guard = await connectPostgresGuard({
    check: () => checkSchema(pool),
    async checkAgain() {
      await checkPostgresDurability(pool);
      return failsOver ? standbyWeaknesses(pool) : [];
    },
    goodEveryMs: askPostgresEveryMs,
    log,
  });
  health.watch('postgres', () => postgresReadiness(guard));
  return guard;
}

/** Redis where there is one; nobody waits for it. Without it its client is not even loaded: 13 MB of a process. */
async function openGuards(
  { redisUrl, seenTtlMs: ttlMs }: IngressConfig,
  { opened, log }: Pick<BackgroundDeps, 'opened' | 'log'>,
): Promise<Guards> {
  const redis =
    redisUrl === null
      ? null
      : (await import('@ackline/runtime/redis/connect-redis')).connectRedis({
          url: redisUrl,
          connectionName: APPLICATION_NAME,
          log,
        });
  opened.defer(() => redis?.close());
  const deps = { redis, now: Date.now };
  return { redis, seen: createSeenEvents({ ...deps, ttlMs }), limits: createRateLimits(deps) };
}

interface Parts {
  readonly config: IngressConfig;
  readonly context: ProgramContext;
  readonly sources: Sources;
  readonly health: HealthRegistry;
  readonly front: PublicServer;
  readonly opsPort: number;
  readonly opened: AsyncDisposableStack;
}

function describeApp(parts: Parts): IngressApp {
  return {
    run: signal => run(parts, signal),
    reload: () => parts.sources.declared.reload(),
    retire: () => parts.health.markDraining(),
    replace() {
      const fix =
        'set INGRESS_PROCESSES=1 or more: only a parent can replace a process without refusing a connection';
      parts.context.log.warn({ signal: 'SIGUSR2', fix }, 'replace.needs-parent');
    },
  };
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
  await aborted(signal);
  health.markDraining();
  await waitForEndpointRemoval(config.drain);
}
