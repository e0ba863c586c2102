import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { readYaml } from '@ackline/shared/config/yaml-source';
import { CHART, describeChart, render } from './support/chart.ts';

const ROOT = join(CHART, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** What `helm upgrade --set` gives besides, in k8s/README.md. */
const SET = {
  image: { repository: 'ackline.test/ackline', tag: 'dev' },
  expose: { ingress: { enabled: true, hosts: ['hooks.example.com'] } },
};

function valuesOf(text: string): Readonly<Record<string, unknown>> {
  const { value, problems } = readYaml(text);
  assert.deepEqual(problems, []);
  return value as Readonly<Record<string, unknown>>;
}

describeChart('values that are shown to readers are taken', () => {
  it('those of docs/install.md', () => {
    const shown = /```yaml\n# values\.yaml\n(.*?)```/s.exec(read('docs/install.md'))?.[1];
    assert.ok(shown !== undefined);
    assert.ok(render(valuesOf(shown)).length > 10);
  });

  it('those of k8s/local', () => {
    assert.ok(render(join(ROOT, 'k8s/local/values.yaml'), SET).length > 10);
  });

  it("those in Argo CD's Application", () => {
    const application = valuesOf(read('k8s/examples/argocd.yaml')) as unknown as {
      spec: { source: { helm: { valuesObject: Readonly<Record<string, unknown>> } } };
    };
    assert.ok(render(application.spec.source.helm.valuesObject).length > 10);
  });
});
