import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type PrometheusPrograms =
  | { readonly kind: 'found'; readonly prometheus: string; readonly promtool: string }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Debian's package is 80 MB: on a slow line minutes. */
const FETCH_LIMIT_MS = 300_000;

/** Those on PATH, else Debian's, in a cache. */
export function findPrometheus(): PrometheusPrograms {
  const script = fileURLToPath(new URL('../../../scripts/prometheus/fetch-prometheus.sh', import.meta.url));
  try {
    const folder = execFileSync('bash', [script], {
      encoding: 'utf8',
      timeout: FETCH_LIMIT_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
    return { kind: 'found', prometheus: join(folder, 'prometheus'), promtool: join(folder, 'promtool') };
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() ?? '';
    return { kind: 'unavailable', reason: said === '' ? String(error) : said };
  }
}
