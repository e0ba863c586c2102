import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { CHART, describeChart, type Manifest, render, renderMinimal } from './support/chart.ts';
import { all, at, envOf, namesOf, only, podOf } from './support/manifests.ts';

const shape = (name: string) => render(join(CHART, 'ci', `${name}-values.yaml`));
const isHook = ({ metadata }: Manifest) => metadata.annotations?.['helm.sh/hook'] !== undefined;

describeChart('the migration', () => {
  it('runs before pods are installed or upgraded, and not in a rollback: migrations only go forward', () => {
    const job = only(renderMinimal(), 'Job');
    assert.equal(job.metadata.annotations?.['helm.sh/hook'], 'pre-install,pre-upgrade');
    assert.equal(at(job, 'spec.template.spec.containers.0.args.0'), 'migrate');
  });

  it('finds what it needs: of the release nothing is there yet', () => {
    const manifests = renderMinimal();
    const { spec } = podOf(manifests, 'migrate');
    const hooks = manifests.filter(isHook);
    const named = (kind: string, name: unknown) =>
      hooks.find(hook => hook.kind === kind && hook.metadata.name === name)?.metadata.annotations;
    const account = named('ServiceAccount', spec['serviceAccountName']);
    const config = named('ConfigMap', at(spec, 'volumes.0.configMap.name'));
    for (const annotations of [account, config]) {
      assert.equal(annotations?.['helm.sh/hook'], 'pre-install,pre-upgrade');
      assert.ok(Number(annotations?.['helm.sh/hook-weight']) < 0);
    }
  });

  it('leaves nothing behind when all went well, and its pods with their logs when not', () => {
    for (const hook of renderMinimal().filter(isHook)) {
      assert.equal(
        hook.metadata.annotations?.['helm.sh/hook-delete-policy'],
        'before-hook-creation,hook-succeeded',
        hook.kind,
      );
    }
    assert.equal(podOf(renderMinimal(), 'migrate').spec['restartPolicy'], 'Never');
  });

  it('tries the file and all its secrets first, as the services would have them', () => {
    const [check, migrate] = podOf(shape('kafka'), 'migrate').containers;
    assert.deepEqual([check?.name, check?.args], ['check-config', ['check']]);
    assert.deepEqual(envOf(check!)['TWILIO_AUTH_TOKEN'], { secretKeyRef: { name: 'twilio', key: 'token' } });
    assert.deepEqual(check?.['envFrom'], [{ secretRef: { name: 'signing' } }]);
    assert.ok(JSON.stringify(check?.['volumeMounts']).includes('/etc/ackline/secrets/telegram'));
    assert.ok(!JSON.stringify(migrate?.['volumeMounts']).includes('/etc/ackline/config'));
  });

  it('sees in both containers what the services see: variables, a CA of the ingress, files of its own', () => {
    const ca = { name: 'ca', configMap: { name: 'ca' } };
    const { spec, containers } = podOf(
      renderMinimal({
        env: [{ name: 'PGSSLMODE', value: 'verify-full' }],
        envFrom: [{ secretRef: { name: 'signing' } }],
        ingress: {
          env: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/etc/ca/ca.pem' }],
          volumes: [ca],
          volumeMounts: [{ name: 'ca', mountPath: '/etc/ca' }],
        },
        processor: { volumes: [ca], volumeMounts: [{ name: 'ca', mountPath: '/etc/ca' }] },
        migrations: {
          volumes: [{ name: 'scratch', emptyDir: {} }],
          volumeMounts: [{ name: 'scratch', mountPath: '/tmp' }],
        },
      }),
      'migrate',
    );
    for (const container of containers) {
      assert.equal(envOf(container)['PGSSLMODE'], 'verify-full');
      assert.equal(envOf(container)['NODE_EXTRA_CA_CERTS'], '/etc/ca/ca.pem');
      assert.deepEqual(container['envFrom'], [{ secretRef: { name: 'signing' } }]);
      const paths = (at(container, 'volumeMounts') as { mountPath: string }[]).map(
        ({ mountPath }) => mountPath,
      );
      const config = container.name === 'check-config' ? ['/etc/ackline/config'] : [];
      assert.deepEqual(paths, [...config, '/etc/ackline/secrets/telegram', '/tmp', '/etc/ca']);
    }
    const names = (spec['volumes'] as { name: string }[]).map(({ name }) => name);
    assert.deepEqual(names, ['config', 'secret-telegram', 'scratch', 'ca']);
  });

  it('has each variable once: its own value, or that of the ingress', () => {
    const variable = (value: string) => [{ name: 'NODE_OPTIONS', value }];
    const values = { ingress: { env: variable('--a') }, processor: { env: variable('--b') } };
    const optionsOf = (overrides: object) =>
      podOf(renderMinimal(overrides as Readonly<Record<string, unknown>>), 'migrate').containers.map(
        container => envOf(container)['NODE_OPTIONS'],
      );
    assert.deepEqual(optionsOf(values), ['--a', '--a']);
    assert.deepEqual(optionsOf({ ...values, migrations: { env: variable('--c') } }), ['--c', '--c']);
  });

  it('needs nothing of the services without that, which may come with the release', () => {
    const { spec, containers } = podOf(
      renderMinimal({
        ingress: { volumes: [{ name: 'ca', configMap: { name: 'ca' } }] },
        migrations: {
          checkConfig: false,
          env: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/etc/ca/ca.pem' }],
          volumes: [{ name: 'own-ca', secret: { secretName: 'own-ca' } }],
          volumeMounts: [{ name: 'own-ca', mountPath: '/etc/ca' }],
        },
      }),
      'migrate',
    );
    assert.deepEqual(spec['volumes'], [{ name: 'own-ca', secret: { secretName: 'own-ca' } }]);
    assert.equal(envOf(containers[0]!)['NODE_EXTRA_CA_CERTS'], '/etc/ca/ca.pem');
    assert.deepEqual(containers[0]?.['volumeMounts'], [{ name: 'own-ca', mountPath: '/etc/ca' }]);
  });

  it('can leave that out', () => {
    const manifests = renderMinimal({ migrations: { checkConfig: false } });
    const { spec, containers } = podOf(manifests, 'migrate');
    assert.deepEqual(
      containers.map(({ name }) => name),
      ['migrate'],
    );
    assert.equal(spec['volumes'], undefined);
    assert.deepEqual(namesOf(manifests, 'ConfigMap'), ['ackline-config']);
  });

  it('can be left to the user', () => {
    const manifests = shape('without-hooks');
    assert.deepEqual(all(manifests, 'Job'), []);
    assert.deepEqual(manifests.filter(isHook), []);
  });

  it('ends within its deadline, after as many tries as are allowed, where it is told to run', () => {
    const manifests = renderMinimal({
      migrations: {
        deadlineSeconds: 1200,
        backoffLimit: 1,
        annotations: { 'argocd.argoproj.io/hook': 'PreSync' },
        podAnnotations: { 'sidecar.istio.io/inject': 'false' },
        podLabels: { tier: 'data' },
        nodeSelector: { pool: 'data' },
        tolerations: [{ operator: 'Exists' }],
        affinity: { nodeAffinity: {} },
        priorityClassName: 'high',
        resources: { limits: { memory: '1Gi' } },
      },
    });
    const job = only(manifests, 'Job');
    assert.equal(at(job, 'spec.activeDeadlineSeconds'), 1200);
    assert.equal(at(job, 'spec.backoffLimit'), 1);
    assert.equal(job.metadata.annotations?.['argocd.argoproj.io/hook'], 'PreSync');
    const { annotations, labels, spec, containers } = podOf(manifests, 'migrate');
    assert.equal(annotations['sidecar.istio.io/inject'], 'false');
    assert.equal(labels['tier'], 'data');
    assert.deepEqual(spec['nodeSelector'], { pool: 'data' });
    assert.deepEqual(spec['tolerations'], [{ operator: 'Exists' }]);
    assert.deepEqual(spec['affinity'], { nodeAffinity: {} });
    assert.equal(spec['priorityClassName'], 'high');
    assert.equal(at(containers[1], 'resources.limits.memory'), '1Gi');
  });
});

describeChart('the accounts', () => {
  it('have no token, in the account and in the pods', () => {
    for (const account of all(
      renderMinimal({ serviceAccount: { annotations: { a: 'b' } } }),
      'ServiceAccount',
    )) {
      assert.equal(account['automountServiceAccountToken'], false);
      assert.equal(account.metadata.annotations?.['a'], 'b');
    }
  });

  it('can be one that is there already', () => {
    const manifests = shape('own-objects');
    assert.deepEqual(namesOf(manifests, 'ServiceAccount'), []);
    for (const component of ['ingress', 'processor', 'migrate', 'test']) {
      assert.equal(podOf(manifests, component).spec['serviceAccountName'], 'hooks');
    }
    assert.equal(podOf(shape('without-hooks'), 'ingress').spec['serviceAccountName'], 'default');
  });

  it('can have a name of their own', () => {
    const manifests = renderMinimal({ serviceAccount: { name: 'webhooks' } });
    assert.equal(podOf(manifests, 'ingress').spec['serviceAccountName'], 'webhooks');
    only(manifests, 'ServiceAccount', 'webhooks');
  });
});
