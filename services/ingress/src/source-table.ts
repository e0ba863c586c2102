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

export type SourceTable = ReadonlyMap<string, Endpoint>;

export interface SourceTableOptions {
  readonly findProvider: (name: string) => Provider | undefined;
  readonly isProduction: boolean;
}

/**
 * Every path and alias with its source. Throws one ACKLINE_CONFIG_INVALID that names each source whose provider signs the
 * URL and that has no `publicUrl` in production: behind a proxy its signatures could never be right, and taking the URL from
 * a header would let the caller choose what was signed.
 */
export function createSourceTable(config: AcklineConfig, options: SourceTableOptions): SourceTable {
  const table = new Map<string, Endpoint>();
  const problems: string[] = [];
  for (const source of config.sources) {
    const provider = options.findProvider(source.provider);
    const publicUrl = source.publicUrl ?? config.publicUrl;
    if (provider === undefined) {
      problems.push(`source ${source.name}: there is no provider ${source.provider}`);
      continue;
    }
    if (provider.signsUrl && publicUrl === null && options.isProduction) {
      problems.push(
        `source ${source.name}: ${provider.name} signs the URL that it calls; set publicUrl to the base URL of the webhook`,
      );
    }
    for (const path of [source.path, ...source.aliases])
      table.set(path, { path, source, provider, publicUrl });
  }
  if (problems.length > 0) throw new AppError('ACKLINE_CONFIG_INVALID', problems.join('\n'));
  return table;
}
