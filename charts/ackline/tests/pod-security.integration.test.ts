import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeChart, render, supportedShapes } from './support/chart.ts';
import { all, at, podsOf } from './support/manifests.ts';

/** Of the volumes that the Pod Security Standard "restricted" allows, those that the chart has a use for. */
const VOLUMES = new Set(['configMap', 'secret', 'emptyDir', 'persistentVolumeClaim']);
/** Parts of a pod that reach into its node. */
const OF_THE_NODE = ['hostNetwork', 'hostPID', 'hostIPC', 'hostUsers'];

describeChart('every pod of every supported shape', () => {
  for (const [shape, path] of supportedShapes()) {
    it(`meets the Pod Security Standard "restricted": ${shape}`, () => {
      for (const { owner, spec, containers } of podsOf(render(path))) {
        assert.equal(at(spec, 'securityContext.runAsNonRoot'), true, owner);
        assert.equal(at(spec, 'securityContext.seccompProfile.type'), 'RuntimeDefault', owner);
        assert.notEqual(at(spec, 'securityContext.runAsUser'), 0, owner);
        for (const part of OF_THE_NODE) assert.equal(spec[part], undefined, owner);
        for (const volume of (spec['volumes'] ?? []) as Record<string, unknown>[]) {
          const kinds = Object.keys(volume).filter(key => key !== 'name');
          assert.ok(kinds.length === 1 && VOLUMES.has(kinds[0] ?? ''), `${owner}: ${kinds.join()}`);
        }
        for (const container of containers) {
          const security = container['securityContext'];
          assert.deepEqual(
            security,
            {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
            `${owner}: ${container.name}`,
          );
          assert.equal(at(container, 'ports.0.hostPort'), undefined);
        }
      }
    });

    it(`has no token, no variables of other Services, and a bound of its memory: ${shape}`, () => {
      for (const { owner, spec, containers } of podsOf(render(path))) {
        assert.equal(spec['automountServiceAccountToken'], false, owner);
        assert.equal(spec['enableServiceLinks'], false, owner);
        for (const container of containers) {
          assert.ok(at(container, 'resources.limits.memory'), `${owner}: ${container.name}`);
          assert.ok(at(container, 'resources.requests.memory'), `${owner}: ${container.name}`);
          assert.equal(at(container, 'resources.limits.cpu'), undefined, owner);
        }
      }
    });
  }

  it('runs as the user of the image, or as the cluster says', () => {
    const shapes = supportedShapes();
    for (const { spec } of podsOf(render(shapes.get('spool') ?? ''))) {
      assert.equal(at(spec, 'securityContext.runAsUser'), 10001);
      assert.equal(at(spec, 'securityContext.fsGroup'), 10001);
    }
    for (const { spec } of podsOf(render(shapes.get('own-objects') ?? ''))) {
      assert.equal(at(spec, 'securityContext.runAsUser'), undefined);
      assert.equal(at(spec, 'securityContext.fsGroup'), undefined);
    }
  });

  it('is selected by the label of its component, and by no version', () => {
    for (const path of supportedShapes().values()) {
      const manifests = render(path);
      for (const kind of ['Deployment', 'StatefulSet']) {
        for (const manifest of all(manifests, kind)) {
          const selector = at(manifest, 'spec.selector.matchLabels') as Record<string, string>;
          assert.deepEqual(Object.keys(selector).sort(), [
            'app.kubernetes.io/component',
            'app.kubernetes.io/instance',
            'app.kubernetes.io/name',
          ]);
        }
      }
    }
  });
});
