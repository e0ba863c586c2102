import { waitFor } from '@ackline/testkit/wait-for';
import { type CommandOptions, type CommandResult, runCommand, tryCommand } from './command.ts';

/** What the tests read of a pod. */
export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly { readonly restartCount: number }[];
  };
}

/** kubectl in one namespace of the cluster that KUBECONFIG names. */
export interface Kubectl {
  readonly namespace: string;
  /** Standard output; throws where kubectl fails. */
  run(args: readonly string[], options?: CommandOptions): Promise<string>;
  attempt(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** `get … -o json`. */
  get<T>(...args: readonly string[]): Promise<T>;
  apply(manifests: string): Promise<void>;
  /** Those of a label selector, ending ones too. */
  pods(selector: string): Promise<readonly Pod[]>;
}

export function createKubectl(namespace: string): Kubectl {
  const withNamespace = (args: readonly string[]) => ['--namespace', namespace, ...args];
  const run: Kubectl['run'] = (args, options) => runCommand('kubectl', withNamespace(args), options);
  return {
    namespace,
    run,
    attempt: (args, options) => tryCommand('kubectl', withNamespace(args), options),
    async get<T>(...args: readonly string[]) {
      return JSON.parse(await run(['get', ...args, '--output', 'json'])) as T;
    },
    async apply(manifests) {
      await run(['apply', '--filename', '-'], { input: manifests });
    },
    async pods(selector) {
      const { items } = await this.get<{ items: readonly Pod[] }>('pods', '--selector', selector);
      return items;
    },
  };
}

export function isReady(pod: Pod): boolean {
  const ready = pod.status.conditions?.find(condition => condition.type === 'Ready');
  return ready?.status === 'True' && pod.metadata.deletionTimestamp === undefined;
}

export function restartsOf(pods: readonly Pod[]): number {
  return pods.flatMap(pod => pod.status.containerStatuses ?? []).reduce((sum, c) => sum + c.restartCount, 0);
}

export interface WaitForPods {
  readonly selector: string;
  /** Exactly so many are ready, and no other is left. */
  readonly ready: number;
  readonly timeoutMs?: number;
}

const PODS_LIMIT_MS = 300_000;

export function waitForPods(
  kubectl: Kubectl,
  { selector, ready, timeoutMs = PODS_LIMIT_MS }: WaitForPods,
): Promise<readonly Pod[]> {
  return waitFor(
    async () => {
      const pods = await kubectl.pods(selector);
      return pods.length === ready && pods.every(isReady) ? pods : null;
    },
    { timeoutMs, what: `${ready} ready pods of ${selector}` },
  );
}
