import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readYaml } from '@ackline/shared/config/yaml-source';
import { findHelm } from '@ackline/testkit/helm-program';
import type { Cluster } from './cluster.ts';

/** The folder of the chart. */
export const CHART = fileURLToPath(new URL('../..', import.meta.url));
const RELEASE = 'ackline';
export const NAMESPACE = 'hooks';
/** The least that installs. */
export const MINIMAL = join(CHART, 'ci', 'minimal-values.yaml');

/** A helm that was not built for a release says that clusters are very old: without this the chart's kubeVersion refuses. */
const KUBE_VERSION = '1.34.0';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** A file of values, or values themselves. */
export type Values = string | Readonly<Record<string, unknown>>;

const helm = findHelm();
/** Helm lives for a tenth of a second: a quarter of what it took was Go's garbage collection. */
const HELM_ENV = { ...process.env, GOGC: 'off' };

/** Tests that need helm: skipped with the reason where there is none. */
export function describeChart(name: string, body: () => void): void {
  describe(name, { skip: helm.kind === 'unavailable' ? helm.reason : false }, body);
}

/** Runs helm; values are in front of each other, the last one counts. */
export function runHelm(
  words: readonly string[],
  values: readonly Values[] = [],
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  if (helm.kind === 'unavailable') throw new Error(helm.reason);
  const files = values.flatMap(one => ['--values', typeof one === 'string' ? one : '-']);
  const inline = values.filter(one => typeof one !== 'string');
  assert.ok(inline.length <= 1, 'one set of values alone can be given on standard input');
  return spawnSync(helm.path, [...words, ...files], {
    encoding: 'utf8',
    env: HELM_ENV,
    input: JSON.stringify(inline[0] ?? {}),
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  });
}

/** What a first installation in this cluster would be, and what it would tell the user. */
export async function renderIn(
  cluster: Cluster,
  ...values: readonly Values[]
): Promise<{ readonly manifests: readonly Manifest[]; readonly notes: string }> {
  if (helm.kind === 'unavailable') throw new Error(helm.reason);
  const words = ['install', RELEASE, CHART, '--namespace', NAMESPACE, '--dry-run=server', '--output', 'json'];
  const files = values.flatMap(one => ['--values', typeof one === 'string' ? one : '-']);
  const api = ['--kube-apiserver', cluster.url, '--disable-openapi-validation'];
  // What helm learns of a cluster it keeps in the user's home.
  await using home = await mkdtempDisposable(join(tmpdir(), 'ackline-helm-'));
  // Not spawnSync: the cluster is a server of this process.
  const child = spawn(helm.path, [...words, ...api, ...files], { env: { HOME: home.path } });
  child.stdin.end(JSON.stringify(values.find(one => typeof one !== 'string') ?? {}));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  assert.notEqual(stdout, '', stderr);
  const { manifest, info } = JSON.parse(stdout) as { manifest: string; info: { notes: string } };
  return { manifests: manifestsIn(manifest), notes: info.notes };
}

function template(values: readonly Values[]): ReturnType<typeof runHelm> {
  return runHelm(
    ['template', RELEASE, CHART, '--namespace', NAMESPACE, '--kube-version', KUBE_VERSION],
    values,
  );
}

/** What was rendered before: the same values make the same objects, and helm is a process each time. */
const rendered = new Map<string, readonly Manifest[]>();

/** The objects that the chart makes of these values. Fails where it refuses them, or where one is no sound YAML. */
export function render(...values: readonly Values[]): readonly Manifest[] {
  const key = JSON.stringify(values);
  const known = rendered.get(key);
  if (known !== undefined) return known;
  const { status, stdout, stderr } = template(values);
  assert.equal(status, 0, stderr);
  const manifests = manifestsIn(stdout);
  rendered.set(key, manifests);
  return manifests;
}

function manifestsIn(documents: string): readonly Manifest[] {
  return documents
    .split(/^---$/m)
    .map(document => {
      const { value, problems } = readYaml(document);
      assert.deepEqual(problems, [], document);
      return value as Manifest | null;
    })
    .filter(value => value !== null);
}

/** The least that installs, with `overrides`. */
export function renderMinimal(overrides: Readonly<Record<string, unknown>> = {}): readonly Manifest[] {
  return render(MINIMAL, overrides);
}

/** What the templates say is wrong with the values, a sentence each; or all that helm says, where the schema refuses them. */
export function refusalOf(...values: readonly Values[]): readonly string[] {
  const { status, stderr } = template(values);
  assert.notEqual(status, 0, 'the values are taken');
  const [, list] = stderr.split('the values are refused:\n');
  if (list === undefined) return [stderr];
  return list.split('\n').flatMap(line => (line.startsWith('- ') ? [line.slice(2)] : []));
}

/** The files of values of all supported shapes, by their names. */
export function supportedShapes(): ReadonlyMap<string, string> {
  const folder = join(CHART, 'ci');
  const names = readdirSync(folder).filter(name => name.endsWith('-values.yaml'));
  return new Map(names.sort().map(name => [name.replace('-values.yaml', ''), join(folder, name)]));
}

export function readChartFile(path: string): string {
  return readFileSync(join(CHART, path), 'utf8');
}
