import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CHART, describeChart, NAMESPACE, render, runHelm, supportedShapes } from './support/chart.ts';

/** Of the hooks, the release, and whole: what a name is followed by is counted, so that none is too long. */
const MAX_NAME = 63;

describeChart('every supported shape', () => {
  for (const [shape, path] of supportedShapes()) {
    it(`passes helm lint, with warnings taken for errors: ${shape}`, () => {
      const { status, stdout, stderr } = runHelm(
        ['lint', CHART, '--strict', '--kube-version', '1.34.0'],
        [path],
      );
      assert.equal(status, 0, `${stdout}${stderr}`);
    });

    it(`renders objects with the labels that tools know, each once: ${shape}`, () => {
      const manifests = render(path);
      const ids = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
      assert.deepEqual(ids, [...new Set(ids)]);
      for (const { kind, metadata } of manifests) {
        const id = `${kind}/${metadata.name}`;
        assert.equal(metadata.namespace, NAMESPACE, id);
        assert.equal(metadata.labels?.['app.kubernetes.io/managed-by'], 'Helm', id);
        assert.match(metadata.labels?.['helm.sh/chart'] ?? '', /^ackline-\d/, id);
        assert.ok(metadata.name.length <= MAX_NAME, id);
      }
    });
  }

  it('carries the labels and annotations that users add to all objects', () => {
    for (const { metadata } of render(supportedShapes().get('own-objects') ?? '')) {
      assert.equal(metadata.labels?.['team'], 'hooks');
      assert.equal(metadata.annotations?.['owner'], 'hooks');
    }
  });
});
