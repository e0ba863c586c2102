import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaCluster } from '@ackline/eventlog/kafka-cluster';
import type { Logger } from '@ackline/runtime/logger';
import type { SecretReader } from '@ackline/runtime/secrets';
import type { Tracing } from '@ackline/runtime/tracing/connect-tracing';
import { lacksSecret, restoreBearer } from '@ackline/shared/bearer-headers';
import type { DestinationConfig } from '@ackline/shared/config/types';
import { createFairShare } from '@ackline/shared/fair-share';
import { providerOf } from '@ackline/shared/providers/registry';
import { claimDue, findDue } from '@ackline/store/delivery-claims';
import { recordOutcomes } from '@ackline/store/delivery-outcomes';
import { endProbe, reportHealth, resetDestinationState, takeProbe } from '@ackline/store/destination-states';
import { pauseDestination } from '@ackline/store/destinations';
import { forgetEvents } from '@ackline/store/forgotten-events';
import type { Pool } from 'pg';
import type { ProcessorMetrics } from '../metrics.ts';
import type { Rules } from '../rules.ts';
import { createAttemptTraces } from '../tracing/attempt-spans.ts';
import { createTransformer, type Transformer } from '../transforming/transformer.ts';
import type { AttemptDeps } from './attempting/attempt.ts';
import { createAttemptRunner } from './attempting/attempt-runner.ts';
import { destinationHeaders } from './attempting/destination-headers.ts';
import { type BreakerReports, createBreakerReports } from './limits/breaker-reports.ts';
import type { Destination } from './destination.ts';
import { createDestinations } from './destinations.ts';
import type { HandlerSupport } from './sending/handler-sender.ts';
import { createDispatcher, type Dispatcher, type DispatchStore } from './claiming/dispatcher.ts';
import { createEventForgetter, type EventForgetter } from './outcomes/event-forgetter.ts';
import { createNameLookup } from '@ackline/runtime/name-lookup';
import { createOutcomeWriter, type OutcomeWriter } from './outcomes/outcome-writer.ts';
import { createPayloads } from './attempting/payloads.ts';
import { createUnknownNames } from './attempting/unknown-names.ts';

export interface DeliveryDeps {
  /** What is in force. */
  readonly rules: () => Pick<Rules, 'sources' | 'routes' | 'destinations' | 'weights' | 'shared'>;
  readonly secrets: SecretReader;
  /** Where topics of destinations are that name no brokers of their own; null: nowhere. */
  readonly kafka?: KafkaCluster | null;
  /** What handlers need; null: none can be run. */
  readonly handlers?: HandlerSupport | null;
  readonly pool: Pool;
  /** Each has a connection of the pool. */
  readonly claimsAtOnce: number;
  readonly metrics: ProcessorMetrics;
  readonly tracing?: Pick<Tracing, 'record'> | null;
  readonly log: Logger;
  /** Monotonic milliseconds; leases are reckoned by it. */
  readonly now?: () => number;
  readonly bodyBudgetBytes?: number;
  /** How long a delivery waits for a route or a source that this process does not know to come with a newer file. */
  readonly unknownNameWaitMs?: number;
}

/** Bodies of attempts in flight: beside a storing batch of each worker they are what the process holds in memory. */
const BODY_BUDGET_BYTES = 256 * 1024 * 1024;

/** The delivery side of the processor, wired: destinations, their dispatcher, and the writer of outcomes. */
export interface Delivery {
  /** Also those that are configured no longer. */
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly dispatcher: Dispatcher;
  /** Attempts under way. */
  inFlight(): number;
  /** Their bodies, and what claims under way may bring. */
  inFlightBytes(): number;
  /** What is configured from now on. */
  reconfigure(destinations: ReadonlyMap<string, DestinationConfig>): void;
  /** Starts the threads of all handlers anew, whatever has changed. */
  renewHandlers(): Promise<void>;
  /** What is in flight ends, or is given back after `attemptsMs`; then every outcome is written. */
  drain(attemptsMs: number): Promise<void>;
  /** Closes the connections to the destinations, and the processes that evaluate expressions. */
  close(): Promise<void>;
}

export function createDelivery(deps: DeliveryDeps): Delivery {
  const { pool, log, now = () => performance.now() } = deps;
  const wake = () => dispatcher.wake();
  const memory = createFairShare(deps.bodyBudgetBytes ?? BODY_BUDGET_BYTES);
  const reports = breakerReports(deps, wake);
  const destinations = createDestinations(deps.rules().destinations, {
    slotFreed: name => dispatcher.slotFreed(name),
    onNews: breaker => reports.add(breaker),
    lookup: createNameLookup(),
    kafka: deps.kafka ?? null,
    secrets: deps.secrets,
    // Not before all is wired.
    handlers: deps.handlers == null ? null : { ...deps.handlers, onState: () => setImmediate(wake), now },
    memory,
    isShared: name => deps.rules().shared.has(name),
    now,
  });
  const { writer, forgetter } = outcomeWriting({ ...deps, now }, wake);
  const transformer = createTransformer({ log, onStartFailed: () => deps.metrics.transformStartFailed() });
  const runner = createAttemptRunner({
    ...attemptDeps(deps, transformer),
    pauseDestination: async (name, reason) => {
      await pauseDestination(pool, name, { reason, actor: `processor@${hostname()}` });
    },
    writer,
    listener: deps.metrics,
    log,
    now,
  });
  const dispatcher = createDispatcher({
    store: dispatchStore(pool),
    destinations: destinations.all,
    runner,
    claimsAtOnce: deps.claimsAtOnce,
    weightOf: tenant => deps.rules().weights.get(tenant) ?? 1,
    log,
  });
  return {
    destinations: destinations.all,
    dispatcher,
    inFlight: () => runner.inFlight,
    inFlightBytes: () => memory.taken,
    reconfigure(configs) {
      destinations.apply(configs);
      wake();
    },
    async renewHandlers() {
      await Promise.all(destinations.all.values().map(async ({ sender }) => sender.handler?.renew()));
    },
    async drain(attemptsMs) {
      dispatcher.stopTaking();
      await runner.drain(attemptsMs);
      await writer.flush();
      await Promise.all([reports.flush(), forgetter.flush()]);
    },
    async close() {
      transformer.close();
      await destinations.close();
    },
  };
}

function dispatchStore(pool: Pool): DispatchStore {
  return {
    findDue: names => findDue(pool, names),
    claimDue: request => claimDue(pool, request),
    takeProbe: (name, wish) => takeProbe(pool, name, wish),
  };
}

/** What is written is not delayed by what is only forgotten. */
function outcomeWriting(
  { pool, metrics, log, now }: DeliveryDeps & { readonly now: () => number },
  onPromoted: () => void,
): { readonly writer: OutcomeWriter; readonly forgetter: EventForgetter } {
  const forgetter = createEventForgetter({
    forget: events => forgetEvents(pool, events),
    listener: metrics,
    log,
    now,
    wait: ms => delay(ms, undefined, { ref: false }),
  });
  const writer = createOutcomeWriter({
    store: { record: outcomes => recordOutcomes(pool, outcomes) },
    log,
    onPromoted,
    onForgotten: events => forgetter.add(events),
    now,
    wait: ms => delay(ms),
  });
  return { writer, forgetter };
}

function breakerReports({ pool, metrics, log }: DeliveryDeps, onLearned: () => void): BreakerReports {
  return createBreakerReports({
    store: {
      reportHealth: reports => reportHealth(pool, reports),
      endProbe: end => endProbe(pool, end),
      reset: name => resetDestinationState(pool, name),
    },
    log,
    onLearned,
    onOpened: destination => metrics.opened(destination),
    wait: ms => delay(ms),
  });
}

function attemptDeps(
  { rules, secrets, tracing = null, unknownNameWaitMs: waitMs }: DeliveryDeps,
  transformer: Transformer,
): Omit<AttemptDeps, 'limits'> {
  const unknownSources = createUnknownNames({ waitMs });
  return {
    random: Math.random,
    traces: tracing === null ? null : createAttemptTraces(span => tracing.record(span)),
    payloads: createPayloads({ rules, transformer, unknownRoutes: createUnknownNames({ waitMs }) }),
    signingSecret({ signingSecret }) {
      return signingSecret === null ? null : (secrets.resolve([signingSecret])[0] ?? null);
    },
    destinationHeaders: config => destinationHeaders(config, secrets),
    headersFor(meta, { forwardSecret }) {
      if (!forwardSecret || !lacksSecret(meta.headers)) return meta.headers;
      const source = rules().sources.get(meta.source);
      // Without its secret it would be refused, and used up its tries.
      if (source === undefined)
        return unknownSources.mayBecomeKnown(meta.source) ? 'source-unknown' : 'source-gone';
      unknownSources.known(meta.source);
      const provider = providerOf(source);
      if (provider === undefined) return meta.headers;
      return restoreBearer(meta.headers, provider, secrets.resolve(source.secrets));
    },
  };
}
