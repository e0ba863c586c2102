import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@ackline/runtime/logger';
import type { SecretReader } from '@ackline/runtime/secrets';
import { restoreBearer } from '@ackline/shared/bearer-headers';
import type { AcklineConfig } from '@ackline/shared/config/types';
import { createFairShare } from '@ackline/shared/fair-share';
import { findProvider } from '@ackline/shared/providers/registry';
import { claimDue, findDue } from '@ackline/store/delivery-claims';
import { recordOutcomes } from '@ackline/store/delivery-outcomes';
import { pauseDestination } from '@ackline/store/destinations';
import type { Pool } from 'pg';
import type { ProcessorMetrics } from '../metrics.ts';
import type { AttemptDeps } from './attempt.ts';
import { createAttemptRunner } from './attempt-runner.ts';
import { createDestination, type Destination, type DestinationEvents } from './destination.ts';
import { createDispatcher, type Dispatcher } from './dispatcher.ts';
import { createNameLookup } from './name-lookup.ts';
import { createOutcomeWriter } from './outcome-writer.ts';

export interface DeliveryDeps {
  readonly ackline: AcklineConfig;
  readonly secrets: SecretReader;
  readonly pool: Pool;
  readonly metrics: ProcessorMetrics;
  readonly log: Logger;
  /** Monotonic milliseconds; leases are reckoned by it. */
  readonly now?: () => number;
  readonly bodyBudgetBytes?: number;
}

/** Bodies of attempts in flight: beside a storing batch of each worker they are what the process holds in memory. */
const BODY_BUDGET_BYTES = 256 * 1024 * 1024;

/** The delivery side of the processor, wired: destinations, their dispatcher, and the writer of outcomes. */
export interface Delivery {
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly dispatcher: Dispatcher;
  /** Attempts under way. */
  inFlight(): number;
  /** Their bodies, and what claims under way may bring. */
  inFlightBytes(): number;
  /** What is in flight ends, or is given back after `attemptsMs`; then every outcome is written. */
  drain(attemptsMs: number): Promise<void>;
  /** Closes the connections to the destinations. */
  close(): Promise<void>;
}

export function createDelivery(deps: DeliveryDeps): Delivery {
  const { ackline, pool, log, now = () => performance.now() } = deps;
  const wake = () => dispatcher.wake();
  const memory = createFairShare(deps.bodyBudgetBytes ?? BODY_BUDGET_BYTES);
  const forDestinations = { ...destinationEvents(deps, wake), lookup: createNameLookup(), memory, now };
  const destinations = new Map(
    ackline.destinations.map(config => [config.name, createDestination(config, forDestinations)]),
  );
  const writer = createOutcomeWriter({
    store: { record: outcomes => recordOutcomes(pool, outcomes) },
    log,
    onWritten: wake,
    now,
    wait: ms => delay(ms),
  });
  const runner = createAttemptRunner({
    ...attemptDeps(deps),
    pauseDestination: (name, reason) =>
      pauseDestination(pool, name, { reason, actor: `processor@${hostname()}` }),
    writer,
    listener: deps.metrics,
    log,
    now,
  });
  const dispatcher = createDispatcher({
    store: {
      findDue: names => findDue(pool, names),
      claimDue: request => claimDue(pool, request),
    },
    destinations,
    runner,
    log,
  });
  return {
    destinations,
    dispatcher,
    inFlight: () => runner.inFlight,
    inFlightBytes: () => memory.taken,
    async drain(attemptsMs) {
      dispatcher.stopTaking();
      await runner.drain(attemptsMs);
      await writer.flush();
    },
    async close() {
      await Promise.all([...destinations.values()].map(destination => destination.sender.close()));
    },
  };
}

function destinationEvents({ metrics, log }: DeliveryDeps, slotFreed: () => void): DestinationEvents {
  return {
    slotFreed,
    breakerChanged(destination, status, failures) {
      metrics.breakerChanged(destination, status !== 'CLOSED');
      if (status === 'OPEN') log.error({ destination }, `Circuit breaker OPEN - ${failures} failures`);
      else log.info({ destination, status }, 'breaker.changed');
    },
  };
}

function attemptDeps({ ackline, secrets }: DeliveryDeps): Omit<AttemptDeps, 'stop'> {
  const sources = new Map(ackline.sources.map(source => [source.name, source]));
  return {
    random: Math.random,
    signingSecret({ config }) {
      return config.signingSecret === null ? null : (secrets.resolve([config.signingSecret])[0] ?? null);
    },
    headersFor(meta, { config }) {
      const source = sources.get(meta.source);
      if (!config.forwardSecret || source === undefined) return meta.headers;
      const bearer = findProvider(source.provider)?.bearerHeaders ?? [];
      return restoreBearer(meta.headers, bearer, secrets.resolve(source.secrets));
    },
  };
}
