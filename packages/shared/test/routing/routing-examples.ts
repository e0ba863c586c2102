import type { RouteConfig, RouteMatch, SourceConfig } from '../../src/config/types.ts';
import type { RoutableEvent } from '../../src/routing/routable-event.ts';

/** A Telegram message; `overrides` replace fields. */
export function routableEvent(overrides: Partial<RoutableEvent> = {}): RoutableEvent {
  return {
    source: 'telegram',
    tenant: 'default',
    type: 'message',
    provider: 'telegram',
    headers: [['Content-Type', 'application/json']],
    body: Buffer.from('{"message":{"text":"hello","chat":{"id":5}}}'),
    ...overrides,
  };
}

export function routeOf(name: string, match: Partial<RouteMatch>): RouteConfig {
  return {
    name,
    match: { source: null, type: null, tenant: null, where: null, ...match },
    history: 'all',
    transform: null,
    destination: 'crm',
    priority: 'event',
  };
}

export function sourceOf(name: string): SourceConfig {
  return {
    name,
    provider: 'telegram',
    options: null,
    tenant: 'default',
    path: `/webhook/${name}`,
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
  };
}
