import type { Provider } from '../provider.ts';
import { providerOf } from '../providers/registry.ts';
import type { AcklineConfig } from './types.ts';

const MINUTE_MS = 60_000;

/** The configuration with so many events a minute and sender for each source that names no limit; null: as it is. */
export function withDefaultLimit(
  config: AcklineConfig,
  maxPerMinute: number | null,
  providers: ReadonlyMap<string, Pick<Provider, 'overLimit' | 'configurable'>>,
): AcklineConfig {
  if (maxPerMinute === null) return config;
  const sources = config.sources.map(source => {
    const over = providerOf(source, providers)?.overLimit ?? 'reject';
    return { ...source, limit: source.limit ?? { max: maxPerMinute, perMs: MINUTE_MS, by: 'sender', over } };
  });
  return { ...config, sources };
}
