import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type DebianPrograms =
  | { readonly kind: 'found'; readonly folder: string }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** The largest package is 80 MB: on a slow line minutes. */
const FETCH_LIMIT_MS = 300_000;

/** The folder that has all of the programs: one of PATH, else that of Debian's package, unpacked into a cache. Nothing is installed. */
export function findDebianPrograms(name: string, programs: readonly string[]): DebianPrograms {
  const script = fileURLToPath(new URL('../../../scripts/debian/fetch-package.sh', import.meta.url));
  try {
    const folder = execFileSync('bash', [script, name, ...programs], {
      encoding: 'utf8',
      timeout: FETCH_LIMIT_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
    return { kind: 'found', folder };
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() ?? '';
    return { kind: 'unavailable', reason: said === '' ? String(error) : said };
  }
}
