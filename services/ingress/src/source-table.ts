import { AppError } from '@ackline/shared/app-error';
import type { AcklineConfig, SourceConfig } from '@ackline/shared/config/types';
import type { Provider } from '@ackline/shared/provider';

/** What answers one path. */
export interface Endpoint {
  /** As it was called: the source's path or one of its aliases. */
  readonly path: string;
  readonly source: SourceConfig;
  readonly provider: Provider;
  /** The declared public base URL, without a slash at the end; null: not declared. */
  readonly publicUrl: string | null;
}

/** By path. */
export type SourceTable = Pick<ReadonlyMap<string, Endpoint>, 'get'>;

/** Every path and alias with its source. Throws ACKLINE_CONFIG_INVALID that names each source whose provider there is not. */
export function createSourceTable(
  config: AcklineConfig,
  findProvider: (name: string) => Provider | undefined,
): SourceTable {
  const table = new Map<string, Endpoint>();
  const problems: string[] = [];
  for (const source of config.sources) {
    const provider = findProvider(source.provider);
    if (provider === undefined) {
      problems.push(`source ${source.name}: there is no provider ${source.provider}`);
      continue;
    }
    const publicUrl = source.publicUrl ?? config.publicUrl;
    for (const path of [source.path, ...source.aliases])
      table.set(path, { path, source, provider, publicUrl });
  }
  if (problems.length > 0) throw new AppError('ACKLINE_CONFIG_INVALID', problems.join('\n'));
  return table;
}
