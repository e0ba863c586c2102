import assert from 'node:assert/strict';
import type { Manifest } from './chart.ts';

/** Of all objects the one of this kind, with this name where more than one is of it. */
export function only(manifests: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = all(manifests, kind).filter(({ metadata }) => name === undefined || metadata.name === name);
  assert.equal(found.length, 1, `${found.length} of ${kind} ${name ?? ''}`);
  return found[0] as Manifest;
}

export function all(manifests: readonly Manifest[], kind: string): readonly Manifest[] {
  return manifests.filter(manifest => manifest.kind === kind);
}

export function namesOf(manifests: readonly Manifest[], kind: string): readonly string[] {
  return all(manifests, kind).map(({ metadata }) => metadata.name);
}

/** What stands at a path like `spec.template.spec.containers.0.args`; undefined where nothing does. A dot in a key is written `\.`. */
export function at(value: unknown, path: string): unknown {
  let found = value;
  for (const step of path.split(/(?<!\\)\./).map(part => part.replaceAll('\\.', '.'))) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Record<string, unknown>)[step];
  }
  return found;
}

export interface Pod {
  /** "Deployment ackline-ingress". */
  readonly owner: string;
  readonly component: string | undefined;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly containers: readonly Container[];
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly [field: string]: unknown;
}

const TEMPLATES: Readonly<Record<string, string>> = {
  Deployment: 'spec.template',
  StatefulSet: 'spec.template',
  Job: 'spec.template',
  CronJob: 'spec.jobTemplate.spec.template',
};

/** Every pod that these objects make, with the containers that run before the others. */
export function podsOf(manifests: readonly Manifest[]): readonly Pod[] {
  return manifests.flatMap(manifest => {
    const path = TEMPLATES[manifest.kind];
    const template = path === undefined ? manifest : at(manifest, path);
    if (path === undefined && manifest.kind !== 'Pod') return [];
    const spec = at(template, 'spec') as Pod['spec'];
    const labels = (at(template, 'metadata.labels') ?? {}) as Pod['labels'];
    return {
      owner: `${manifest.kind} ${manifest.metadata.name}`,
      component: labels['app.kubernetes.io/component'],
      spec,
      labels,
      annotations: (at(template, 'metadata.annotations') ?? {}) as Pod['annotations'],
      containers: [spec['initContainers'], spec['containers']].flatMap(
        list => (list ?? []) as readonly Container[],
      ),
    };
  });
}

/** The pod of a component; its first container is that of the program. */
export function podOf(manifests: readonly Manifest[], component: string): Pod {
  const found = podsOf(manifests).filter(pod => pod.component === component);
  assert.equal(found.length, 1, `${found.length} pods of ${component}`);
  return found[0] as Pod;
}

/** The environment by name: values as texts, references as they are. */
export function envOf({ env = [] }: Container): Readonly<Record<string, unknown>> {
  const names = env.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)], 'a variable is there twice');
  return Object.fromEntries(env.map(({ name, value, valueFrom }) => [name, value ?? valueFrom]));
}
