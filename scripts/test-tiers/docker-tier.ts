// What the container tier needs from the machine: a Docker Engine that answers, and three images.
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isRunning } from '../../packages/embedded-postgres/src/process-table.ts';
import { IMAGES, RUN_LABEL } from '../../packages/testkit/src/container-settings.ts';

export type DockerTier =
  | {
      readonly kind: 'ready';
      readonly env: Readonly<Record<string, string>>;
      readonly images: readonly string[];
    }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Set to `start`, it allows to install and start a Docker Engine, and to build stand-ins where nothing can be pulled. */
const PERMISSION_VARIABLE = 'ACKLINE_TEST_DOCKER';
const ENGINE_LIMIT_MS = 600_000;
/** Stand-ins are built from packages: a minute on an idle machine, many on a busy one. */
const IMAGES_LIMIT_MS = 1_800_000;

export function prepareDocker(): DockerTier {
  const mayStart = process.env[PERMISSION_VARIABLE] === 'start';
  let engine = script('start-dockerd.sh', 'env', ENGINE_LIMIT_MS);
  if (engine === null && mayStart && script('start-dockerd.sh', 'start', ENGINE_LIMIT_MS) !== null) {
    engine = script('start-dockerd.sh', 'env', ENGINE_LIMIT_MS);
  }
  if (engine === null) {
    const hint = mayStart
      ? ', and none could be started (see above)'
      : `; ${PERMISSION_VARIABLE}=start allows to start one`;
    return { kind: 'unavailable', reason: `no Docker Engine answers${hint}` };
  }
  const env = Object.fromEntries(
    engine.matchAll(/([A-Z_]+)=(\S+)/g).map(([, name = '', value = '']) => [name, value]),
  );
  Object.assign(process.env, env);
  if (script('prepare-images.sh', mayStart ? 'auto' : 'official-only', IMAGES_LIMIT_MS) === null) {
    return { kind: 'unavailable', reason: 'the images are neither here nor can they be pulled (see above)' };
  }
  return { kind: 'ready', env, images: Object.values(IMAGES).map(describeImage) };
}

/** Its standard output, or null if it failed. Its progress goes to our own standard error. */
function script(name: string, argument: string, limitMs: number): string | null {
  const path = fileURLToPath(new URL(`../docker/${name}`, import.meta.url));
  const result = spawnSync('bash', [path, argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: limitMs,
    encoding: 'utf8',
  });
  return result.status === 0 ? result.stdout : null;
}

/** Only what came from a registry has a digest of it. */
function describeImage(image: string): string {
  const digests = docker('image', 'inspect', '--format', '{{len .RepoDigests}}', image).trim();
  return digests === '0' ? `${image}: LOCAL STAND-IN, NOT THE OFFICIAL IMAGE` : `${image}: official image`;
}

/** Removes the containers of this run, and of runs that were killed. Ryuk, which does it elsewhere, needs one more image. */
export async function removeTestContainers(): Promise<number> {
  const lines = docker(
    'ps',
    '--all',
    '--filter',
    `label=${RUN_LABEL}`,
    '--format',
    `{{.ID}} {{.Label "${RUN_LABEL}"}}`,
  );
  let removed = 0;
  for (const line of lines.split('\n')) {
    const [id = '', run = ''] = line.split(' ');
    if (id === '' || (run !== String(process.pid) && (await isRunning(Number(run))))) continue;
    docker('rm', '--force', '--volumes', id);
    removed++;
  }
  return removed;
}

function docker(...args: readonly string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8', timeout: 60_000 });
}
