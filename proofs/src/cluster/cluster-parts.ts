import { runCommand, tryCommand } from './command.ts';

/** What a cluster has beyond Kubernetes itself; a test says why it is skipped where something is missing. */
export interface ClusterParts {
  readonly ingressClass: string | null;
  readonly gatewayClass: string | null;
  readonly keda: boolean;
  /** `kubectl top`, and the figures of the autoscaler. */
  readonly metrics: boolean;
}

export async function findClusterParts(): Promise<ClusterParts> {
  const [ingressClass, gatewayClass, keda, metrics] = await Promise.all([
    firstName('ingressclass'),
    firstName('gatewayclass'),
    firstName('apiservice/v1beta1.external.metrics.k8s.io'),
    firstName('apiservice/v1beta1.metrics.k8s.io'),
  ]);
  return { ingressClass, gatewayClass, keda: keda !== null, metrics: metrics !== null };
}

async function firstName(resource: string): Promise<string | null> {
  const { code, stdout } = await tryCommand('kubectl', ['get', resource, '--output', 'name']);
  const [name = ''] = code === 0 ? stdout.trim().split('\n') : [];
  return name === '' ? null : name.slice(name.indexOf('/') + 1);
}

/** Kinds that the API server knows, as `group/version/Kind`. */
export async function knownKinds(): Promise<ReadonlySet<string>> {
  const text = await runCommand('kubectl', ['api-resources', '--no-headers']);
  // NAME, sometimes SHORTNAMES, APIVERSION, NAMESPACED, KIND
  const rows = text
    .trim()
    .split('\n')
    .map(line => line.trim().split(/\s+/));
  return new Set(rows.map(row => `${row.at(-3)}/${row.at(-1)}`));
}
