import { AppError } from '@ackline/shared/app-error';
import type { AcklineConfig, SourceConfig } from '@ackline/shared/config/types';
import { providers } from '@ackline/shared/providers/registry';

/**
 * The named source of the provider, or its first; where the first word is no provider, the source of that name. Throws
 * ACKLINE_USAGE, naming what there is.
 */
export function pickSource(config: AcklineConfig, providerName: string, sourceName?: string): SourceConfig {
  if (!providers.has(providerName)) {
    const named = config.sources.find(source => source.name === providerName);
    if (named !== undefined && (sourceName ?? named.name) === named.name) return named;
    const sources = config.sources.map(source => source.name).join(', ') || 'none';
    throw new AppError(
      'ACKLINE_USAGE',
      `There is no provider or source ${JSON.stringify(providerName)}; providers: ${[...providers.keys()].join(', ')}; sources: ${sources}`,
    );
  }
  const candidates = config.sources.filter(source => source.provider === providerName);
  const found = candidates.find(source => sourceName === undefined || source.name === sourceName);
  if (found !== undefined) return found;
  const names = candidates.map(source => source.name).join(', ') || 'none';
  const wanted = sourceName === undefined ? '' : ` named ${JSON.stringify(sourceName)}`;
  throw new AppError(
    'ACKLINE_USAGE',
    `The configuration has no source${wanted} of the provider ${providerName}; it has: ${names}`,
  );
}
