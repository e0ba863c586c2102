import type { ComposedLog } from '@ackline/eventlog/composed-log';
import type { PostgresGuard } from '@ackline/eventlog/postgres-guard';
import type { HealthRegistry } from '@ackline/runtime/health';
import type { Logger } from '@ackline/runtime/logger';
import type { RedisConnection } from '@ackline/runtime/redis/connect-redis';
import type { Tracing } from '@ackline/runtime/tracing/connect-tracing';
import { newEventId } from '@ackline/shared/event-id';
import type { FairShare } from '@ackline/shared/fair-share';
import type { IngressConfig } from '../config.ts';
import type { CountedRateLimits } from '../limits/rate-limits.ts';
import { type IngressMetrics, NO_SOURCE } from '../metrics/ingress-metrics.ts';
import { seenKey } from '../seen/seen-key.ts';
import type { SeenCache } from '../seen/seen-memory.ts';
import type { ProcessorStates } from '../side/processor-states.ts';
import type { Sources } from '../sources/sources.ts';
import { createFrontDoor } from './front-door.ts';
import { type HealthFacts, type ProcessCount, reportHealth } from './health-report.ts';
import { createHealthHandler } from './health-route.ts';
import { createBodyReader } from './read-body.ts';
import { createRequestTraces } from './request-spans.ts';
import { createPublicServer, type PublicServer } from './server.ts';
import type { Rejections } from './webhook-ports.ts';
import { createWebhookHandler } from './webhook-route.ts';

/** All bodies together: ten of the largest, or a quarter of a million common ones; the rest of a 1 GiB pod is room for work. */
export const BODY_BUDGET_BYTES = 256 * 1024 * 1024;

/** What stands between a verified event and the log. */
export interface Guards {
  /** null: each process counts and remembers alone. */
  readonly redis: RedisConnection | null;
  readonly seen: SeenCache;
  readonly limits: CountedRateLimits;
}

export interface PublicPortParts {
  readonly config: IngressConfig;
  readonly sources: Sources;
  readonly eventLog: ComposedLog;
  readonly guard: PostgresGuard;
  readonly guards: Guards;
  readonly isDurable: () => boolean;
  readonly states: ProcessorStates;
  readonly metrics: IngressMetrics;
  readonly rejections: Rejections;
  /** Of BODY_BUDGET_BYTES. */
  readonly bodyMemory: FairShare;
  readonly tracing: Tracing | null;
  readonly processes: () => ProcessCount;
  readonly log: Logger;
  readonly health: HealthRegistry;
}

/** The public port, wired: `/health` and the webhooks. Binds nothing yet. */
export function createPublicPort(parts: PublicPortParts): PublicServer {
  const { sources, eventLog, guards, metrics, tracing, log } = parts;
  const isDraining = () => parts.health.isDraining;
  const app = createFrontDoor({
    sources: sources.table,
    health: createHealthHandler(() => reportHealth(healthFacts(parts, portOf(front))), isDraining),
    webhook: createWebhookHandler({
      sources: sources.table,
      secretsOf: refs => sources.secrets.resolve(refs),
      eventLog,
      seen: guards.seen,
      seenKey,
      limits: guards.limits,
      addressOf: request => sources.declared.current.addressOf(request),
      isDraining,
      isProduction: parts.config.isProduction,
      traces:
        tracing &&
        createRequestTraces({
          ratio: tracing.ratio,
          isTrustedPeer: request => sources.declared.current.isTrustedPeer(request),
          record: span => tracing.record(span),
          now: Date.now,
        }),
      signatureBudgetMs: parts.config.signatureBudgetMs,
      metrics,
      rejections: parts.rejections,
      log,
      budget: parts.bodyMemory,
      bodies: createBodyReader(),
      newEventId,
      now: Date.now,
    }),
    isDraining,
    onError: error => log.error({ err: error }, 'http.failed'),
  });
  const front = createPublicServer({
    app,
    maxConnections: parts.config.maxConnections,
    onRefused: reason => metrics.rejected(NO_SOURCE, reason),
  });
  return front;
}

function healthFacts(
  { config, sources, eventLog, guards, ...parts }: PublicPortParts,
  port: number | null,
): HealthFacts {
  return {
    isDraining: parts.health.isDraining,
    isDurable: parts.isDurable(),
    log: eventLog.snapshot(),
    postgres: parts.guard,
    breakerThreshold: config.breaker.failures,
    workers: config.workers,
    redis: guards.redis?.getStats() ?? null,
    seen: guards.seen.getStats(),
    limits: guards.limits.getStats(),
    webhookUrl: webhookUrl(config, sources, port),
    config: sources.declared.state,
    processes: parts.processes(),
    ...parts.states.current(),
    now: Date.now(),
  };
}

function webhookUrl(config: IngressConfig, sources: Sources, port: number | null): string | null {
  const { ackline } = sources.declared.current;
  const [first] = ackline.sources;
  if (first === undefined) return null;
  const local = config.isProduction || port === null ? null : `http://127.0.0.1:${port}`;
  const base = first.publicUrl ?? ackline.publicUrl ?? local;
  return base === null ? null : base + first.path;
}

function portOf({ server }: PublicServer): number | null {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : null;
}
