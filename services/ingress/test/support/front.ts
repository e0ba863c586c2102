import { createLogger } from '@ackline/runtime/logger';
import { createMetrics } from '@ackline/runtime/metrics';
import { bind } from '@ackline/runtime/ops-server';
import type { BodyTimesConfig, SourceConfig } from '@ackline/shared/config/types';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { newEventId } from '@ackline/shared/event-id';
import { createFairShare } from '@ackline/shared/fair-share';
import type { Provider } from '@ackline/shared/provider';
import { createFrontDoor } from '../../src/http/front-door.ts';
import { createHealthHandler } from '../../src/http/health-route.ts';
import { createBodyReader } from '../../src/http/read-body.ts';
import { createPublicServer } from '../../src/http/server.ts';
import type { EventAppender, RateLimits, RequestTraces, SeenEvents } from '../../src/http/webhook-ports.ts';
import { createWebhookHandler } from '../../src/http/webhook-route.ts';
import { createIngressMetrics, NO_SOURCE } from '../../src/metrics/ingress-metrics.ts';
import type { Rejection } from '../../src/rejections/rejection.ts';
import { sourceConfig, sourceTable } from './endpoint.ts';

export const TOKEN = 'correct-token';
export const TELEGRAM_HEADERS = [
  'Content-Type: application/json',
  `X-Telegram-Bot-Api-Secret-Token: ${TOKEN}`,
];

/** So short that a test of slow bodies needs no second. */
const SWEEP_MS = 10;
const PATIENT: BodyTimesConfig = { idleMs: 5_000, totalMs: 5_000 };

export interface FrontOptions {
  readonly sources?: readonly SourceConfig[];
  readonly providerOf?: (source: SourceConfig) => Provider | undefined;
  /** Of every source. Default: the token. */
  readonly secrets?: readonly string[];
  readonly append?: EventAppender['append'];
  readonly bodyTimes?: BodyTimesConfig;
  readonly budgetBytes?: number;
  readonly maxConnections?: number;
  readonly seen?: SeenEvents;
  readonly limits?: RateLimits;
  readonly addressOf?: () => string;
  readonly traces?: RequestTraces;
  readonly signatureBudgetMs?: number;
  readonly isProduction?: boolean;
  readonly level?: 'info' | 'debug';
}

/** The public port over a log that is a list: what is tested is HTTP. */
export async function startFront(options: FrontOptions = {}) {
  const events: EventEnvelope[] = [];
  const secretsOf = () => options.secrets ?? [TOKEN];
  const rejections: Rejection[] = [];
  let draining = false;
  const { log, lines } = createListedLog(options.level);
  const registry = createMetrics({ service: 'ingress', processMetrics: false });
  const configured = options.sources ?? [sourceConfig({ bodyTimes: options.bodyTimes ?? PATIENT })];
  const metrics = createIngressMetrics(registry, { configured: () => configured, secretsOf });
  const budget = createFairShare(options.budgetBytes ?? 10_000_000);
  const append: EventAppender['append'] = async event => {
    const receipt = (await options.append?.(event)) ?? { tier: 'inbox' };
    events.push(event);
    return receipt;
  };
  const sources = sourceTable(configured, null, options.providerOf);
  const app = createFrontDoor({
    sources,
    health: createHealthHandler(healthy, () => draining),
    webhook: createWebhookHandler({
      sources,
      secretsOf,
      eventLog: { append },
      seen: options.seen ?? null,
      seenKey: facts => `${facts.source}/${facts.dedupKey}`,
      limits: options.limits ?? null,
      addressOf: options.addressOf ?? (() => '192.0.2.1'),
      isDraining: () => draining,
      isProduction: options.isProduction ?? true,
      traces: options.traces ?? null,
      signatureBudgetMs: options.signatureBudgetMs ?? 5_000,
      metrics,
      rejections: { offer: rejection => void rejections.push(rejection) },
      log,
      budget,
      bodies: createBodyReader(SWEEP_MS),
      newEventId,
      now: Date.now,
    }),
    isDraining: () => draining,
    onError: error => log.error({ err: error }, 'http.failed'),
  });
  const { server, connections } = createPublicServer({
    app,
    ...(options.maxConnections === undefined ? {} : { maxConnections: options.maxConnections }),
    onRefused: reason => metrics.rejected(NO_SOURCE, reason),
  });
  const port = await bind(server, '127.0.0.1', 0);
  return {
    port,
    server,
    events,
    rejections,
    lines,
    budget,
    registry,
    drain(times = { headGraceMs: 50, deadlineMs: 10_000 }) {
      draining = true;
      return connections.close(times);
    },
    async [Symbol.asyncDispose]() {
      if (server.listening) await connections.close({ headGraceMs: 0, deadlineMs: 0 });
    },
  };
}

const healthy = () => ({ status: 200, body: { status: 'healthy' } });

function createListedLog(level: 'info' | 'debug' = 'info') {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { lines, log: createLogger({ service: 'ingress', level, destination: { write } }) };
}

/** The lines of one name. */
export function named(lines: readonly Record<string, unknown>[], event: string): Record<string, unknown>[] {
  return lines.filter(line => line['event'] === event);
}
