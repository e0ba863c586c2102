import type { AcklineConfig, HttpDestinationConfig, SourceConfig } from '@ackline/shared/config/types';

export function source(overrides: Partial<SourceConfig> = {}): SourceConfig {
  return {
    name: 'telegram',
    provider: 'telegram',
    options: null,
    tenant: 'default',
    path: '/webhook/telegram',
    aliases: [],
    secrets: [{ env: 'TOKEN' }],
    verifyTokens: [],
    publicUrl: null,
    maxBodyBytes: 1_048_576,
    toleranceMs: null,
    bodyTimes: { idleMs: 1_000, totalMs: 5_000 },
    limit: null,
    connection: 'keep-alive',
    keepRejected: 'facts',
    onUndurable: 503,
    ...overrides,
  };
}

export function destination(overrides: Partial<HttpDestinationConfig> = {}): HttpDestinationConfig {
  return {
    name: 'sample',
    type: 'http',
    url: 'http://127.0.0.1:8090/sample',
    headers: {},
    concurrency: 20,
    rate: null,
    timeoutMs: 10_000,
    retry: { scheduleMs: [5_000], jitter: 'full' },
    breaker: { failures: 10, resetMs: 60_000, slowStartMs: 30_000 },
    ordering: 'none',
    onPark: 'continue',
    signingSecret: null,
    forwardSecret: false,
    ...overrides,
  };
}

export function exampleConfig(overrides: Partial<AcklineConfig> = {}): AcklineConfig {
  return {
    publicUrl: null,
    trustProxies: [],
    logLevel: null,
    retention: { eventsDays: 30, dedupMs: 8 * 86_400_000 },
    sources: [source()],
    tenants: [],
    routes: [
      {
        name: 'everything',
        match: { source: null, type: null, tenant: null, where: null },
        destination: 'sample',
        priority: 'event',
        history: 'all',
        transform: null,
      },
    ],
    destinations: [destination()],
    ...overrides,
  };
}
