import type { EventLogSnapshot } from '@ackline/eventlog/composed-log';
import type { PostgresGuard } from '@ackline/eventlog/postgres-guard';
import type { ConfigState } from '@ackline/runtime/config-reload';
import type { CacheStats } from '@ackline/shared/cache/two-tier-cache';
import type { RedisGateStats } from '@ackline/shared/cache/redis-gate';
import type { BreakerSnapshot } from '@ackline/shared/breaker/circuit-breaker';
import type { ProcessorState } from '@ackline/store/processors';
import type { TroubledDestination } from '../side/troubled-destinations.ts';

export interface ProcessCount {
  readonly count: number;
  readonly alive: number;
}

export interface HealthFacts {
  readonly isDraining: boolean;
  /** Some durable log is known to take events. */
  readonly isDurable: boolean;
  readonly log: EventLogSnapshot;
  readonly postgres: Pick<PostgresGuard, 'isGood' | 'isRefused' | 'failure' | 'weaknesses'>;
  readonly breakerThreshold: number;
  readonly workers: number;
  /** The URL of the first source: on the public base URL, in development else on this machine; null where neither is known. */
  readonly webhookUrl: string | null;
  /** null: no Redis is configured. */
  readonly redis: (RedisGateStats & { readonly connected: boolean }) | null;
  /** Of the cache of requests that were accepted before. */
  readonly seen: Pick<CacheStats, 'hits' | 'misses' | 'size'>;
  readonly limits: { readonly rejected: number; readonly deferred: number };
  readonly config: Pick<ConfigState, 'loadedAt' | 'error'>;
  /** How many ingress processes there should be here, and are. */
  readonly processes: ProcessCount;
  readonly processors: readonly ProcessorState[];
  readonly destinations: readonly TroubledDestination[];
  /** Epoch milliseconds. */
  readonly now: number;
}

/** What is shown is bounded: whoever has more in trouble has one trouble. */
const MAX_DESTINATIONS = 100;

export interface HealthReport {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * What `GET /health` says: the fields that the systems before Ackline had (docs/logs.md: `status`, `timestamp`, `webhook_url`, `queue`,
 * `circuit_breaker`), the event log's tiers, which configuration is in force, the last word of each processor with its age, and destinations whose work is held. Where
 * there are several ingress processes, all but `processes`, `processors` and `destinations` is of the one that answers. No secret is among the
 * facts. 503 only when nothing durable can be had.
 */
export function reportHealth(facts: HealthFacts): HealthReport {
  const { log } = facts;
  const breaker = worstBreaker(facts) ?? { status: 'CLOSED', failures: 0, threshold: facts.breakerThreshold };
  return {
    status: facts.isDurable ? 200 : 503,
    body: {
      status: statusOf(facts),
      timestamp: Math.floor(facts.now / 1_000),
      webhook_url: facts.webhookUrl,
      queue: { size: log.queue.size, max_size: log.queue.maxSize, workers: facts.workers },
      circuit_breaker: {
        status: breaker.status,
        failures: breaker.failures,
        threshold: breaker.threshold,
      },
      event_log: {
        tier_in_use: log.tierInUse,
        tiers: log.tiers.map(tier => ({ name: tier.name, circuit_breaker: tier.breaker?.status ?? null })),
        kafka: log.kafka,
        kafka_problem: log.kafkaProblem,
        postgres: postgresState(facts),
        weaker_than_contract: weaknesses(facts),
        appended: log.appended,
      },
      spool: spoolRow(log),
      redis: redisRow(facts),
      seen: { hits: facts.seen.hits, misses: facts.seen.misses, size: facts.seen.size },
      limits: facts.limits,
      config: { loaded_at: Math.floor(facts.config.loadedAt / 1_000), error: facts.config.error },
      processes: facts.processes,
      processors: facts.processors.map(({ id, ageMs, state }) => ({
        id,
        age_ms: ageMs,
        state: shownState(state),
      })),
      destinations: facts.destinations.slice(0, MAX_DESTINATIONS).map(destinationRow),
    },
  };
}

/** In the words of Kafka's state. */
function postgresState({ postgres }: HealthFacts): 'connecting' | 'refused' | 'ready' {
  if (postgres.isGood) return 'ready';
  return postgres.isRefused ? 'refused' : 'connecting';
}

function weaknesses({ log, postgres }: HealthFacts): readonly string[] {
  if (!postgres.isRefused) return [...log.durability, ...postgres.weaknesses];
  return [...log.durability, `PostgreSQL is not used (${postgres.failure}): the log says what to do`];
}

function spoolRow({ spool }: EventLogSnapshot) {
  if (spool === null) return null;
  return {
    state: spool.state,
    detail: spool.detail,
    events: spool.events,
    bytes: spool.bytes,
    max_bytes: spool.maxBytes,
    oldest_age_ms: spool.oldestAgeMs,
    leftovers: spool.leftovers,
    corrupt_files: spool.corruptFiles,
    relayed: spool.relayed,
    quarantined: spool.quarantined,
  };
}

function redisRow({ redis }: HealthFacts) {
  if (redis === null) return null;
  const { connected, breaker, timeouts, errors, skipped } = redis;
  return { connected, circuit_breaker: breaker.status, timeouts, errors, skipped };
}

function statusOf({ isDurable, isDraining }: HealthFacts): 'healthy' | 'unhealthy' | 'draining' {
  if (!isDurable) return 'unhealthy';
  return isDraining ? 'draining' : 'healthy';
}

/** Of a handler that is not loaded the code alone: the sentence names files, and who asks here may be anybody. */
function shownState(state: ProcessorState['state']): ProcessorState['state'] {
  const handlers: unknown = state['handlers'];
  if (typeof handlers !== 'object' || handlers === null) return state;
  const shown = Object.entries(
    handlers as Record<string, { state?: unknown; problem?: { code?: unknown } | null }>,
  );
  return {
    ...state,
    handlers: Object.fromEntries(
      shown.map(([name, handler]) => [name, { state: handler.state, error: handler.problem?.code ?? null }]),
    ),
  };
}

function destinationRow(destination: TroubledDestination) {
  return {
    name: destination.name,
    circuit_breaker: destination.status,
    failures: destination.failures,
    threshold: destination.threshold,
    reopens_in_ms: destination.reopensInMs,
    paused: destination.isPaused,
  };
}

const SEVERITY = { CLOSED: 0, HALF_OPEN: 1, OPEN: 2 } as const;

type ShownBreaker = Pick<BreakerSnapshot, 'status' | 'failures' | 'threshold'>;

/** Of the tiers and of destinations; of equals the tier's. */
function worstBreaker({ log, destinations }: HealthFacts): ShownBreaker | null {
  const ofTiers = log.tiers.flatMap(({ breaker }) => (breaker === null ? [] : [breaker]));
  return [...ofTiers, ...destinations].reduce<ShownBreaker | null>(
    (worst, breaker) =>
      worst === null || SEVERITY[breaker.status] > SEVERITY[worst.status] ? breaker : worst,
    null,
  );
}
