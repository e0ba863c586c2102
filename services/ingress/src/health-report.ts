import type { EventLogSnapshot } from '@ackline/eventlog/composed-log';
import type { ConfigState } from '@ackline/runtime/config-reload';
import type { CacheStats } from '@ackline/shared/cache/two-tier-cache';
import type { RedisGateStats } from '@ackline/shared/cache/redis-gate';
import type { BreakerSnapshot } from '@ackline/shared/breaker/circuit-breaker';
import type { ProcessorState } from '@ackline/store/processors';

export interface ProcessCount {
  readonly count: number;
  readonly alive: number;
}

export interface HealthFacts {
  readonly isDraining: boolean;
  /** Some durable log is known to take events. */
  readonly isDurable: boolean;
  readonly log: EventLogSnapshot;
  readonly breakerThreshold: number;
  readonly workers: number;
  /** The URL of the first source: on the public base URL, in development else on this machine; null where neither is known. */
  readonly webhookUrl: string | null;
  /** null: no Redis is configured. */
  readonly redis: (RedisGateStats & { readonly connected: boolean }) | null;
  /** Of the cache of requests that were accepted before. */
  readonly seen: Pick<CacheStats, 'hits' | 'misses' | 'size'>;
  readonly limits: { readonly rejected: number; readonly deferred: number };
  readonly config: ConfigState;
  /** How many ingress processes there should be here, and are. */
  readonly processes: ProcessCount;
  readonly processors: readonly ProcessorState[];
  /** Epoch milliseconds. */
  readonly now: number;
}

export interface HealthReport {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * What `GET /health` says: the fields that the systems before had (`status`, `timestamp`, `webhook_url`, `queue`,
 * `circuit_breaker`), the event log's tiers, which configuration is in force, and the last word of each processor with its age. Where
 * there are several ingress processes, all but `processes` and `processors` is of the one that answers. No secret is among the
 * facts. 503 only when nothing durable can be had.
 */
export function reportHealth(facts: HealthFacts): HealthReport {
  const { log } = facts;
  const breaker = worstBreaker(log) ?? { status: 'CLOSED', failures: 0, threshold: facts.breakerThreshold };
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
        weaker_than_contract: log.durability,
        appended: log.appended,
      },
      spool: spoolRow(log),
      redis: redisRow(facts),
      seen: { hits: facts.seen.hits, misses: facts.seen.misses, size: facts.seen.size },
      limits: facts.limits,
      config: { loaded_at: Math.floor(facts.config.loadedAt / 1_000), error: facts.config.error },
      processes: facts.processes,
      processors: facts.processors.map(({ id, ageMs, state }) => ({ id, age_ms: ageMs, state })),
    },
  };
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

const SEVERITY = { CLOSED: 0, HALF_OPEN: 1, OPEN: 2 } as const;

function worstBreaker(log: EventLogSnapshot): BreakerSnapshot | null {
  return log.tiers
    .flatMap(({ breaker }) => (breaker === null ? [] : [breaker]))
    .reduce<BreakerSnapshot | null>(
      (worst, breaker) =>
        worst === null || SEVERITY[breaker.status] > SEVERITY[worst.status] ? breaker : worst,
      null,
    );
}
