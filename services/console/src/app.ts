import { connectPostgresGuard, createAsking, type PostgresGuard } from '@ackline/eventlog/postgres-guard';
import { aborted } from '@ackline/runtime/aborted';
import { registerConfigFigures } from '@ackline/runtime/config-metrics';
import type { ConfigReload } from '@ackline/runtime/config-reload';
import { createHealthRegistry, type HealthRegistry } from '@ackline/runtime/health';
import type { Logger } from '@ackline/runtime/logger';
import type { App, ProgramContext } from '@ackline/runtime/main-program';
import { createMetricFactory } from '@ackline/runtime/metric-factory';
import { createMetrics } from '@ackline/runtime/metrics';
import { operatorName } from '@ackline/runtime/operator-name';
import { bind, createOpsServer } from '@ackline/runtime/ops-server';
import { createPoolMetrics, type PoolMetrics } from '@ackline/runtime/pool-metrics';
import { createSecretReader } from '@ackline/runtime/secrets';
import { background } from '@ackline/runtime/supervisor';
import { findSession, type SessionLook } from '@ackline/store/console-sessions';
import { useToken } from '@ackline/store/console-tokens';
import { checkSchema } from '@ackline/store/migrate';
import { createPool } from '@ackline/store/pool';
import { watchPool } from '@ackline/store/pool-watch';
import type { Pool } from 'pg';
import { createAccess } from './access/access.ts';
import { createFailedSignIns } from './access/failed-sign-ins.ts';
import { createFind, createUnknownGate } from './access/find-known.ts';
import { createOidcClient } from './access/oidc/oidc-client.ts';
import { createRoleCheck } from './access/oidc/person.ts';
import { createSessions } from './access/sessions.ts';
import { createShowKeys } from './access/shown-keys.ts';
import { openApiDocument } from './api/openapi.ts';
import { routes } from './api/routes.ts';
import { createAuditCalls } from './calls/audit.ts';
import { callerCalls } from './calls/caller.ts';
import { createDeliveryCalls } from './calls/deliveries.ts';
import { createDestinationCalls } from './calls/destinations.ts';
import { createEventCalls } from './calls/events.ts';
import { createEventStream } from './calls/event-stream.ts';
import { createOverviewCalls } from './calls/overview.ts';
import { createParkedCalls } from './calls/parked.ts';
import { createRejectedCalls } from './calls/rejected.ts';
import { createReplayCalls } from './calls/replays.ts';
import { createSessionCalls } from './calls/session.ts';
import { createSampleCalls } from './calls/samples.ts';
import { createSourceCalls } from './calls/sources.ts';
import type { ConsoleConfig } from './config.ts';
import { connectDeclared, type Declared } from './declared.ts';
import { DOCS_ROOT } from './docs/doc-files.ts';
import { createDocs } from './docs/docs.ts';
import { createRequestFigures } from './http/request-figures.ts';
import { createLoginRoutes } from './http/login-routes.ts';
import { createConsoleServer } from './http/server.ts';
import { createEventFeed, type EventFeed } from './live/event-feed.ts';
import { createPage } from './page/page.ts';
import { PAGE_FOLDER } from './page/page-files.ts';

/** Looks are many and short, changes few: the console has five connections, and a look that takes long holds up no change. */
export const READS_MAX = 3;
export const CHANGES_MAX = 2;
/** A person who waits longer has gone; and what the server does for them is not done for events. */
const READ_LIMIT_MS = 2_000;
/** By which PostgreSQL shows the connections. */
const APPLICATION_NAME = 'ackline-console';
/** Calls that are under way when the port closes. */
const CLOSE_GRACE_MS = 3_000;

/**
 * The console, wired: PostgreSQL and ackline.yaml behind the operator API. It stores nothing and delivers nothing; where it is slow
 * or gone, events are taken and delivered as before.
 */
export async function createApp(config: ConsoleConfig, context: ProgramContext): Promise<App> {
  await using opened = new AsyncDisposableStack();
  const { log } = context;
  const declared = await connectDeclared(config, context);
  context.followLogLevel(declared.current.ackline.logLevel);
  const health = createHealthRegistry();
  const registry = createMetrics({ service: 'console' });
  const figures = createMetricFactory(registry);
  registerConfigFigures(figures, declared);
  const operations = createOpsServer({ ...config.operations, registry, health });
  const opsPort = await operations.listen();
  background([operations], { opened, log, health });

  const open = createPoolOpener(config, { opened, pools: createPoolMetrics(figures), log });
  const reads = open('reads', { max: READS_MAX, limitMs: READ_LIMIT_MS });
  const changes = open('changes', { max: CHANGES_MAX });
  const guard = await openGuard(reads, { log, health });
  const entry = createEntry(config, { reads, changes });
  const { access } = entry;
  const feed = createEventFeed({ reads, log });
  figures.read('consoleStreamClients', () => feed.size);
  // Where PostgreSQL was away at the start, its schema is looked at once it is there; calls are answered as well as they can be.
  background([declared, feed, createAsking(guard, context.signal)], { opened, log, health });
  const server = createConsoleServer({
    calls: createCalls({ reads, changes, declared, feed, entry, config, log }),
    access,
    rules: config.rules,
    openApi: openApiDocument(routes, '1'),
    watch: createRequestFigures(figures),
    page: createPage(PAGE_FOLDER),
    docs: createDocs(DOCS_ROOT),
    login: createLogin(config, entry, log),
    log,
  });
  const parts = { config, context, health, server, feed, opsPort, opened: opened.move() };
  return { run: signal => run(parts, signal), reload: () => declared.reload() };
}

/** How one becomes known. */
function createEntry({ rules, oidc }: ConsoleConfig, { reads, changes }: { reads: Pool; changes: Pool }) {
  const gate = createUnknownGate();
  // Not among the changes, which may wait for a replay that is being counted.
  const findToken = createFind(token => useToken(reads, token), gate);
  const isGiven = createRoleCheck(oidc?.roles ?? null);
  const findGiven = createFind(async (secret, look: SessionLook) => {
    const session = await findSession(reads, secret, look);
    return session !== null && isGiven(session) ? session : null;
  }, gate);
  return {
    findToken,
    access: createAccess({ rules, localName: operatorName(), findToken, findSession: findGiven }),
    sessions: createSessions({ changes, rules }),
    failed: createFailedSignIns(),
  };
}

/** The routes of who signs in elsewhere. Throws ACKLINE_SECRET_MISSING. */
function createLogin(config: ConsoleConfig, entry: ReturnType<typeof createEntry>, log: Logger) {
  const { oidc, rules, isProduction: production } = config;
  if (oidc === null) return null;
  const onFileProblem = (problem: string) => log.warn({ problem }, 'secret.file-problem');
  const secrets = createSecretReader({ env: config.environment, production, onFileProblem });
  const clientSecret = () => secrets.resolve([oidc.clientSecret]).join('');
  clientSecret();
  return createLoginRoutes({
    ...entry,
    oidc: createOidcClient(oidc, { clientSecret }),
    config: oidc,
    rules,
    log,
  });
}

interface CallParts {
  readonly reads: Pool;
  readonly changes: Pool;
  readonly declared: ConfigReload<Declared>;
  readonly feed: EventFeed;
  readonly entry: ReturnType<typeof createEntry>;
  readonly config: ConsoleConfig;
  readonly log: Logger;
}

function createCalls({ reads, changes, declared, feed, entry, config, log }: CallParts) {
  const current = () => declared.current;
  const secrets = createSecretReader({ env: config.environment, production: config.isProduction });
  const showKeysTo = createShowKeys(reads);
  return {
    ...createEventCalls({
      reads,
      changes,
      showKeysTo,
      traceUrl: config.traceUrl,
      streamEvents: createEventStream({ reads, feed, access: entry.access, showKeysTo, log }),
    }),
    ...createOverviewCalls({ reads, declared: current }),
    ...createDeliveryCalls({ reads, changes, showKeysTo }),
    ...createParkedCalls({ reads, changes, showKeysTo }),
    ...createReplayCalls({ reads, changes, declared: current, log }),
    ...createDestinationCalls({ reads, changes, declared: current }),
    ...createSourceCalls({ reads, declared: current, secrets }),
    ...createSampleCalls({ reads, changes, declared: current, config }),
    ...createRejectedCalls({ reads, declared: current }),
    ...createAuditCalls({ reads }),
    ...callerCalls,
    ...createSessionCalls({ ...entry, rules: config.rules, oidcLabel: config.oidc?.label ?? null }),
  };
}

interface Parts {
  readonly config: ConsoleConfig;
  readonly context: ProgramContext;
  readonly health: HealthRegistry;
  readonly server: ReturnType<typeof createConsoleServer>;
  readonly feed: EventFeed;
  readonly opsPort: number;
  readonly opened: AsyncDisposableStack;
}

async function run(parts: Parts, signal: AbortSignal): Promise<void> {
  const { config, health, server } = parts;
  const { log, report } = parts.context;
  await using opened = parts.opened;
  const port = await bind(server, config.http.host, config.http.port);
  opened.defer(() => closeServer(parts));
  health.markStarted();
  log.info(
    { ...config.http, port, opsPort: parts.opsPort, isLocal: config.rules.isLocal },
    'console.started',
  );
  report({ kind: 'listening', name: 'operations', host: config.operations.host, port: parts.opsPort });
  report({ kind: 'listening', name: 'http', host: config.http.host, port });
  report({ kind: 'started' });
  await aborted(signal);
  health.markDraining();
}

/** Streams are ended, since they never end by themselves; what is under way is answered. */
async function closeServer({ server, feed }: Parts): Promise<void> {
  const closed = new Promise(resolve => server.close(resolve));
  feed.endAll();
  server.closeIdleConnections();
  const grace = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  await closed;
  clearTimeout(grace);
}

interface PoolParts {
  readonly opened: AsyncDisposableStack;
  readonly pools: PoolMetrics;
  readonly log: Logger;
}

function createPoolOpener({ databaseUrl }: ConsoleConfig, { opened, pools, log }: PoolParts) {
  return (use: string, limits: { readonly max: number; readonly limitMs?: number }): Pool => {
    const pool = createPool({
      connectionString: databaseUrl,
      applicationName: APPLICATION_NAME,
      ...limits,
      onError: error => log.warn({ err: error }, 'postgres.connection-lost'),
    });
    opened.defer(() => pool.end());
    watchPool(pool, pools.add(`${APPLICATION_NAME}-${use}`, pool));
    return pool;
  };
}

async function openGuard(
  pool: Pool,
  { log, health }: { readonly log: Logger; readonly health: HealthRegistry },
): Promise<PostgresGuard> {
  const guard = await connectPostgresGuard({ check: () => checkSchema(pool), log });
  health.watch('postgres', () =>
    guard.isGood ? { ok: true } : { ok: false, detail: guard.failure ?? 'no answer yet' },
  );
  return guard;
}
