import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { CHART, describeChart, type Manifest, render, renderMinimal } from './support/chart.ts';
import { all, at, envOf, namesOf, only, podOf } from './support/manifests.ts';

const persistent = () => render(join(CHART, 'ci', 'spool-values.yaml'));

const drainOf = (manifests: readonly Manifest[], ordinal: number) =>
  podOf(
    manifests.filter(({ kind, metadata }) => kind === 'CronJob' && metadata.name.endsWith(`-${ordinal}`)),
    'spool-drain',
  );

describeChart('the spool of the ingress', () => {
  it('is off: with both logs away a provider is told to send again', () => {
    const manifests = renderMinimal();
    assert.deepEqual(all(manifests, 'StatefulSet'), []);
    assert.equal(envOf(podOf(manifests, 'ingress').containers[0]!)['SPOOL_DIR'], undefined);
  });

  it('makes a StatefulSet with a volume for each pod, which outlives pod and release', () => {
    const manifests = persistent();
    assert.deepEqual(namesOf(manifests, 'Deployment'), ['ackline-console', 'ackline-processor']);
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

/** All that an ingress may have of its users. */
const OWN = {
  env: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/etc/ca/ca.pem' }],
  volumes: [{ name: 'ca', configMap: { name: 'ca' } }],
  volumeMounts: [{ name: 'ca', mountPath: '/etc/ca' }],
  initContainers: [{ name: 'proxy', image: 'proxy', restartPolicy: 'Always' }],
  podLabels: { tier: 'edge' },
  podAnnotations: { sidecar: 'no' },
};

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

  it('are drained with all that the ingress has to reach its logs: a proxy, a CA, variables, labels', () => {
    const manifests = render(join(CHART, 'ci', 'spool-values.yaml'), {
      env: [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }],
      envFrom: [{ secretRef: { name: 'signing' } }],
      ingress: OWN,
    });
    const { spec, containers, labels, annotations } = drainOf(manifests, 2);
    const [proxy, drain] = containers;
    assert.equal(proxy?.name, 'proxy');
    assert.deepEqual(drain?.['envFrom'], [{ secretRef: { name: 'signing' } }]);
    const env = envOf(drain!);
    assert.deepEqual(
      [env['HTTPS_PROXY'], env['NODE_EXTRA_CA_CERTS']],
      ['http://proxy:3128', '/etc/ca/ca.pem'],
    );
    assert.deepEqual((at(drain, 'volumeMounts') as unknown[]).at(-1), OWN.volumeMounts[0]);
    assert.deepEqual((at(spec, 'volumes') as unknown[]).at(-1), OWN.volumes[0]);
    assert.deepEqual([labels['tier'], annotations['sidecar']], ['edge', 'no']);
  });

  it('are drained once nothing persists any more, where they are listed', () => {
    const manifests = renderMinimal({
      networkPolicy: { enabled: true },
      ingress: { spool: { removedReplicas: [0, 1] } },
    });
    assert.deepEqual(namesOf(manifests, 'CronJob'), ['ackline-drain-0', 'ackline-drain-1']);
    const env = envOf(drainOf(manifests, 0).containers[0]!);
    assert.deepEqual(
      [env['SPOOL_DIR'], env['SPOOL_DURABILITY'], env['SPOOL_MAX_BYTES']],
      ['/var/lib/ackline/spool/events', 'persistent', '1GiB'],
    );
    only(manifests, 'NetworkPolicy', 'ackline-spool-drain');
    assert.equal(envOf(podOf(manifests, 'ingress').containers[0]!)['SPOOL_DIR'], undefined);
  });

  it('leave the outcome of a drain for an hour, so that one that failed is seen', () => {
    const job = only(persistent(), 'CronJob', 'ackline-drain-2');
    assert.equal(at(job, 'spec.jobTemplate.spec.ttlSecondsAfterFinished'), 3_600);
    assert.equal(at(job, 'spec.jobTemplate.spec.backoffLimit'), 0);
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
    // Nodes with Windows would be another value of that key.
    assert.deepEqual(at(job, 'spec.jobTemplate.spec.template.spec.nodeSelector'), {
      'kubernetes.io/os': 'linux',
    });
    assert.equal(at(job, 'spec.concurrencyPolicy'), 'Forbid');
    assert.equal(at(job, 'spec.jobTemplate.spec.activeDeadlineSeconds'), 600);
  });
});
