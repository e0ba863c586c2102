import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { knownKinds } from '../src/cluster/cluster-parts.ts';
import { noteFigures } from '../src/cluster/figures.ts';
import { createKubectl } from '../src/cluster/kubectl.ts';
import { renderChart } from '../src/cluster/release.ts';
import { ROOT } from '../src/cluster/settings.ts';

interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly serviceAccountName?: string };
}

const files = globSync(join(ROOT, 'charts/ackline/ci/*-values.yaml')).toSorted();

describe('an API server takes every object that the chart renders', () => {
  const kubectl = createKubectl('ackline-test-dry-run');
  let known: ReadonlySet<string>;

  before(async () => {
    assert.ok(files.length > 0);
    known = await knownKinds();
    const labels = { 'pod-security.kubernetes.io/warn': 'restricted' };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: kubectl.namespace, labels } };
    await kubectl.apply(JSON.stringify(namespace));
  });
  after(() => kubectl.run(['delete', 'namespace', kubectl.namespace, '--ignore-not-found']));

  /** Of bare pods: the server looks them up before it takes one, a dry run too. */
  async function makeAccounts(objects: readonly Rendered[]): Promise<void> {
    const names = new Set(
      objects.filter(({ kind }) => kind === 'Pod').map(({ spec }) => spec?.serviceAccountName),
    );
    for (const name of names) {
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } };
      if (name !== undefined) await kubectl.apply(JSON.stringify(account));
    }
  }

  for (const file of files) {
    const name = basename(file, '-values.yaml');
    it(`of ${name}`, async () => {
      const rendered = await renderChart(file, kubectl.namespace);
      const objects = parseAllDocuments(rendered)
        .map(document => document.toJS() as Rendered | null)
        .filter(object => object !== null);
      const taken = objects.filter(object => known.has(`${object.apiVersion}/${object.kind}`));
      const skipped = new Set(objects.filter(object => !taken.includes(object)).map(object => object.kind));
      assert.ok(taken.length > 0);
      await makeAccounts(taken);
      const items = { apiVersion: 'v1', kind: 'List', items: taken };
      const args = ['apply', '--dry-run=server', '--validate=strict', '--filename', '-'];
      const { code, stdout, stderr } = await kubectl.attempt(args, { input: JSON.stringify(items) });
      assert.equal(code, 0, stderr);
      assert.doesNotMatch(stderr, /would violate PodSecurity/);
      assert.equal(stdout.trim().split('\n').length, taken.length);
      const without = skipped.size === 0 ? '' : `; not known to this cluster: ${[...skipped].join(', ')}`;
      noteFigures('Objects that the API server takes, by values file', {
        [name]: `${taken.length}${without}`,
      });
    });
  }
});
