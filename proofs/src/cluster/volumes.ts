import { runCommand } from './command.ts';
import { createKubectl, type Kubectl } from './kubectl.ts';

// A cluster without a default storage class (a bare one) has nobody who makes volumes: these are directories of a node, for the
// claims of one namespace, and they go with it.

interface VolumeOptions {
  readonly namespace: string;
  /** One volume for each claim, by its name. */
  readonly claims: readonly string[];
}

const ROOT = '/var/lib/ackline-test';
/** Any that the cluster has already. */
const IMAGE = 'postgres:17';

export async function hasDefaultStorageClass(): Promise<boolean> {
  const classes = JSON.parse(await runCommand('kubectl', ['get', 'storageclass', '--output', 'json'])) as {
    items: readonly { metadata: { annotations?: Readonly<Record<string, string>> } }[];
  };
  return classes.items.some(
    item => item.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true',
  );
}

/** Makes a volume of the node for each claim. Dispose removes volumes and directories: not before the claims are gone. */
export async function createNodeVolumes({ namespace, claims }: VolumeOptions): Promise<AsyncDisposable> {
  const node = (
    await runCommand('kubectl', ['get', 'nodes', '--output', 'jsonpath={.items[0].metadata.name}'])
  ).trim();
  const directory = `${ROOT}/${namespace}`;
  // Directories of a node are root's: nothing gives them to the pods' users but rights for all.
  await onNode({
    namespace,
    node,
    script: `rm -rf ${directory} && mkdir -p ${claims.map(claim => `${directory}/${claim}`).join(' ')} && chmod -R 0777 ${directory}`,
  });
  const kubectl = createKubectl(namespace);
  const names = claims.map(claim => nameOf(namespace, claim));
  const remove = () => kubectl.run(['delete', 'persistentvolume', '--ignore-not-found', ...names]);
  await remove(); // those of a run that was killed remember its claims, and take no others
  await kubectl.apply(claims.map(claim => volumeOf({ namespace, node, claim })).join('\n---\n'));
  return {
    async [Symbol.asyncDispose]() {
      await remove();
      await onNode({ namespace, node, script: `rm -rf ${directory}` });
    },
  };
}

const nameOf = (namespace: string, claim: string): string => `${namespace}-${claim}`;

function volumeOf({ namespace, node, claim }: { namespace: string; node: string; claim: string }): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: nameOf(namespace, claim) },
    spec: {
      capacity: { storage: '2Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { namespace, name: claim },
      hostPath: { path: `${ROOT}/${namespace}/${claim}`, type: 'Directory' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
          ],
        },
      },
    },
  });
}

interface NodeScript {
  readonly namespace: string;
  readonly node: string;
  readonly script: string;
}

/** As root on a node's disk; in a namespace of its own, since that of the tests admits no such pod. */
async function onNode({ namespace, node, script }: NodeScript): Promise<void> {
  const kubectl: Kubectl = createKubectl(`${namespace}-volumes`);
  await kubectl.apply(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: kubectl.namespace, labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } },
    }),
  );
  try {
    await kubectl.apply(JSON.stringify(nodePod(node, script)));
    await kubectl.run(['wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/on-node', '--timeout=120s']);
  } finally {
    await kubectl.run(['delete', 'namespace', kubectl.namespace, '--wait=true']);
  }
}

function nodePod(node: string, script: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'on-node' },
    spec: {
      nodeName: node,
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'script',
          image: IMAGE,
          imagePullPolicy: 'IfNotPresent',
          command: ['sh', '-c', script],
          securityContext: { runAsUser: 0 },
          volumeMounts: [{ name: 'disk', mountPath: ROOT }],
        },
      ],
      volumes: [{ name: 'disk', hostPath: { path: ROOT, type: 'DirectoryOrCreate' } }],
    },
  };
}
