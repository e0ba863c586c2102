import { join } from 'node:path';
import { HELM_VARIABLE } from '@ackline/testkit/helm-program';
import { runCommand, tryCommand, type CommandResult } from './command.ts';
import type { Kubectl } from './kubectl.ts';
import { IMAGE_VARIABLE, imageOf, type ImageName, ROOT } from './settings.ts';

/** Values of the chart, on top of k8s/local/values.yaml. */
export type Values = Readonly<Record<string, unknown>>;

/** The release `ackline` in the stage's namespace. */
export interface Release {
  /** Installs or upgrades, and waits until all is ready. Milliseconds. */
  install(values?: Values, image?: ImageName): Promise<number>;
  rollback(revision: number): Promise<void>;
  /** `helm test`. */
  test(): Promise<CommandResult>;
  revision(): Promise<number>;
  uninstall(): Promise<void>;
}

const NAME = 'ackline';
const CHART = join(ROOT, 'charts/ackline');
const LOCAL_VALUES = join(ROOT, 'k8s/local/values.yaml');
const WAIT = ['--wait', '--timeout', '5m'];
const LIMIT_MS = 360_000;

const helmProgram = (): string => process.env[HELM_VARIABLE] ?? 'helm';

export function createRelease(kubectl: Kubectl): Release {
  const where = ['--namespace', kubectl.namespace];
  const helm = (args: readonly string[], input?: string) =>
    runCommand(helmProgram(), [...args, ...where], {
      limitMs: LIMIT_MS,
      ...(input === undefined ? {} : { input }),
    });
  return {
    async install(values = {}, image = imageOf(IMAGE_VARIABLE)) {
      const startedAt = performance.now();
      const files = ['--values', LOCAL_VALUES, '--values', '-'];
      await helm(
        ['upgrade', '--install', NAME, CHART, ...files, ...WAIT],
        JSON.stringify({ ...values, image: { ...image, pullPolicy: 'IfNotPresent' } }),
      );
      return performance.now() - startedAt;
    },
    async rollback(revision) {
      await helm(['rollback', NAME, String(revision), ...WAIT]);
    },
    test: () => tryCommand(helmProgram(), ['test', NAME, '--logs', ...where], { limitMs: LIMIT_MS }),
    async revision() {
      const [latest] = JSON.parse(await helm(['history', NAME, '--max', '1', '--output', 'json'])) as {
        revision: number;
      }[];
      return latest?.revision ?? 0;
    },
    async uninstall() {
      await helm(['uninstall', NAME, '--ignore-not-found', '--wait']);
    },
  };
}

/** What the chart renders for the cluster's version, as text. */
export async function renderChart(valuesFile: string, namespace: string): Promise<string> {
  const { serverVersion } = JSON.parse(await runCommand('kubectl', ['version', '--output', 'json'])) as {
    serverVersion: { gitVersion: string };
  };
  const where = ['--namespace', namespace, '--kube-version', serverVersion.gitVersion];
  return runCommand(helmProgram(), ['template', NAME, CHART, ...where, '--values', valuesFile]);
}
