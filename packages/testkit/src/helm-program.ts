import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type HelmProgram =
  | { readonly kind: 'found'; readonly path: string }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Names the program, and so spares the search. */
export const HELM_VARIABLE = 'HELM';
/** Of minutes on two busy cores. */
const BUILD_LIMIT_MS = 1_200_000;

/** That of HELM, on PATH or in the cache; with `build` one is built where none is there and Go is. */
export function findHelm({ build = false }: { readonly build?: boolean } = {}): HelmProgram {
  const script = fileURLToPath(new URL('../../../scripts/helm/find-helm.sh', import.meta.url));
  try {
    const path = execFileSync('bash', [script, ...(build ? ['build'] : [])], {
      encoding: 'utf8',
      timeout: BUILD_LIMIT_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
    return { kind: 'found', path };
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() ?? '';
    return { kind: 'unavailable', reason: said === '' ? String(error) : said };
  }
}
