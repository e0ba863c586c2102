import { providerOf as registeredProviderOf } from '@ackline/shared/providers/registry';
import type { SourceConfig } from '@ackline/shared/config/types';
import type { Provider } from '@ackline/shared/provider';
import { createSourceTable, type Endpoint } from '../../src/sources/source-table.ts';

export function sourceConfig(overrides: Partial<SourceConfig> = {}): SourceConfig {
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
    maxBodyBytes: 100_000,
    toleranceMs: null,
    bodyTimes: { idleMs: 1_000, totalMs: 5_000 },
    limit: null,
    connection: 'keep-alive',
    keepRejected: 'facts',
    onUndurable: 503,
    ...overrides,
  };
}

export function sourceTable(
  sources: readonly SourceConfig[],
  publicUrl: string | null = null,
  providerOf: (source: SourceConfig) => Provider | undefined = registeredProviderOf,
) {
  const retention = { eventsDays: 30, dedupMs: 8 * 86_400_000 };
  const others = { trustProxies: [], logLevel: null, tenants: [], routes: [], destinations: [], retention };
  return createSourceTable({ publicUrl, sources, ...others }, providerOf);
}

export function endpointOf(overrides: Partial<SourceConfig> = {}): Endpoint {
  const source = sourceConfig(overrides);
  const endpoint = sourceTable([source]).get(source.path);
  if (endpoint === undefined) throw new Error('the table has no such path');
  return endpoint;
}
