import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '@ackline/testkit/wait-for';
import { createKubectl, isReady, type Kubectl, waitForPods } from './kubectl.ts';
import { withPortForward } from './port-forward.ts';
import { createRelease, type Release } from './release.ts';
import { ROOT } from './settings.ts';
import { createNodeVolumes, hasDefaultStorageClass } from './volumes.ts';

/** What the receiver's pod has got. */
export interface Arrivals {
  /** Ids of updates by chat, as they came; repeats stay. */
  readonly byChat: Readonly<Record<string, readonly number[]>>;
  readonly others: readonly { readonly headers: readonly string[]; readonly body: string }[];
}

export type StoreName = 'kafka' | 'postgres';

/** A namespace that admits restricted pods alone, with the parts of k8s/local in it, and room for one release. */
export interface Stage extends AsyncDisposable {
  readonly kubectl: Kubectl;
  readonly release: Release;
  /** The values of k8s/local/stores/secrets.yaml. */
  readonly secrets: Readonly<Record<string, string>>;
  /** How long the parts took to be ready. */
  readonly storesMs: number;
  withDatabase<T>(use: (url: string) => Promise<T>): Promise<T>;
  arrivals(): Promise<Arrivals>;
  /** Ends its pod, and keeps its files. */
  take(store: StoreName): Promise<void>;
  giveBack(store: StoreName): Promise<void>;
  /** Runs a test; where it fails, says first how pods and events are. */
  show(test: () => Promise<void>): Promise<void>;
}

export interface StageOptions {
  /** Of the release's own volumes, besides those of the stores. */
  readonly claims?: readonly string[];
}

const LOCAL = join(ROOT, 'k8s/local');
const STORE_CLAIMS = ['data-postgres-0', 'data-kafka-0'];
const READY_LIMIT_MS = 300_000;
const LOG_LINES = 40;

export async function openStage(name: string, options: StageOptions = {}): Promise<Stage> {
  await using opened = new AsyncDisposableStack();
  const kubectl = createKubectl(`ackline-test-${name}`);
  await removeNamespace(kubectl); // of a run that was killed
  if (!(await hasDefaultStorageClass())) {
    const claims = [...STORE_CLAIMS, ...(options.claims ?? [])];
    opened.use(await createNodeVolumes({ namespace: kubectl.namespace, claims }));
  }
  await kubectl.apply(JSON.stringify(restrictedNamespace(kubectl.namespace)));
  opened.defer(() => removeNamespace(kubectl));
  const startedAt = performance.now();
  await kubectl.apply(await localManifests());
  await explained(kubectl, () =>
    Promise.all(
      ['postgres', 'kafka', 'redis', 'receiver'].map(app =>
        waitForPods(kubectl, { selector: `app=${app}`, ready: 1, timeoutMs: READY_LIMIT_MS }),
      ),
    ),
  );
  const storesMs = performance.now() - startedAt;
  const release = createRelease(kubectl);
  opened.defer(() => release.uninstall());
  return describeStage({
    kubectl,
    release,
    storesMs,
    secrets: await readSecrets(kubectl),
    opened: opened.move(),
  });
}

interface StageParts extends Pick<Stage, 'kubectl' | 'release' | 'secrets' | 'storesMs'> {
  readonly opened: AsyncDisposableStack;
}

function describeStage({ opened, ...parts }: StageParts): Stage {
  const { kubectl } = parts;
  const scale = (store: StoreName, replicas: number) =>
    kubectl.run(['scale', `statefulset/${store}`, `--replicas=${replicas}`]);
  return {
    ...parts,
    withDatabase: use =>
      withPortForward(kubectl, { name: 'service/postgres', port: 5432 }, port =>
        use(`postgres://ackline:${parts.secrets['postgres-password']}@127.0.0.1:${port}/ackline`),
      ),
    arrivals: () =>
      withPortForward(kubectl, { name: 'service/receiver', port: 80 }, async port => {
        const response = await fetch(`http://127.0.0.1:${port}/arrivals`);
        return (await response.json()) as Arrivals;
      }),
    async take(store) {
      await scale(store, 0);
      await waitForPods(kubectl, { selector: `app=${store}`, ready: 0 });
    },
    async giveBack(store) {
      await scale(store, 1);
      await waitForPods(kubectl, { selector: `app=${store}`, ready: 1, timeoutMs: READY_LIMIT_MS });
    },
    show: test => explained(kubectl, test),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function explained<T>(kubectl: Kubectl, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    console.log(await describeTrouble(kubectl));
    throw error;
  }
}

function restrictedNamespace(name: string): object {
  const labels = {
    'pod-security.kubernetes.io/enforce': 'restricted',
    'pod-security.kubernetes.io/warn': 'restricted',
  };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

async function removeNamespace(kubectl: Kubectl): Promise<void> {
  await kubectl.run(['delete', 'namespace', kubectl.namespace, '--ignore-not-found', '--wait=true']);
}

async function localManifests(): Promise<string> {
  const stores = (await readdir(join(LOCAL, 'stores'))).map(file => join(LOCAL, 'stores', file));
  const files = [...stores, join(LOCAL, 'receiver.yaml')];
  return (await Promise.all(files.map(file => readFile(file, 'utf8')))).join('\n---\n');
}

async function readSecrets(kubectl: Kubectl): Promise<Readonly<Record<string, string>>> {
  const { data } = await kubectl.get<{ data: Readonly<Record<string, string>> }>('secret', 'ackline-local');
  const decode = (value: string): string => Buffer.from(value, 'base64').toString();
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, decode(value)]));
}

async function describeTrouble(kubectl: Kubectl): Promise<string> {
  const said = async (args: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await kubectl.attempt(args);
    return `$ kubectl ${args.join(' ')}\n${stdout}${stderr}`;
  };
  const pods = await kubectl.pods('app.kubernetes.io/name=ackline');
  const logs = pods.map(pod =>
    said([
      'logs',
      pod.metadata.name,
      '--all-containers',
      '--prefix',
      `--tail=${isReady(pod) ? 5 : LOG_LINES}`,
    ]),
  );
  const all = [
    said(['get', 'pods,statefulsets,deployments,jobs,hpa,pdb', '--output', 'wide']),
    said(['get', 'events', '--sort-by=.lastTimestamp']),
    ...logs,
  ];
  return (await Promise.all(all)).join('\n');
}

/** Pods of one component of the release. */
export const componentSelector = (component: string): string =>
  `app.kubernetes.io/instance=ackline,app.kubernetes.io/component=${component}`;

/** What `kubectl top` says of each pod, once it knows of all of them. */
export async function memoryOf(kubectl: Kubectl): Promise<Readonly<Record<string, string>>> {
  const { items } = await kubectl.get<{ items: readonly unknown[] }>(
    'pods',
    '--field-selector=status.phase=Running',
  );
  return waitFor(
    async () => {
      const lines = (await kubectl.run(['top', 'pods', '--no-headers'])).trim().split('\n');
      const rows = lines
        .map(line => line.split(/\s+/))
        .map(([pod = '', , memory = '']) => [pod, memory] as const);
      return rows.length >= items.length ? Object.fromEntries(rows) : null;
    },
    { timeoutMs: 120_000, what: 'the figures of all pods' },
  );
}
