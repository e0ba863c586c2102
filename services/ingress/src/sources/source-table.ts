import { AppError } from '@ackline/shared/app-error';
import type { AcklineConfig, SourceConfig } from '@ackline/shared/config/types';
import type { Provider } from '@ackline/shared/provider';

/** A configured path has 200 characters at most, and a caller's any number. */
const MAX_SEGMENTS = 102;

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
export interface SourceTable {
  get(path: string): Endpoint | undefined;
  /**
   * As much of a called path as configured ones begin with, in whole segments, and `…` for the rest: that may be a token which
   * somebody put into a mistyped URL.
   */
  knownPart(path: string): string;
}

/** Every path and alias with its source. Throws ACKLINE_CONFIG_INVALID that names each source whose provider there is not. */
export function createSourceTable(
  config: AcklineConfig,
  providerOf: (source: SourceConfig) => Provider | undefined,
): SourceTable {
  const table = new Map<string, Endpoint>();
  const problems: string[] = [];
  for (const source of config.sources) {
    const provider = providerOf(source);
    if (provider === undefined) {
      problems.push(
        `source ${source.name}: there is no provider ${source.provider}, or none with its options`,
      );
      continue;
    }
    const publicUrl = source.publicUrl ?? config.publicUrl;
    for (const path of [source.path, ...source.aliases])
      table.set(path, { path, source, provider, publicUrl });
  }
  if (problems.length > 0) throw new AppError('ACKLINE_CONFIG_INVALID', problems.join('\n'));
  const known = new Set([...table.keys()].flatMap(prefixesOf));
  return {
    get: path => table.get(path),
    knownPart: path => {
      if (known.has(path)) return path;
      const longest = prefixesOf(path).findLast(prefix => known.has(prefix)) ?? '';
      return `${longest}/…`;
    },
  };
}

/** `/a/b/c`: `/a`, `/a/b` and itself. */
function prefixesOf(path: string): string[] {
  const segments = path.split('/', MAX_SEGMENTS);
  return segments.slice(1).map((_, index) => segments.slice(0, index + 2).join('/'));
}
