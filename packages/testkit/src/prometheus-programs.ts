import { join } from 'node:path';
import { findDebianPrograms } from './debian-programs.ts';

export type PrometheusPrograms =
  | { readonly kind: 'found'; readonly prometheus: string; readonly promtool: string }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Those on PATH, else Debian's, in a cache. */
export function findPrometheus(): PrometheusPrograms {
  const found = findDebianPrograms('prometheus', ['prometheus', 'promtool']);
  if (found.kind === 'unavailable') return found;
  return {
    kind: 'found',
    prometheus: join(found.folder, 'prometheus'),
    promtool: join(found.folder, 'promtool'),
  };
}
