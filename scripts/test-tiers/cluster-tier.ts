// What the k8s tier needs: a cluster, kubectl and helm, and the image under test inside the cluster.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FIGURES_VARIABLE } from '../../proofs/src/cluster/figures.ts';
import { findHelm, HELM_VARIABLE } from '../../packages/testkit/src/helm-program.ts';
import { IMAGE_VARIABLE, NEXT_IMAGE_VARIABLE } from '../../proofs/src/cluster/settings.ts';
import { buildImages, IMAGE, NEXT_IMAGE } from './cluster-images.ts';
import { prepareDocker } from './docker-tier.ts';

export type ClusterTier =
  | {
      readonly kind: 'ready';
      readonly env: Readonly<Record<string, string>>;
      /** Where the tests leave their figures. */
      readonly figuresFile: string;
      /** Removes what was made for this run. */
      close(): void;
    }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** The program, with its first words, that brings images of the local Docker into the cluster; their names are put behind them. */
const LOADER_VARIABLE = 'K8S_LOAD_IMAGE';
const KIND_CLUSTER = 'ackline-test';
const KIND_CONFIG = fileURLToPath(new URL('../../k8s/local/kind.yaml', import.meta.url));
/** The parts of k8s/local, as its manifests name them. A cluster pulls those that the local Docker does not have. */
const PART_IMAGES = ['postgres:17', 'redis:8.0', 'apache/kafka:4.1.0', 'node:24-slim'];
const LIMIT_MS = 1_800_000;

/** What kind's cluster gets, as k8s/README.md says it: Ingress and Gateway on the node's port 30080, figures for autoscalers, KEDA. */
const KIND_PARTS = [
  'metrics-server metrics-server --repo https://kubernetes-sigs.github.io/metrics-server/ --namespace kube-system --set args={--kubelet-insecure-tls}',
  'traefik traefik --repo https://traefik.github.io/charts --namespace traefik --create-namespace --set service.type=NodePort --set ports.web.nodePort=30080 --set providers.kubernetesGateway.enabled=true --set gateway.enabled=false',
  'keda keda --repo https://kedacore.github.io/charts --namespace keda --create-namespace',
];

export function prepareCluster(): ClusterTier {
  if (!isThere('kubectl')) return { kind: 'unavailable', reason: 'there is no kubectl on the PATH' };
  const helm = findHelm({ build: true });
  if (helm.kind !== 'found') return { kind: 'unavailable', reason: helm.reason };
  const folder = mkdtempSync(join(tmpdir(), 'ackline-k8s-'));
  const env: Record<string, string> = {
    [FIGURES_VARIABLE]: join(folder, 'figures.jsonl'),
    [HELM_VARIABLE]: helm.path,
  };
  const ends: (() => void)[] = [() => rmSync(folder, { recursive: true })];
  const close = () => ends.toReversed().forEach(end => end());
  try {
    const reason = openCluster(folder, env, ends) ?? bringImages(env);
    if (reason === null) return { kind: 'ready', env, figuresFile: env[FIGURES_VARIABLE] ?? '', close };
    close();
    return { kind: 'unavailable', reason };
  } catch (error) {
    close(); // a cluster that was made for this run goes with it
    throw error;
  }
}

/** The one of KUBECONFIG, or one of kind's for this run. Null, or why there is none. */
function openCluster(folder: string, env: Record<string, string>, ends: (() => void)[]): string | null {
  if (process.env['KUBECONFIG'] === undefined) {
    if (!isThere('kind')) return 'KUBECONFIG is not set, and there is no kind to make a cluster with';
    env['KUBECONFIG'] = join(folder, 'kubeconfig');
    Object.assign(process.env, env);
    ends.push(() => spawnSync('kind', ['delete', 'cluster', '--name', KIND_CLUSTER], { stdio: 'inherit' }));
    run('kind', ['create', 'cluster', '--name', KIND_CLUSTER, '--config', KIND_CONFIG, '--wait', '180s']);
    const helm = process.env[HELM_VARIABLE] ?? 'helm';
    for (const part of KIND_PARTS)
      run(helm, ['upgrade', '--install', ...part.split(' '), '--wait', '--timeout', '5m']);
  }
  const asked = spawnSync('kubectl', ['get', '--raw', '/readyz', '--request-timeout=20s'], {
    encoding: 'utf8',
  });
  return asked.status === 0 ? null : `the cluster of KUBECONFIG does not answer: ${asked.stderr.trim()}`;
}

/** Builds the image and its next release, and loads both, but for those that are named already. Null, or why not. */
function bringImages(env: Record<string, string>): string | null {
  if (process.env[IMAGE_VARIABLE] !== undefined && process.env[NEXT_IMAGE_VARIABLE] !== undefined)
    return null;
  const docker = prepareDocker();
  if (docker.kind === 'unavailable') return docker.reason;
  buildImages();
  env[IMAGE_VARIABLE] = IMAGE;
  env[NEXT_IMAGE_VARIABLE] = NEXT_IMAGE;
  const loader = process.env[LOADER_VARIABLE] ?? `kind load docker-image --name ${KIND_CLUSTER}`;
  const [program = '', ...words] = loader.split(' ');
  const here = PART_IMAGES.filter(image => spawnSync('docker', ['image', 'inspect', image]).status === 0);
  run(program, [...words, IMAGE, NEXT_IMAGE, ...here]);
  return null;
}

function isThere(program: string): boolean {
  return spawnSync(program, ['version'], { timeout: 60_000 }).error === undefined;
}

function run(program: string, args: readonly string[]): void {
  console.log(`   ${program} ${args.slice(0, 4).join(' ')} …`);
  execFileSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], timeout: LIMIT_MS });
}
