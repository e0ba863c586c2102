import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CHART, describeChart, NAMESPACE, render, runHelm, supportedShapes } from './support/chart.ts';

const MAX_NAME_LENGTH = 63;
/** A Job's name has eleven letters more than its CronJob's. */
const MAX_CRON_JOB_NAME_LENGTH = 52;
/** That of a pod of a StatefulSet is a label of it, with its number; and so is that of its revision, with ten letters more. */
const MAX_STATEFUL_SET_NAME_LENGTH = 52;
const MAX_LENGTHS: Readonly<Record<string, number>> = {
  CronJob: MAX_CRON_JOB_NAME_LENGTH,
  StatefulSet: MAX_STATEFUL_SET_NAME_LENGTH,
};

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
      }
    });
  }

  it('has no name that is too long, however long that of the release is', () => {
    for (const path of supportedShapes().values()) {
      for (const { kind, metadata } of render(path, { fullnameOverride: 'x'.repeat(80) })) {
        assert.ok(metadata.name.length <= (MAX_LENGTHS[kind] ?? MAX_NAME_LENGTH), `${kind}/${metadata.name}`);
      }
    }
  });

  it('carries the labels and annotations that users add to all objects', () => {
    for (const { metadata } of render(supportedShapes().get('own-objects') ?? '')) {
      assert.equal(metadata.labels?.['team'], 'hooks');
      assert.equal(metadata.annotations?.['owner'], 'hooks');
    }
  });
});
