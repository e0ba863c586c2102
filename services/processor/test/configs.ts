import type {
  HandlerDestinationConfig,
  HttpDestinationConfig,
  KafkaDestinationConfig,
  RouteConfig,
  SourceConfig,
} from '@ackline/shared/config/types';
import type { FanOut, FanOutSteps } from '@ackline/shared/routing/fan-out';

export function destinationConfig(overrides: Partial<HttpDestinationConfig> = {}): HttpDestinationConfig {
  return {
    name: 'crm',
    type: 'http',
    url: 'http://127.0.0.1:9/',
    headers: {},
    concurrency: 5,
    rate: null,
    timeoutMs: 5_000,
    retry: { scheduleMs: [1, 1, 1], jitter: 'none' },
    breaker: { failures: 1_000, resetMs: 60_000, slowStartMs: 0 },
    ordering: 'none',
    onPark: 'continue',
    signingSecret: null,
    forwardSecret: false,
    ...overrides,
  };
}

export function handlerConfig(overrides: Partial<HandlerDestinationConfig> = {}): HandlerDestinationConfig {
  const { url: _url, headers: _headers, ...common } = destinationConfig();
  return {
    ...common,
    name: 'bot',
    type: 'handler',
    module: './bot.ts',
    handler: null,
    threads: 1,
    memoryBytes: 128 * 1024 * 1024,
    connections: 0,
    secrets: {},
    settings: {},
    ...overrides,
  };
}

export function topicConfig(overrides: Partial<KafkaDestinationConfig> = {}): KafkaDestinationConfig {
  const { url: _url, headers: _headers, ...common } = destinationConfig();
  return {
    ...common,
    type: 'kafka',
    topic: 'orders',
    key: 'ordering-key',
    headers: {},
    brokers: ['127.0.0.1:9'],
    tls: null,
    sasl: null,
    ...overrides,
  };
}

export function sourceConfig(overrides: Partial<SourceConfig> = {}): SourceConfig {
  return {
    name: 'telegram',
    provider: 'telegram',
    options: null,
    tenant: 'default',
    path: '/webhook/telegram',
    aliases: [],
    secrets: [{ env: 'WEBHOOK_SECRET_TOKEN' }],
    verifyTokens: [],
    publicUrl: null,
    maxBodyBytes: 1024 * 1024,
    toleranceMs: null,
    bodyTimes: { idleMs: 1_000, totalMs: 5_000 },
    limit: null,
    connection: 'keep-alive',
    keepRejected: 'facts',
    onUndurable: 503,
    ...overrides,
  };
}

export function routeConfig(overrides: Partial<RouteConfig> = {}): RouteConfig {
  return {
    name: 'all',
    match: { source: null, type: null, tenant: null, where: null },
    destination: 'crm',
    priority: 'event',
    history: 'all',
    transform: null,
    ...overrides,
  };
}

/** Decides the same for every event; each costs `work`. */
export function ruleOf(fanOut: FanOut, work: () => void = () => undefined): FanOutSteps {
  return function* rule() {
    work();
    yield;
    return fanOut;
  };
}

/** Keeps the process from doing anything else, as a filter does. */
export function spin(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}
