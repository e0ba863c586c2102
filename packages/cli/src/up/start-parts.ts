import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDurableStorage } from '@ackline/eventlog/spool/spool-directory';
import type { Component } from '@ackline/runtime/component';
import type { Environment } from '@ackline/runtime/environment';
import { createHealthRegistry, type HealthRegistry } from '@ackline/runtime/health';
import type { Logger } from '@ackline/runtime/logger';
import {
  createMergedRegistry,
  createReadinessWatch,
  type ReadinessWatch,
  readMergedReport,
} from '@ackline/runtime/merged-operations';
import { createMetrics } from '@ackline/runtime/metrics';
import { createOpsServer } from '@ackline/runtime/ops-server';
import { type SupervisorOptions, supervise } from '@ackline/runtime/supervisor';
import { migrate } from '@ackline/store/migrate';
import type { CliConfig, PortChoice } from '../config.ts';
import { writeUpState } from '../data-directory/up-state.ts';
import { formatError } from '../output/error-line.ts';
import type { Terminal } from '../output/terminal.ts';
import { formatMs } from '../output/units.ts';
import { SERVICE_ENTRIES, type ServiceName } from '../service-entries.ts';
import { announce } from './announce.ts';
import { type ChildService, createChildService } from './child-service.ts';
import { choosePort } from './ports.ts';
import { createPostgresPart } from './postgres-part.ts';
import type { Prepared } from './prepare.ts';
import { checkSamplePort, findSamplePort, startSampleReceiver } from './sample-receiver.ts';
import type { ServiceOutput } from './service-output.ts';

const LOOPBACK = '127.0.0.1';
/** Past this it is announced anyway, with what is not ready: a broker that is away must not hide the rest. */
const READY_LIMIT_MS = 60_000;
const READY_POLL_MS = 100;
/** A start costs a second of CPU, which a console that never comes up must not take from webhooks. */
const CONSOLE_BACKOFF = { firstMs: 1_000, maxMs: 60_000, stableAfterMs: 60_000 };

/** What all steps of one start share. */
export interface Up {
  readonly config: CliConfig;
  readonly terminal: Terminal;
  readonly prepared: Prepared;
  /** Takes what must be stopped, in the order of starting. */
  readonly stack: AsyncDisposableStack;
  /** What SIGHUP and SIGUSR2 call. */
  readonly signalled: ((signal: 'SIGHUP' | 'SIGUSR2') => void)[];
  /** What a second signal calls. */
  readonly killers: (() => void)[];
  readonly health: HealthRegistry;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  readonly openOutput: (service: string) => ServiceOutput;
}

interface Ports {
  readonly ingress: number;
  readonly console: number;
  readonly operations: number;
  /** null: no sample receiver runs. */
  readonly sample: number | null;
}

/** What is known only while parts start, and may change when one is started again. */
interface Facts {
  databaseUrl: string;
  readonly pids: Partial<Record<ServiceName, number>>;
}

/** Starts all parts in order; resolves once they are ready. Every part that runs is on `up.stack`. */
export async function startParts(up: Up): Promise<void> {
  const startedAt = new Date();
  const ports = await choosePorts(up);
  const spool = await spoolEnvironment(up);
  const facts: Facts = { databaseUrl: up.config.databaseUrl ?? '', pids: {} };
  const ingressUrl = (): string => urlOf(up.config.host, services.ingress.httpPort() ?? ports.ingress);
  const consoleUrl = () => urlOf(up.config.consoleHost, services.console.httpPort() ?? ports.console);
  const operationsUrl = urlOf(up.config.opsHost, ports.operations);
  // One after the other: services that start at the same time would write the same file.
  let saved: Promise<void> = Promise.resolve();
  const saveState = () => {
    saved = saved.then(() =>
      writeUpState(up.prepared.layout, {
        pid: process.pid,
        startedAt: startedAt.toISOString(),
        databaseUrl: facts.databaseUrl,
        ingressUrl: ingressUrl(),
        consoleUrl: consoleUrl(),
        operationsUrl,
        services: { ...facts.pids },
      }).catch((error: unknown) => up.log.warn({ err: error }, 'up-state.not-written')),
    );
    return saved;
  };
  const create = (name: ServiceName) =>
    createService(up, name, {
      environment: () => ({
        ...serviceEnvironment(up, facts.databaseUrl),
        ...listenerOf(name, up, { ...ports, ingressUrl }),
        ...(name === 'ingress' ? spool : {}),
      }),
      onSpawn(pid) {
        facts.pids[name] = pid;
        void saveState();
      },
    });
  const services = {
    processor: create('processor'),
    ingress: create('ingress'),
    console: create('console'),
  };
  const all = Object.values(services);
  /** Without one of these nothing is taken or delivered; without the console only nobody sees it. */
  const needed = [services.processor, services.ingress];
  up.signalled.push(signal => {
    services.ingress.signal(signal);
    // Each is one process, which nothing else could replace.
    if (signal === 'SIGHUP') for (const one of [services.processor, services.console]) one.signal(signal);
  });
  const watch = createReadinessWatch(() => needed);

  await startOperations(up, { port: ports.operations, services: all, needed, watch });
  facts.databaseUrl = await startDatabase(up);
  await startSample(up, ports.sample);
  for (const service of needed) await startService(up, service);
  keep(up, watch);
  const waiting = await untilReady(up, needed, watch);
  up.health.markStarted();
  const hasConsole = await startConsole(up, services.console);
  await saveState();
  if (up.signal.aborted) return;
  const urls = { ingressUrl: ingressUrl(), consoleUrl: hasConsole ? consoleUrl() : null, operationsUrl };
  announce(up, { ...urls, waiting });
}

/** Where a service listens, as it reads it, and the console's way to the ingress where the environment says no other. */
function listenerOf(
  name: ServiceName,
  { config }: Up,
  ports: Ports & { readonly ingressUrl: () => string },
): Environment {
  if (name === 'ingress') return { HOST: config.host, PORT: String(ports.ingress) };
  if (name === 'console')
    return {
      CONSOLE_HOST: config.consoleHost,
      CONSOLE_PORT: String(ports.console),
      CONSOLE_INGRESS_URL: config.environment['CONSOLE_INGRESS_URL'] ?? ports.ingressUrl(),
    };
  return {};
}

/** All ports of the start, before anything is started: one that is taken must not leave work behind. */
async function choosePorts({ config, prepared, say }: Up): Promise<Ports> {
  const mayMove = config.mode === 'development';
  const choose = async (variable: string, host: string, choice: PortChoice, except: readonly number[]) => {
    const { port, movedBecause } = await choosePort({ variable, host, choice, mayMove, except });
    if (movedBecause !== null) say(`port ${choice.port} is held by ${movedBecause}: using ${port} instead`);
    return port;
  };
  const sample = config.mode === 'development' ? findSamplePort(prepared.acklineConfig) : null;
  const given = sample === null ? [] : [sample];
  const ingress = await choose('PORT', config.host, config.port, given);
  const operations = await choose('OPS_PORT', config.opsHost, config.opsPort, [...given, ingress]);
  const others = [...given, ingress, operations];
  // In production a port of the console that is taken is no reason to take no webhooks.
  const consolePort = mayMove
    ? await choose('CONSOLE_PORT', config.consoleHost, config.consolePort, others)
    : config.consolePort.port;
  if (sample !== null) await checkSamplePort(sample);
  return { ingress, console: consolePort, operations, sample };
}

function createService(
  up: Up,
  name: ServiceName,
  hooks: { environment: () => Environment; onSpawn: (pid: number) => void },
): ChildService {
  const output = up.openOutput(name);
  up.stack.defer(() => output.close());
  const service = createChildService({
    name,
    entry: SERVICE_ENTRIES[name],
    output,
    onRestarted: () => up.say(`${name} runs again`),
    ...hooks,
  });
  up.killers.push(() => service.kill());
  return service;
}

/** Operations ports of services are loopback: the one that is served outside is of `up`. */
function serviceEnvironment({ config, prepared }: Up, databaseUrl: string): Environment {
  return {
    NODE_COMPILE_CACHE: join(prepared.layout.root, 'compile-cache'),
    ...prepared.environment,
    ACKLINE_ENV: config.mode,
    ACKLINE_CONFIG: config.configFile,
    DATABASE_URL: databaseUrl,
    OPS_HOST: LOOPBACK,
    OPS_PORT: '0',
  };
}

/**
 * Where nothing else is asked for, the spool is beside the rest of the data; an empty SPOOL_DIR means none. In development it may
 * be on storage that ends with a container, as the embedded PostgreSQL beside it is. In production it is off there (A1).
 */
async function spoolEnvironment({ config, prepared, log }: Up): Promise<Environment> {
  const { environment, layout } = prepared;
  if (environment['SPOOL_DIR'] !== undefined) return {};
  const SPOOL_DIR = layout.spool;
  const SPOOL_DURABILITY = environment['SPOOL_DURABILITY'] ?? 'ephemeral';
  if (config.mode === 'development') return { SPOOL_DIR, SPOOL_DURABILITY };
  if (environment['SPOOL_DURABILITY'] === 'ephemeral' || (await isDurableStorage(SPOOL_DIR)))
    return { SPOOL_DIR };
  log.warn(
    { directory: SPOOL_DIR },
    'spool.off: the data directory is on storage that does not outlive the container; mount a volume there or set SPOOL_DIR',
  );
  return {};
}

async function startOperations(
  up: Up,
  parts: Record<'services' | 'needed', readonly ChildService[]> & { port: number; watch: ReadinessWatch },
): Promise<void> {
  const { config, health } = up;
  for (const service of parts.needed) {
    health.watch(`${service.name}-readiness`, () => parts.watch.state(service));
  }
  const services = () => parts.services;
  const server = createOpsServer({
    host: config.opsHost,
    port: parts.port,
    registry: createMergedRegistry(createMetrics({ service: 'ackline' }), services),
    report: () => readMergedReport(services),
    health,
  });
  await server.listen();
  keep(up, server);
}

/** The URL of a migrated database: of the environment, or of the embedded server. */
async function startDatabase(up: Up): Promise<string> {
  const { config, prepared } = up;
  let url = config.databaseUrl;
  if (url === null) {
    const postgres = createPostgresPart({
      dataDir: prepared.layout.postgres,
      log: up.say,
      onRestarted: () => up.say('PostgreSQL runs again'),
    });
    url = await timed(up, 'embedded PostgreSQL 17 started', () => postgres.start());
    up.killers.push(() => postgres.kill());
    keep(up, postgres);
  }
  const databaseUrl = url;
  await timed(up, 'schema is up to date', () => migrate(databaseUrl));
  return databaseUrl;
}

/** A built-in destination, so that a newcomer sees a delivery arrive; in production nobody may depend on it. */
async function startSample({ stack, say, terminal }: Up, port: number | null): Promise<void> {
  if (port === null) return;
  stack.use(await startSampleReceiver(port, line => terminal.note(`← ${line}`)));
  say(`sample receiver on http://${LOOPBACK}:${port}/sample`);
}

async function startService(up: Up, service: ChildService): Promise<void> {
  await timed(up, `${service.name} started`, () => service.start());
  keep(up, service);
}

/** False: it does not run yet. It is tried again, and is in no readiness: webhooks come in and go out without it. */
async function startConsole(up: Up, service: ChildService): Promise<boolean> {
  const started = await timed(up, `${service.name} started`, () => service.start()).then(
    () => true,
    (error: unknown) => {
      up.signal.throwIfAborted();
      const why = formatError(error, up.config.isDebug);
      up.log.warn({ err: error }, `console.not-started: all else runs, and it is tried again; ${why}`);
      return false;
    },
  );
  keep(up, service, { health: createHealthRegistry(), backoff: CONSOLE_BACKOFF });
  return started;
}

/** Keeps a part running until the stack stops it, and waits for its end. */
function keep(
  { stack, health, log }: Up,
  component: Component,
  other: Partial<Pick<SupervisorOptions, 'health' | 'backoff'>> = {},
): void {
  const stop = new AbortController();
  const run = supervise([component], { signal: stop.signal, health, log, ...other });
  stack.defer(async () => {
    stop.abort();
    await run;
  });
}

/** Resolves with what is not ready even then, and why. */
async function untilReady(
  up: Up,
  services: readonly ChildService[],
  watch: ReadinessWatch,
): Promise<readonly string[]> {
  const deadline = performance.now() + READY_LIMIT_MS;
  for (;;) {
    await watch.poll();
    const waiting = services.filter(service => !watch.state(service).ok);
    const reasons = waiting.map(service => `${service.name}: ${watch.state(service).detail ?? 'not ready'}`);
    if (reasons.length === 0 || up.signal.aborted || performance.now() > deadline) return reasons;
    up.terminal.progress(`waiting for ${reasons.join('; ')}`);
    await delay(READY_POLL_MS);
  }
}

/** Says the step when it is done, with its time. A signal meanwhile ends the start after it. */
async function timed<T>({ say, signal }: Up, what: string, step: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const startedAt = performance.now();
  const result = await step();
  say(`${what} (${formatMs(performance.now() - startedAt)})`);
  return result;
}

/** For this machine: a listener on all addresses is reached by loopback. */
function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? LOOPBACK : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
