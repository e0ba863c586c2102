import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Kinds that the chart has, by their API: what a cluster says that it knows. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  'api/v1': ['ConfigMap', 'PersistentVolumeClaim', 'Pod', 'Secret', 'Service', 'ServiceAccount'],
  'apis/apps/v1': ['Deployment', 'StatefulSet'],
  'apis/autoscaling/v2': ['HorizontalPodAutoscaler'],
  'apis/batch/v1': ['CronJob', 'Job'],
  'apis/networking.k8s.io/v1': ['Ingress', 'NetworkPolicy'],
  'apis/policy/v1': ['PodDisruptionBudget'],
};

const NOT_FOUND = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 };

export interface Claim {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Cluster extends AsyncDisposable {
  /** For `--kube-apiserver`. */
  readonly url: string;
}

/** A Kubernetes API on loopback that holds these claims and nothing else: for what helm asks a cluster while it renders. */
export async function openCluster(claims: readonly Claim[]): Promise<Cluster> {
  const server = createServer(({ url = '/' }, response) => {
    const answer = answerTo(url.split('?')[0]?.slice(1) ?? '', claims);
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? NOT_FOUND));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function answerTo(path: string, claims: readonly Claim[]): object | undefined {
  if (path === 'version') return { major: '1', minor: '34', gitVersion: 'v1.34.0' };
  if (path === 'api') return { kind: 'APIVersions', versions: ['v1'] };
  if (path === 'apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups() };
  const kinds = KINDS[path];
  if (kinds !== undefined) return resources(path, kinds);
  if (path.endsWith('/secrets')) return { kind: 'SecretList', apiVersion: 'v1', metadata: {}, items: [] };
  if (!path.endsWith('/persistentvolumeclaims')) return undefined;
  const items = claims.map(metadata => ({ kind: 'PersistentVolumeClaim', apiVersion: 'v1', metadata }));
  return { kind: 'PersistentVolumeClaimList', apiVersion: 'v1', metadata: {}, items };
}

function groups(): readonly object[] {
  return Object.keys(KINDS).flatMap(path => {
    const [, name, version] = path.split('/');
    if (name === undefined || version === undefined) return [];
    const preferred = { groupVersion: `${name}/${version}`, version };
    return [{ name, versions: [preferred], preferredVersion: preferred }];
  });
}

function resources(path: string, kinds: readonly string[]): object {
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: path.slice(path.indexOf('/') + 1),
    resources: kinds.map(kind => ({
      name: `${kind.toLowerCase()}s`.replace(/ys$/, 'ies').replace(/ss$/, 'sses'),
      kind,
      namespaced: true,
      verbs: ['create', 'delete', 'get', 'list', 'patch', 'update'],
    })),
  };
}
