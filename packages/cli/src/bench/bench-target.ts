import { isIPv4 } from 'node:net';
import { AppError } from '@ackline/shared/app-error';
import type { AcklineConfig, SourceConfig } from '@ackline/shared/config/types';
import { pickSource } from '../send/pick-source.ts';

/** Where requests go, and whose they are. */
export interface BenchTarget {
  readonly source: SourceConfig;
  readonly baseUrl: string;
  readonly path: string;
}

/**
 * A URL with a path is called as it is, with samples of the source that has the path, or that is named; one without calls the named
 * source, or the configuration's first. Throws ACKLINE_USAGE, naming what there is.
 */
export function chooseTarget(config: AcklineConfig, url: string, named?: string): BenchTarget {
  const { origin, pathname } = new URL(url);
  const chosen = named === undefined ? undefined : pickSource(config, named);
  if (pathname === '/') {
    const source = chosen ?? config.sources[0];
    if (source === undefined) throw new AppError('ACKLINE_USAGE', 'The configuration has no source');
    return { source, baseUrl: origin, path: source.path };
  }
  const source = chosen ?? config.sources.find(({ path, aliases }) => [path, ...aliases].includes(pathname));
  if (source === undefined) {
    const paths = config.sources.map(({ path }) => path).join(', ') || 'none';
    throw new AppError(
      'ACKLINE_USAGE',
      `No source of the configuration has the path ${pathname}; it has: ${paths}. Name one with --source`,
    );
  }
  return { source, baseUrl: origin, path: pathname };
}

/** Whether only this machine can be meant. A name that could lead elsewhere is not it. */
export function isThisMachine(url: string): boolean {
  const { hostname } = new URL(url);
  return (
    hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'))
  );
}
