import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { CHART, describeChart, render, renderMinimal } from './support/chart.ts';
import { all, at, envOf, namesOf, only, podOf } from './support/manifests.ts';

const persistent = () => render(join(CHART, 'ci', 'spool-values.yaml'));

describeChart('the spool of the ingress', () => {
  it('is off: with both logs away a provider is told to send again', () => {
    const manifests = renderMinimal();
    assert.deepEqual(all(manifests, 'StatefulSet'), []);
    assert.equal(envOf(podOf(manifests, 'ingress').containers[0]!)['SPOOL_DIR'], undefined);
  });

  it('makes a StatefulSet with a volume for each pod, which outlives pod and release', () => {
    const manifests = persistent();
    assert.deepEqual(namesOf(manifests, 'Deployment'), ['ackline-processor']);
    const set = only(manifests, 'StatefulSet', 'ackline-ingress');
    assert.deepEqual(at(set, 'spec.persistentVolumeClaimRetentionPolicy'), {
      whenScaled: 'Retain',
      whenDeleted: 'Retain',
    });
    const claim = at(set, 'spec.volumeClaimTemplates.0');
    assert.deepEqual(at(claim, 'spec'), {
      accessModes: ['ReadWriteOncePod'],
      storageClassName: 'fast',
      resources: { requests: { storage: '5Gi' } },
    });
    assert.deepEqual(at(claim, 'metadata.annotations'), { backup: 'no' });
    assert.equal(at(set, 'spec.podManagementPolicy'), 'Parallel');
    assert.equal(at(set, 'spec.serviceName'), 'ackline-ingress-ops');
  });

  it('tells the program where it is, and that it lasts', () => {
    const { containers, spec } = podOf(persistent(), 'ingress');
    const env = envOf(containers[0]!);
    assert.deepEqual(
      ['DIR', 'DURABILITY', 'MAX_BYTES', 'MAX_AGE'].map(name => env[`SPOOL_${name}`]),
      ['/var/lib/ackline/spool/events', 'persistent', '4GiB', '12h'],
    );
    // In a folder that the program makes: the root of a volume belongs to others.
    assert.deepEqual((at(containers[0], 'volumeMounts') as unknown[]).at(-1), {
      name: 'spool',
      mountPath: '/var/lib/ackline/spool',
    });
    assert.equal(at(spec, 'topologySpreadConstraints.0.matchLabelKeys'), undefined);
  });

  it('selects volumes where that is asked for', () => {
    const selector = { matchLabels: { disk: 'spool' } };
    const manifests = renderMinimal({
      ingress: { spool: { enabled: true, persistence: { enabled: true, selector } } },
    });
    assert.deepEqual(
      at(only(manifests, 'StatefulSet'), 'spec.volumeClaimTemplates.0.spec.selector'),
      selector,
    );
  });

  it('ends with the pod only where that is declared, and /health says it', () => {
    const manifests = render(join(CHART, 'ci', 'ephemeral-spool-values.yaml'));
    const { containers, spec } = podOf(manifests, 'ingress');
    assert.equal(envOf(containers[0]!)['SPOOL_DURABILITY'], 'ephemeral');
    assert.deepEqual((spec['volumes'] as unknown[]).at(-1), {
      name: 'spool',
      emptyDir: { sizeLimit: '512Mi' },
    });
    assert.equal(all(manifests, 'StatefulSet').length, 0);
  });
});

describeChart('the volumes of removed replicas', () => {
  it('are drained by a CronJob for each number that autoscaling may take away, and for those that are listed', () => {
    assert.deepEqual(namesOf(persistent(), 'CronJob'), [
      'ackline-drain-7',
      'ackline-drain-2',
      'ackline-drain-3',
    ]);
    assert.deepEqual(namesOf(renderMinimal(), 'CronJob'), []);
  });

  it('are drained by the program of the image, with the environment of the ingress', () => {
    const job = only(persistent(), 'CronJob', 'ackline-drain-3');
    const spec = at(job, 'spec.jobTemplate.spec.template.spec');
    assert.deepEqual(at(spec, 'containers.0.args'), ['spool', 'drain']);
    const env = envOf(at(spec, 'containers.0') as Parameters<typeof envOf>[0]);
    for (const name of [
      'SPOOL_DIR',
      'SPOOL_DURABILITY',
      'KAFKA_BROKERS',
      'KAFKA_DURABILITY',
      'DATABASE_URL',
    ]) {
      assert.notEqual(env[name], undefined, name);
    }
    assert.deepEqual((at(spec, 'volumes') as unknown[]).at(-1), {
      name: 'spool',
      persistentVolumeClaim: { claimName: 'spool-ackline-ingress-3' },
    });
    assert.equal(at(job, 'spec.schedule'), '*/10 * * * *');
  });

  it('are not touched while their replica lives: the drain is scheduled nowhere then, and ends without a failure that lasts', () => {
    const job = only(persistent(), 'CronJob', 'ackline-drain-2');
    assert.deepEqual(at(job, 'spec.jobTemplate.spec.template.spec.affinity.podAntiAffinity'), {
      requiredDuringSchedulingIgnoredDuringExecution: [
        {
          topologyKey: 'kubernetes.io/os',
          labelSelector: { matchLabels: { 'statefulset.kubernetes.io/pod-name': 'ackline-ingress-2' } },
        },
      ],
    });
    assert.equal(at(job, 'spec.concurrencyPolicy'), 'Forbid');
    assert.equal(at(job, 'spec.jobTemplate.spec.activeDeadlineSeconds'), 600);
    assert.equal(at(job, 'spec.jobTemplate.spec.ttlSecondsAfterFinished'), 60);
  });
});
