import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type DebianPrograms =
  | { readonly kind: 'found'; readonly folder: string }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** The largest package is 110 MB: on a slow line minutes. */
const FETCH_LIMIT_MS = 300_000;

/** The folder that has all of the programs: one of PATH, else that of Debian's package, unpacked into a cache. Nothing is installed. */
export function findDebianPrograms(name: string, programs: readonly string[]): DebianPrograms {
  const { said, reason } = runScript('fetch-package.sh', [name, ...programs]);
  return reason === null ? { kind: 'found', folder: said } : { kind: 'unavailable', reason };
}

/** Runs a script of scripts/debian, which prints what it has found, or says why it has not. */
export function runScript(
  name: string,
  args: readonly string[] = [],
): { readonly said: string; readonly reason: string | null } {
  const script = fileURLToPath(new URL(`../../../scripts/debian/${name}`, import.meta.url));
  try {
    const said = execFileSync('bash', [script, ...args], {
      encoding: 'utf8',
      timeout: FETCH_LIMIT_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { said: said.trim(), reason: null };
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() ?? '';
    return { said: '', reason: said === '' ? String(error) : said };
  }
}
